"""Walking over a big picture in horizontal bands, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from jobs.engine.contract import Canvas, Pixels, Tick

BAND_PIXELS = 1 << 20
# Bands begin at multiples of this, so that blocks and the steps of networks fall on the
# same rows of the picture however it is cut.
ALIGN = 16
# Less than this is not seen, in 16 bits.
SEEN = 6 * 257


@dataclass(frozen=True)
class Band:
    """Rows `start:stop` are written; rows `top:bottom` are read."""

    start: int
    stop: int
    top: int
    bottom: int

    @property
    def inner(self) -> slice:
        """The written rows, counted from the first row that is read."""
        return slice(self.start - self.top, self.stop - self.top)


def cut(height: int, width: int, *, halo: int, pixels: int | None = None) -> list[Band]:
    """Bands of about `pixels` pixels that overlap by `halo` rows (rounded up to 16)."""
    halo = -(-halo // ALIGN) * ALIGN
    rows = max((pixels or BAND_PIXELS) // width, 2 * halo, ALIGN) // ALIGN * ALIGN
    return [
        Band(y, min(y + rows, height), max(y - halo, 0), min(y + rows + halo, height))
        for y in range(0, height, rows)
    ]


@dataclass(frozen=True)
class Change:
    """`mean`: absolute, over all values, 0 to 1. `area`: the share of the pixels of
    which a channel has changed so that it can be seen."""

    mean: float
    area: float


@dataclass
class Tally:
    """Adds up what is changed piece by piece."""

    changed: int = 0
    seen: int = 0

    def add(self, before: Canvas, after: Canvas) -> None:
        change = np.maximum(after, before) - np.minimum(after, before)
        self.changed += int(change.sum(dtype=np.int64))
        self.seen += int(np.count_nonzero(change.max(axis=2) > SEEN))

    def change(self, canvas: Canvas) -> Change:
        """Of the whole canvas (h, w, c)."""
        pixels = canvas.shape[0] * canvas.shape[1]
        return Change(self.changed / canvas.size / 65535, self.seen / pixels)


def sweep(
    canvas: Canvas,
    work: Callable[[Canvas, Band], Canvas],
    *,
    halo: int = 0,
    tick: Tick,
) -> Change:
    """Replace the canvas band by band with what `work` makes of it.

    `work` gets the rows `top:bottom` as they were before the sweep, also those above
    that have been written meanwhile, and returns as many.
    """
    tally = Tally()
    bands = cut(canvas.shape[0], canvas.shape[1], halo=halo)
    for number, (band, before) in enumerate(_read(canvas, bands)):
        after = work(before, band)[band.inner]
        tally.add(before[band.inner], after)
        canvas[band.start : band.stop] = after
        tick((number + 1) / len(bands))
    return tally.change(canvas)


def _read(canvas: Canvas, bands: list[Band]) -> Iterator[tuple[Band, Canvas]]:
    written = canvas[:0].copy()
    for band, following in zip(bands, [*bands[1:], None], strict=True):
        before = np.concatenate([written, canvas[band.start : band.bottom]])
        if following:
            overlap = slice(following.top - band.top, band.stop - band.top)
            written = before[overlap].copy()
        yield band, before


def fill_canvas(scan: Pixels, canvas: Canvas, *, tick: Tick) -> None:
    """Copy a scan (h, w, c) into 16 bits; 8-bit values become multiples of 257."""
    bands = cut(scan.shape[0], scan.shape[1], halo=0)
    for number, band in enumerate(bands):
        rows = scan[band.start : band.stop]
        wide = rows.astype(np.uint16)
        canvas[band.start : band.stop] = wide * 257 if scan.dtype == np.uint8 else wide
        tick((number + 1) / len(bands))


def narrow(rows: Canvas) -> Pixels:
    """16 bits to 8, rounded; the inverse of the widening by 257, exactly."""
    return ((rows.astype(np.uint32) + 128) // 257).astype(np.uint8)


def narrow_into(canvas: Canvas, picture: Pixels, *, tick: Tick) -> None:
    bands = cut(canvas.shape[0], canvas.shape[1], halo=0)
    for number, band in enumerate(bands):
        picture[band.start : band.stop] = narrow(canvas[band.start : band.stop])
        tick((number + 1) / len(bands))
