"""Drawing marks: lines and shapes at twice the size, averaged to coverage of 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Random = np.random.Generator

SCALE = 2
SHIFT = 4


@dataclass(frozen=True)
class Sheet:
    """The size of the print in pixels, and how many of them a unit has."""

    height: int
    width: int
    unit: float

    @property
    def long(self) -> float:
        return max(self.height, self.width)

    @property
    def size(self) -> tuple[int, int]:
        """Across and down, as points have it."""
        return self.width, self.height


class Sketch:
    """What one mark, or several with the same ink, covers of a sheet.

    Paths are (n, 2): x and y in pixels of the sheet.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        shape = sheet.height * SCALE, sheet.width * SCALE
        self._canvas = np.zeros(shape, np.uint8)

    def line(self, path: Real, thickness: float, strength: float = 1.0) -> None:
        """Lines thinner than a pixel of the drawing become fainter instead."""
        wide = max(1, round(thickness * SCALE))
        ink = round(255 * min(1.0, thickness * SCALE) * strength)
        cv2.polylines(
            self._canvas, [_fixed(path)], False, ink, wide, cv2.LINE_AA, SHIFT
        )

    def polygon(self, path: Real) -> None:
        cv2.fillPoly(self._canvas, [_fixed(path)], 255, cv2.LINE_AA, SHIFT)

    def layer(self) -> Real:
        """(h, w), 0..1."""
        size = self.sheet.size
        small = cv2.resize(self._canvas, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small.astype(np.float32) / 255, np.float32)


def _fixed(path: Real) -> NDArray[np.int32]:
    points = np.rint(path * SCALE * 2**SHIFT).astype(np.int32)
    return np.asarray(points.reshape(-1, 1, 2))


def walk(sheet: Sheet, length: float, wobble: float, random: Random) -> Real:
    """A line (24, 2) of about that length that turns by `wobble` at each step."""
    steps = 24
    angle = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, wobble, steps))
    leaps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / steps
    middle = random.uniform(0.02, 0.98, 2) * sheet.size
    path = np.cumsum(leaps, axis=0)
    return np.asarray(path - path[steps // 2] + middle, np.float32)


def jagged(start: Real, end: Real, rough: float, random: Random) -> Real:
    """A broken line (17, 2) between two points, off it by `rough` of its length."""
    path = np.stack([start, end]).astype(np.float32)
    reach = rough * float(np.hypot(*(end - start)))
    for _ in range(4):
        middle = (path[1:] + path[:-1]) / 2 + random.normal(0, reach, path[1:].shape)
        both = np.empty((len(path) + len(middle), 2), np.float32)
        both[::2], both[1::2] = path, middle
        path, reach = both, reach / 2
    return path


def beside(path: Real, distance: float) -> Real:
    """The path moved across its direction from end to end."""
    along = path[-1] - path[0]
    across = np.array([along[1], -along[0]]) / max(float(np.hypot(*along)), 1e-6)
    return np.asarray(path + across * distance, np.float32)
