"""A side of a print: the lines that may be it, and how well each can be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Plane
from jobs.engine.page_paper import Paper
from jobs.engine.rectangles import Rectangle

Values = NDArray[np.float32]
Indices = NDArray[np.int64]
# A step between two papers, and what still is the paper of the page (Lab units).
STEP, PAPER = 1.8, 5.0
# Pixels on each side of a line that are compared, and where its outside begins.
BESIDE, OUTSIDE = 3, 4
# A step down to the paper is worth so many within a print.
FREE_COUNTS = 3.0
SAMPLES, SEEN_OF_SIDE = 96, 0.94
# Tangents of the lines tried. The flattest come first: of equals they are taken.
SLOPES = np.tan(np.deg2rad([0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2, -2]))
# A faint edge changes all along by so much, looked at in so many pieces.
FAINT, PIECES = 0.45, 12
SHADOW = 4


@dataclass(frozen=True)
class Line:
    """`offset` pixels outwards from the side at its middle, and its slope against it.
    `seen` is the part with a step, `free` that with a step down to the paper."""

    offset: float
    slope: float
    seen: float
    free: float
    rank: float


@dataclass(frozen=True)
class Page:
    """What sides are looked for on."""

    lab: Plane
    paper: Paper

    @cached_property
    def smooth(self) -> Plane:
        return np.asarray(cv2.GaussianBlur(self.lab, (0, 0), 0.8), np.float32)

    @cached_property
    def difference(self) -> Plane:
        return np.asarray(cv2.GaussianBlur(self.paper.difference, (0, 0), 1.0))


@dataclass(frozen=True)
class Look:
    """One side, seen along its normal: rows are offsets outwards from `first`, columns
    the samples along it. `change` is by how much the colour changes there, `other` how
    far it is from the paper, `beyond` the same a few rows further out."""

    first: int
    length: float
    change: Values
    light: Values
    other: Values
    beyond: Values

    @cached_property
    def step(self) -> Values:
        return np.asarray(np.linalg.norm(self.change, axis=2))

    def lines(self) -> list[Line]:
        """The best line through each row, from the innermost outwards."""
        over = (self.step > STEP).astype(np.float32)
        strong: Values = np.asarray(cv2.dilate(over, np.ones((3, 1))), np.float32)
        free: Values = strong * (self.beyond < PAPER)
        sharp: Values = np.sqrt(self.step)
        seen_at, free_at, sharp_at = (
            np.stack([self._along(values, slope) for slope in SLOPES])
            for values in (strong, free, sharp)
        )
        rank = (seen_at + FREE_COUNTS * free_at) * (1 + sharp_at)
        best = rank.argmax(axis=0)
        rows = np.arange(len(best))
        return [
            Line(float(self.first + row), float(SLOPES[which]), *map(float, facts))
            for row, which, *facts in zip(
                rows,
                best,
                seen_at[best, rows],
                free_at[best, rows],
                rank[best, rows],
                strict=True,
            )
        ]

    def _along(self, values: Values, slope: float) -> Values:
        """The mean along lines of one slope, by the row at their middle."""
        return np.asarray(values[self._on_lines(slope, values.shape[1])].mean(axis=1))

    def _on_lines(self, slope: float, samples: int) -> tuple[Indices, Indices]:
        places = np.linspace(-0.5, 0.5, samples) * self.length
        count = len(self.change)
        rows = np.arange(count)[:, None] + np.rint(places * slope).astype(int)
        return np.clip(rows, 0, count - 1), np.arange(samples)[None]

    def even_lines(self) -> list[Line]:
        """The best line through each row again, for a border of nearly the paper's own
        colour: `seen` is the part of the side that changes in the same way together,
        if only a little."""
        pieces = self.change.shape[1] // PIECES
        # A shadow may lie between the border and the paper.
        rows = np.ones((2 * SHADOW + 1, 1), np.uint8)
        near = cv2.erode(self.beyond, rows, anchor=(0, 0))
        beyond = np.asarray(near < PAPER, np.float32)
        found: list[Line] = []
        together = [self._pieces(slope, pieces) for slope in SLOPES]
        strength = np.stack([np.linalg.norm(t.mean(axis=1), axis=1) for t in together])
        best = strength.argmax(axis=0)
        paper = [self._along(beyond, float(slope)) for slope in SLOPES]
        for row, which in enumerate(best):
            mean = together[which][row].mean(axis=0)
            way = mean / max(float(np.linalg.norm(mean)), 1e-6)
            seen = float((together[which][row] @ way > FAINT).mean())
            free = min(seen, float(paper[which][row]))
            offset, slope = float(self.first + row), float(SLOPES[which])
            found.append(Line(offset, slope, seen, free, float(strength[which, row])))
        return found

    def changes_along(self, slope: float) -> Values:
        """By how much the mean colour changes across each line of one slope."""
        rows, columns = self._on_lines(slope, self.change.shape[1])
        mean = self.change[rows, columns].mean(axis=1)
        return np.asarray(np.linalg.norm(mean, axis=1))

    def _pieces(self, slope: float, pieces: int) -> Values:
        """(rows, PIECES, 3): the mean change along each piece of a line."""
        rows, columns = self._on_lines(slope, self.change.shape[1])
        return np.asarray(
            self.change[rows, columns]
            .reshape(len(rows), PIECES, pieces, 3)
            .mean(axis=2)
        )


def looks(
    page: Page, rectangle: Rectangle, inward: float, outward: float
) -> Iterator[Look]:
    """The sides: right, bottom, left, top."""
    turn = np.deg2rad(rectangle.angle)
    across = np.array([np.cos(turn), np.sin(turn)])
    down = np.array([-np.sin(turn), np.cos(turn)])
    wide, high = rectangle.width, rectangle.height
    for normal, tangent, away, length in (
        (across, down, wide / 2, high),
        (down, -across, high / 2, wide),
        (-across, -down, wide / 2, high),
        (-down, across, high / 2, wide),
    ):
        yield _look(page, rectangle, normal, tangent, away, length, inward, outward)


def _look(
    page: Page,
    rectangle: Rectangle,
    normal: NDArray[np.float64],
    tangent: NDArray[np.float64],
    away: float,
    length: float,
    inward: float,
    outward: float,
) -> Look:
    first, last = -int(np.ceil(inward)) - BESIDE, int(np.ceil(outward)) + OUTSIDE
    offsets = np.arange(first, last + 1)
    places = np.linspace(-0.5, 0.5, SAMPLES) * length * SEEN_OF_SIDE
    x = rectangle.x + normal[0] * (away + offsets[:, None]) + tangent[0] * places
    y = rectangle.y + normal[1] * (away + offsets[:, None]) + tangent[1] * places
    where = x.astype(np.float32) - 0.5, y.astype(np.float32) - 0.5
    mode = cv2.BORDER_REPLICATE
    colours, other = (
        np.asarray(
            cv2.remap(plane, *where, cv2.INTER_LINEAR, borderMode=mode), np.float32
        )
        for plane in (page.smooth, page.difference)
    )
    change = _changes(colours)
    inside = slice(BESIDE, len(offsets) - OUTSIDE)
    return Look(
        int(offsets[BESIDE]),
        length * SEEN_OF_SIDE,
        change[inside],
        colours[inside, :, 0],
        other[inside],
        other[BESIDE + OUTSIDE :],
    )


def _changes(colours: Values) -> Values:
    """From the few pixels before each row to the few behind it."""
    mean = cv2.blur(colours, (3, BESIDE))
    change = np.zeros_like(colours)
    gap = BESIDE // 2 + 1
    change[gap:-gap] = mean[2 * gap :] - mean[: -2 * gap]
    return change
