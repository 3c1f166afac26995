"""Rectangles that lie aslant on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# A print's shorter side, of the page's longer one; and how long it may be for its width.
SMALLEST, SLENDEREST = 0.07, 3.6


@dataclass(frozen=True)
class Rectangle:
    """Centre, size and clockwise degrees (-45 to 45), in pixels of what is looked at."""

    x: float
    y: float
    width: float
    height: float
    angle: float

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def corners(self) -> NDArray[np.float32]:
        box = ((self.x, self.y), (self.width, self.height), self.angle)
        return np.asarray(cv2.boxPoints(box), np.float32)


def shared_area(one: Rectangle, other: Rectangle) -> float:
    kind, points = cv2.rotatedRectangleIntersection(
        ((one.x, one.y), (one.width, one.height), one.angle),
        ((other.x, other.y), (other.width, other.height), other.angle),
    )
    if kind == cv2.INTERSECT_NONE or points is None or len(points) < 3:
        return 0.0
    return float(cv2.contourArea(cv2.convexHull(points)))


def likeness(one: Rectangle, other: Rectangle) -> float:
    """Intersection over union, 0 to 1."""
    shared = shared_area(one, other)
    return shared / (one.area + other.area - shared)


def is_print_size(rectangle: Rectangle, shape: tuple[int, ...]) -> bool:
    short, long = sorted((rectangle.width, rectangle.height))
    return short >= SMALLEST * max(shape[:2]) and long <= SLENDEREST * short


def upright(box: tuple[Sequence[float], Sequence[float], float]) -> Rectangle:
    """OpenCV's rectangle with an angle from -45 to 45 degrees."""
    (x, y), (width, height), angle = box
    angle %= 180
    if 45 < angle <= 135:
        width, height, angle = height, width, angle - 90
    elif angle > 135:
        angle -= 180
    # minAreaRect counts to the centres of the outermost pixels.
    return Rectangle(x, y, width + 1, height + 1, angle)
