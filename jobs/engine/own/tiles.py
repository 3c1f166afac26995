"""Walking over a big picture in overlapping tiles that fade into each other.

What is kept besides a tile is what overlaps: nothing grows with the picture but one strip
as high as the overlap. A tile is read before anything of it is written, so the result may
go where the picture came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jobs.engine.contract import Plane, Tick

# Makes of the rows and columns of the source what belongs there, `scale` times as large.
Work = Callable[[slice, slice], Plane]
# Takes the finished piece at this row and column of the result.
Keep = Callable[[int, int, Plane], None]


@dataclass(frozen=True)
class Span:
    """`start:stop` is read; the last `after` of it are shared with the next tile."""

    start: int
    stop: int
    before: int
    after: int


def spans(length: int, tile: int, overlap: int) -> list[Span]:
    """Tiles of a side: even in length, at most `tile` long, and overlapping."""
    if length <= tile:
        return [Span(0, length, 0, 0)]
    number = -(-(length - overlap) // (tile - overlap))
    step = -(-(length - overlap) // number)
    starts = [n * step for n in range(number) if n * step + overlap < length]
    return [
        Span(
            start,
            min(start + step + overlap, length),
            overlap if start else 0,
            overlap if start != starts[-1] else 0,
        )
        for start in starts
    ]


def walk(
    shape: tuple[int, int],
    work: Work,
    keep: Keep,
    *,
    tile: int,
    overlap: int,
    scale: int = 1,
    tick: Tick,
) -> None:
    """Have `work` done for each tile of a picture of `shape` (h, w), and `keep` what
    comes of it. The tick comes after each tile, and may raise."""
    down, across = spans(shape[0], tile, overlap), spans(shape[1], tile, overlap)
    above: Plane | None = None
    for number, rows in enumerate(down):
        below: Plane | None = None
        left: Plane | None = None
        for place, columns in enumerate(across):
            made = work(
                slice(rows.start, rows.stop), slice(columns.start, columns.stop)
            )
            if left is not None:
                _fade(left, made[:, : left.shape[1]], axis=1)
            inner = made.shape[1] - columns.after * scale
            left = made[:, inner:].copy() if columns.after else None
            piece, x = made[:, :inner], columns.start * scale
            if above is not None:
                lying = above[:, x : x + inner]
                _fade(lying, piece[: lying.shape[0]], axis=0)
            high = piece.shape[0] - rows.after * scale
            if rows.after:
                below = _strip(below, piece, rows.after, shape[1], scale)
                below[:, x : x + inner] = piece[high:]
            keep(rows.start * scale, x, piece[:high])
            tick((number + (place + 1) / len(across)) / len(down))
        above = below


def _strip(
    strip: Plane | None, piece: Plane, after: int, width: int, scale: int
) -> Plane:
    if strip is not None:
        return strip
    return np.empty((after * scale, width * scale, piece.shape[2]), np.float32)


def _fade(first: Plane, second: Plane, *, axis: int) -> None:
    """From the first to the second, in place of the second. In the outer quarters, where
    one of them sees little around it, the other counts alone."""
    length = second.shape[axis]
    ramp = (np.arange(length, dtype=np.float32) + np.float32(0.5)) / np.float32(length)
    ramp = np.clip(2 * ramp - np.float32(0.5), 0, 1)
    part = ramp[:, None, None] if axis == 0 else ramp[None, :, None]
    second += (first - second) * (1 - part)
