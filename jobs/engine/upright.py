"""Which way up a print belongs, as far as its faces tell."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Mask, Pixels
from jobs.engine.prints import Print

# The longer side on which faces are looked for, and the smallest face there.
LOOKED_AT, SMALLEST = 640, 28
NEIGHBOURS = 5
# A turn is believed when its faces were seen so much more often than those of all others.
SURE, LEAST = 2.2, 15.0
TURNS = (0, 90, 180, 270)


def upright_turn(scan: Pixels, found: Print) -> int:
    """By how many degrees clockwise, beside its own angle, a print lies turned on a
    scan (h,w) or (h,w,3), uint8 or uint16: 0, 90, 180 or 270; 0 where its faces do not
    tell, so that it stays as it lies.

    The cascade of Viola and Jones, "Rapid object detection using a boosted cascade of
    simple features", 2001, as OpenCV 4 ships it, at four turns; how many windows agree
    on a face is its weight.
    """
    grey = _cut(scan, found)
    weights = [
        _faces(np.ascontiguousarray(np.rot90(grey, turn // 90))) for turn in TURNS
    ]
    best = int(np.argmax(weights))
    others = sum(weights) - weights[best]
    is_sure = weights[best] >= LEAST and weights[best] > SURE * others
    return TURNS[best] if is_sure else 0


def _cut(scan: Pixels, found: Print) -> Mask:
    """(h, w): the print, level and small, in grey."""
    scale = min(1.0, LOOKED_AT / max(found.width, found.height))
    size = max(1, round(found.width * scale)), max(1, round(found.height * scale))
    box = ((found.x, found.y), (found.width, found.height), found.angle)
    around = np.asarray(cv2.boxPoints(box))
    low = np.clip(np.floor(around.min(axis=0)), 0, None).astype(int)
    high = np.ceil(around.max(axis=0)).astype(int)
    part = scan[low[1] : high[1], low[0] : high[0]]
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((0, 0), found.angle, 1)
    middle = np.array([found.x - low[0], found.y - low[1]]) * scale
    turn[:, 2] = np.array(size) / 2 - turn[:, :2] @ middle
    level = cv2.warpAffine(small, turn, size, borderMode=cv2.BORDER_REPLICATE)
    return _shallow_grey(np.asarray(level))


def _shallow_grey(pixels: NDArray[np.integer[Any]]) -> Mask:
    shallow = (pixels >> 8 * (pixels.itemsize - 1)).astype(np.uint8)
    if shallow.ndim == 3:
        shallow = np.asarray(cv2.cvtColor(shallow, cv2.COLOR_RGB2GRAY), np.uint8)
    return np.asarray(cv2.equalizeHist(shallow), np.uint8)


def _faces(grey: Mask) -> float:
    """The weights of all faces together, 0 where there are none."""
    size = (SMALLEST, SMALLEST)
    _boxes, counts = _cascade().detectMultiScale2(
        grey, scaleFactor=1.1, minNeighbors=NEIGHBOURS, minSize=size
    )
    return float(np.sum(counts))


@cache
def _cascade() -> cv2.CascadeClassifier:
    path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
    return cv2.CascadeClassifier(str(path))
