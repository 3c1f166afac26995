"""Prints that touch: rectangles between the corners of an outline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Mask, Plane
from jobs.engine.rectangles import SMALLEST, Rectangle, is_print_size, upright

Numbers = NDArray[np.float64]
STRAIGHT = 1.8
MOST_CORNERS = 64
MOST_OF_ONE_ANGLE = 4
ANGLE_APART, PLACE_APART = 1.2, 2.0
LEAST_FILLED, LEAST_EDGE = 0.965, 0.45
STEP = 2.5


@dataclass(frozen=True)
class Outlines:
    lab: Plane

    @cached_property
    def smooth(self) -> Plane:
        return np.asarray(cv2.GaussianBlur(self.lab, (0, 0), 1.0), np.float32)

    def within(self, contour: NDArray[np.int32], mask: Mask) -> Iterator[Rectangle]:
        """Rectangles that are filled and have edges on four sides, each between corners
        of the outline, and along one of its straight sides."""
        corners = cv2.approxPolyDP(contour, STRAIGHT, closed=True)[:, 0].astype(float)
        if not 5 <= len(corners) <= MOST_CORNERS:
            return
        least = SMALLEST * max(mask.shape)
        for angle in _angles(corners, least):
            frame = _Frame.around(corners, angle)
            yield from frame.rectangles(self.smooth, mask, corners, least)


def _angles(corners: Numbers, least: float) -> list[float]:
    """The directions of the long sides, -45 to 45 degrees, the longest first."""
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    chosen: list[float] = []
    for number in np.argsort(lengths)[::-1]:
        if lengths[number] < least:
            break
        angle = np.rad2deg(np.arctan2(sides[number, 1], sides[number, 0]))
        angle = float((angle + 45) % 90 - 45)
        if all(abs((angle - other + 45) % 90 - 45) > ANGLE_APART for other in chosen):
            chosen.append(angle)
    return chosen


@dataclass(frozen=True)
class _Frame:
    """The outline's surroundings, turned so that `angle` lies level: `turn` (2, 3)
    takes a pixel of the page there."""

    angle: float
    turn: Numbers
    size: tuple[int, int]

    @classmethod
    def around(cls, corners: Numbers, angle: float) -> _Frame:
        slant = np.deg2rad(angle)
        level = np.array(
            [[np.cos(slant), np.sin(slant)], [-np.sin(slant), np.cos(slant)]]
        )
        places = corners @ level.T
        low = np.floor(places.min(axis=0)) - 6
        wide, high = (np.ceil(places.max(axis=0)) + 6 - low).astype(int)
        return cls(angle, np.hstack([level, -low[:, None]]), (int(wide), int(high)))

    def rectangles(
        self, smooth: Plane, mask: Mask, corners: Numbers, least: float
    ) -> Iterator[Rectangle]:
        places = corners @ self.turn[:, :2].T + self.turn[:, 2]
        lefts, rights = _pairs(places[:, 0], least)
        tops, bottoms = _pairs(places[:, 1], least)
        if not lefts.size or not tops.size:
            return
        column, row = (each.ravel() for each in _every(lefts.size, tops.size))
        boxes = np.stack(
            [lefts[column], tops[row], rights[column], bottoms[row]], axis=1
        )
        boxes = boxes[self._filled(mask, boxes) >= LEAST_FILLED]
        edge = self._edges(smooth, boxes)
        for number in np.argsort(edge)[::-1][:MOST_OF_ONE_ANGLE]:
            if edge[number] < LEAST_EDGE:
                return
            rectangle = self._back(boxes[number])
            if is_print_size(rectangle, mask.shape):
                yield rectangle

    def _filled(self, mask: Mask, boxes: NDArray[np.int64]) -> Numbers:
        level = cv2.warpAffine(mask, self.turn, self.size, flags=cv2.INTER_NEAREST)
        sums = cv2.integral((level > 0).astype(np.uint8))
        left, top, right, bottom = boxes.T
        inside = (
            sums[bottom, right]
            - sums[top, right]
            - sums[bottom, left]
            + sums[top, left]
        )
        return np.asarray(inside / ((right - left) * (bottom - top)))

    def _edges(self, smooth: Plane, boxes: NDArray[np.int64]) -> Numbers:
        """The mean of the four sides' parts with an edge, and of the weakest one's."""
        level = cv2.warpAffine(
            smooth, self.turn, self.size, borderMode=cv2.BORDER_REPLICATE
        )
        upright_sums = _edge_sums(np.abs(level[:, 4:] - level[:, :-4]), axis=1)
        level_sums = _edge_sums(np.abs(level[4:] - level[:-4]), axis=0)
        left, top, right, bottom = boxes.T
        high, wide = bottom - top, right - left
        sides = np.stack(
            [
                (upright_sums[bottom, left] - upright_sums[top, left]) / high,
                (upright_sums[bottom, right] - upright_sums[top, right]) / high,
                (level_sums[top, right] - level_sums[top, left]) / wide,
                (level_sums[bottom, right] - level_sums[bottom, left]) / wide,
            ]
        )
        return np.asarray((sides.mean(axis=0) + sides.min(axis=0)) / 2)

    def _back(self, box: NDArray[np.int64]) -> Rectangle:
        left, top, right, bottom = box
        middle = np.array([(left + right) / 2, (top + bottom) / 2]) - self.turn[:, 2]
        x, y = middle @ self.turn[:, :2]
        size = float(right - left), float(bottom - top)
        return upright(((float(x), float(y)), size, self.angle))


def _every(columns: int, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    column, row = np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
    return column, row


def _pairs(
    places: Numbers, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """From where to where a rectangle may reach: every two places far enough apart."""
    ordered = np.sort(places)
    kept = [ordered[0]]
    for place in ordered[1:]:
        if place - kept[-1] > PLACE_APART:
            kept.append(place)
    whole = np.rint(kept).astype(np.int64)
    first, last = np.triu_indices(len(whole), 1)
    apart = whole[last] - whole[first] >= least
    return whole[first][apart], whole[last][apart]


def _edge_sums(changes: Plane, axis: int) -> NDArray[np.int32]:
    """Running sums, along the edges, of where the colours change across them."""
    strong = (np.linalg.norm(changes, axis=2) > STEP).astype(np.uint8)
    kernel = np.ones((1, 5) if axis == 1 else (5, 1), np.uint8)
    pad = ((0, 0), (2, 3)) if axis == 1 else ((2, 3), (0, 0))
    near = cv2.dilate(np.pad(strong, pad), kernel)
    sums = np.cumsum(near, axis=1 - axis, dtype=np.int32)
    pad_before = ((1, 0), (0, 0)) if axis == 1 else ((0, 0), (1, 0))
    return np.pad(sums, pad_before)
