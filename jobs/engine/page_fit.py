"""Rectangles moved onto the edges of prints, and how well these can be seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jobs.engine.page_borders import NEAREST_BORDER, with_border
from jobs.engine.page_sides import Line, Look, Page, looks
from jobs.engine.rectangles import Rectangle

# How far a side is moved, and how wide a border may be, for the print's shorter side.
MOVES, BORDER = 0.05, 0.17
ROUNDS = 3


@dataclass(frozen=True)
class Fitted:
    rectangle: Rectangle
    sides: tuple[Line, ...]

    @property
    def seen(self) -> float:
        return float(np.mean([side.seen for side in self.sides]))

    @property
    def free(self) -> float:
        return float(np.mean([side.free for side in self.sides]))

    @property
    def weakest(self) -> float:
        return min(side.seen for side in self.sides)

    @property
    def score(self) -> float:
        """0 to 1."""
        return 0.4 * self.seen + 0.3 * self.weakest + 0.3 * self.free


def fitted(page: Page, rectangle: Rectangle) -> Fitted:
    """The rectangle with its sides on the nearest edges, then on those of the print's
    own border where there is one."""
    sides: tuple[Line, ...] = ()
    for _round in range(ROUNDS):
        reach = max(4.0, MOVES * min(rectangle.width, rectangle.height))
        sides = tuple(_best(look) for look in looks(page, rectangle, reach, reach))
        rectangle = _moved(rectangle, sides)
    reach = BORDER * min(rectangle.width, rectangle.height) + 6
    outer = with_border(list(looks(page, rectangle, 4, reach)))
    rectangle = _moved(rectangle, outer)
    last = tuple(
        _judged(look, line)
        for look, line in zip(looks(page, rectangle, 1, 1), outer, strict=True)
    )
    return Fitted(_moved(rectangle, last), last)


def _judged(look: Look, before: Line) -> Line:
    """The side where it ended up: a faint border is seen as such."""
    now = _best(look)
    if before.offset <= NEAREST_BORDER:
        return now
    seen, free = max(now.seen, before.seen), max(now.free, before.free)
    return replace(now, seen=seen, free=free)


def _best(look: Look) -> Line:
    return max(look.lines(), key=lambda line: line.rank)


def _moved(rectangle: Rectangle, sides: tuple[Line, ...]) -> Rectangle:
    """The rectangle through four lines, which agree on one angle by their lengths."""
    right, bottom, left, top = sides
    long = np.array([rectangle.height, rectangle.width] * 2)
    weight = long * np.array([0.05 + side.seen for side in sides])
    # Outwards along a side's own direction is a turn against the clock.
    slope = float(np.dot(weight, [side.slope for side in sides]) / weight.sum())
    turn = np.deg2rad(rectangle.angle)
    x = (right.offset - left.offset) / 2
    y = (bottom.offset - top.offset) / 2
    return Rectangle(
        rectangle.x + x * np.cos(turn) - y * np.sin(turn),
        rectangle.y + x * np.sin(turn) + y * np.cos(turn),
        rectangle.width + right.offset + left.offset,
        rectangle.height + bottom.offset + top.offset,
        rectangle.angle - float(np.rad2deg(np.arctan(slope))),
    )
