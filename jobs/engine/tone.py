"""What kind of picture a scan is, and how its tones lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from jobs.engine.bands import cut
from jobs.engine.contract import Pixels, Plane

SMALL = 900
# Print borders and what lies beside the print say nothing about its tones.
MARGIN = 0.05
LEVELS = np.array(
    [0.1, 0.5, 1, 2, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9], np.float32
)
# Per cent of the picture that any photograph has in its deepest black.
DARKEST = 0.2
# Distance of colours from the tone curve of the print, where black to white is 1.
COLOURFUL = 0.045
TONED = 0.02


class Kind(StrEnum):
    COLOUR = "colour"
    TONED = "toned"
    MONOCHROME = "monochrome"


@dataclass(frozen=True)
class Tone:
    """`quantiles`: (channels, 15) encoded values 0..1 at LEVELS per cent.

    `darkest`: the lightest channel, 0..1, of the places that are dark in all of them.
    """

    kind: Kind
    quantiles: Plane
    darkest: float

    @property
    def black(self) -> Plane:
        return self.quantiles[:, 0]

    @property
    def white(self) -> Plane:
        return self.quantiles[:, -1]


def shrink(scan: Pixels) -> Plane:
    """A copy (h, w, c) of at most 900 pixels a side, 0..1, by averaging whole pixels."""
    height, width = scan.shape[:2]
    factor = max(1, -(-max(height, width) // SMALL))
    high, wide = max(height // factor, 1), max(width // factor, 1)
    full = 255 if scan.dtype == np.uint8 else 65535
    small = np.empty((high, wide, scan.shape[2]), np.float32)
    across = min(factor, width)
    for band in cut(high, wide * factor * factor, halo=0):
        down = min(factor, height)
        rows = scan[band.start * down : band.stop * down, : wide * across]
        size = (wide, band.stop - band.start)
        part = cv2.resize(rows, size, interpolation=cv2.INTER_AREA)
        small[band.start : band.stop] = part.reshape(size[1], wide, -1)
    return np.asarray(small / full, np.float32)


def measure_tone(small: Plane) -> Tone:
    """Kind and quantiles of a reduced picture (h, w, 1 or 3), 0..1, borders left out."""
    inner = _without_border(small)
    pixels = inner.reshape(-1, inner.shape[2])
    quantiles = np.percentile(pixels, LEVELS, axis=0).T.astype(np.float32)
    lightest = cv2.blur(inner, (3, 3)).reshape(len(pixels), -1).max(axis=1)
    darkest = float(np.percentile(lightest, DARKEST))
    return Tone(_kind(inner), quantiles, darkest)


def _without_border(small: Plane) -> Plane:
    height, width = small.shape[:2]
    top, left = int(height * MARGIN), int(width * MARGIN)
    return small[top : height - top, left : width - left]


def _kind(picture: Plane) -> Kind:
    """A toned print has one colour for each grey; a colour picture has many."""
    if picture.shape[2] == 1:
        return Kind.MONOCHROME
    smooth = cv2.blur(picture, (5, 5)).reshape(-1, 3)
    grey = smooth.mean(axis=1)
    differences = smooth[:, [0, 2]] - smooth[:, [1]]
    step = np.clip((grey * 32).astype(int), 0, 31)
    spread = np.zeros(len(grey), np.float32)
    for number in np.unique(step):
        here = step == number
        off = differences[here] - np.median(differences[here], axis=0)
        spread[here] = np.hypot(off[:, 0], off[:, 1])
    if np.percentile(spread, 90) > COLOURFUL:
        return Kind.COLOUR
    colour = np.hypot(*np.median(np.abs(differences), axis=0))
    return Kind.TONED if colour > TONED else Kind.MONOCHROME
