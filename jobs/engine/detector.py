"""Finding damage with the network that was trained for it (`training/marks.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine import network
from jobs.engine.blocks import to_values
from jobs.engine.contract import Canvas, Mask, Tick

NETWORK = "marks.onnx"
# A pixel belongs to a mark from here on.
PIXEL = 0.5
# Half the width of the broadest mark, in parts of the shorter side: what is broader is a
# collar or a cloud.
BROADEST, NARROWEST = 0.012, 6
# A search at half the size finds what is wider than this, in its pixels.
WIDE = 5
SMALLEST = 400
# Small prints have cracks of a pixel and less; they are looked at enlarged as well.
SMALL, FINER = 350, 1.5


@dataclass(frozen=True)
class Suspects:
    """Connected places that may be marks.

    `labels` (h, w): 0 for none, else one more than the row of `means` (n), the mean
    chance of its pixels, 0..1, and of `boxes` (n, 4): left, top, width, height. `areas`
    (n) are in pixels. `chances` (h, w), 0..255, are those of all pixels.
    """

    chances: Mask
    labels: NDArray[np.int32]
    means: NDArray[np.float64]
    areas: NDArray[np.int64]
    boxes: NDArray[np.float64]

    def paint(self, chosen: NDArray[np.bool_]) -> Mask:
        """255 where a chosen suspect is."""
        return (np.append(False, chosen)[self.labels] * 255).astype(np.uint8)


def chances_of_damage(picture: Canvas, *, tick: Tick) -> Mask:
    """(h, w), 0..255 for 0..1: how likely each pixel of (h, w, 1 or 3) is damaged.

    A U-Net of 1.1 million weights, see docs/models/marks.md. It looks at the picture as
    it is, and at half the size for what is too wide to be seen otherwise; small prints
    at one and a half times the size in place of that.
    """
    height, width = picture.shape[:2]
    if min(height, width) < SMALL:
        return _of_small(picture, tick=tick)
    chances = _chances(picture, tick=lambda part: tick(0.8 * part))
    if min(height, width) < 2 * SMALLEST:
        tick(1.0)
        return chances
    less = height // 2, width // 2
    coarse = _at_size(picture, *less, tick=lambda part: tick(0.8 + 0.2 * part))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WIDE, WIDE))
    wide = cv2.morphologyEx(coarse, cv2.MORPH_OPEN, disc)
    return np.maximum(chances, np.asarray(wide, np.uint8))


def _of_small(picture: Canvas, *, tick: Tick) -> Mask:
    more = (round(side * FINER) for side in picture.shape[:2])
    fine = _chances(picture, tick=lambda part: tick(0.3 * part))
    finer = _at_size(picture, *more, tick=lambda part: tick(0.3 + 0.7 * part))
    return ((fine.astype(np.uint16) + finer) // 2).astype(np.uint8)


def _at_size(picture: Canvas, height: int, width: int, *, tick: Tick) -> Mask:
    """The chances as they are at another size, brought back to the picture's."""
    enlarged = height > picture.shape[0]
    how = cv2.INTER_CUBIC if enlarged else cv2.INTER_AREA
    other = cv2.resize(picture, (width, height), interpolation=how)
    deep = np.asarray(other.reshape(height, width, -1), np.uint16)
    chances = _chances(deep, tick=tick)
    size = (picture.shape[1], picture.shape[0])
    back = cv2.INTER_AREA if enlarged else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(chances, size, interpolation=back), np.uint8)


def _chances(picture: Canvas, *, tick: Tick) -> Mask:
    height, width = picture.shape[:2]
    result = np.empty((height, width), np.uint8)
    down, across = network.spans(height), network.spans(width)
    for number, rows in enumerate(down):
        for place, columns in enumerate(across):
            tile = to_values(picture[rows.read, columns.read])
            made = network.run(NETWORK, network.three(tile) - 0.5)[:, :, 0]
            chance = np.rint(made[rows.inner, columns.inner] * 255)
            result[rows.write, columns.write] = chance.astype(np.uint8)
            tick((number + (place + 1) / len(across)) / len(down))
    return result


def suspects(chances: Mask) -> Suspects:
    """The places where `chances` (h, w) are high, without what is too broad."""
    likely = without_broad((chances >= round(PIXEL * 255)).astype(np.uint8))
    found = cv2.connectedComponentsWithStats(likely, connectivity=8)
    labels, stats = np.asarray(found[1], np.int32), found[2]
    sums = np.bincount(labels.ravel(), chances.ravel(), minlength=len(stats))
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    means = sums[1:] / np.maximum(areas, 1) / 255
    return Suspects(chances, labels, means, areas, stats[1:, :4].astype(np.float64))


def without_broad(likely: Mask) -> Mask:
    """Marks without the collars, clouds and torn rims that they may run into."""
    half = max(round(BROADEST * min(likely.shape)), NARROWEST)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1))
    broad = cv2.morphologyEx(likely, cv2.MORPH_OPEN, disc)
    around = cv2.dilate(broad, disc)
    return np.where(around > 0, 0, likely).astype(np.uint8)
