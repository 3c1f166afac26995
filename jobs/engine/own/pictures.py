"""What own models do in tiles: find damage, fill it, restore, enlarge."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine import enlarge
from jobs.engine.bands import Change, Tally, narrow
from jobs.engine.blocks import to_canvas, to_values
from jobs.engine.contract import Canvas, Mask, Pixels, Plane, Tick
from jobs.engine.own.channels import with_channels
from jobs.engine.own.loaded import Loaded
from jobs.engine.own.tiles import Work, walk

# A mark fades out over a pixel, which is filled as well.
RIM = 3


def restore(canvas: Canvas, model: Loaded, *, tick: Tick) -> Change:
    """Replace the canvas (h, w, 1 or 3) by what the model makes of it."""

    def work(rows: slice, columns: slice) -> Plane:
        tile = to_values(canvas[rows, columns])
        return with_channels(model.run(tile), canvas.shape[2])

    return _replace(canvas, model, work, tick)


def fill(canvas: Canvas, mask: Mask, model: Loaded, *, tick: Tick) -> Change:
    """Fill the canvas where the mask, which may be a whole number of times smaller, is
    not 0. All else stays as it is, to the bit."""
    wide = np.asarray(cv2.dilate(mask, np.ones((RIM, RIM), np.uint8)), np.uint8)

    def work(rows: slice, columns: slice) -> Plane:
        tile = to_values(canvas[rows, columns])
        holes = _holes(wide, canvas.shape[0] // mask.shape[0], rows, columns)
        if not holes.any():
            return tile
        made = with_channels(model.run(tile, holes), canvas.shape[2])
        return np.where(holes[:, :, None] > 0, made, tile)

    return _replace(canvas, model, work, tick)


def chances(picture: Canvas, model: Loaded, *, tick: Tick) -> Mask:
    """(h, w), 0..255 for 0..1: how likely the model finds each pixel damaged."""
    result = np.empty(picture.shape[:2], np.uint8)

    def work(rows: slice, columns: slice) -> Plane:
        return model.run(to_values(picture[rows, columns]))

    def keep(y: int, x: int, piece: Plane) -> None:
        high, wide = piece.shape[:2]
        result[y : y + high, x : x + wide] = np.rint(piece[:, :, 0] * 255)

    spec = model.spec
    size = picture.shape[0], picture.shape[1]
    walk(size, work, keep, tile=spec.tile, overlap=spec.overlap, tick=tick)
    return result


def enlarge_into(
    canvas: Canvas, picture: Pixels, factor: int, model: Loaded, *, tick: Tick
) -> None:
    """Fill `picture` (factor h, factor w, c; 8 or 16 bits). Where the model enlarges
    more, its picture is averaged; where less, the engine's own method does the rest."""

    def work(rows: slice, columns: slice) -> Plane:
        tile = to_values(canvas[rows, columns])
        made = with_channels(model.run(tile), canvas.shape[2])
        size = (tile.shape[1] * factor, tile.shape[0] * factor)
        return _brought_to(made, factor, model.spec.scale, size)

    def keep(y: int, x: int, piece: Plane) -> None:
        rows = to_canvas(piece)
        wanted = narrow(rows) if picture.dtype == np.uint8 else rows
        picture[y : y + rows.shape[0], x : x + rows.shape[1]] = wanted

    spec = model.spec
    walk(
        (canvas.shape[0], canvas.shape[1]),
        work,
        keep,
        tile=spec.tile,
        overlap=spec.overlap,
        scale=factor,
        tick=tick,
    )


def _brought_to(made: Plane, factor: int, scale: int, size: tuple[int, int]) -> Plane:
    if scale == factor:
        return made
    if scale < factor:
        return to_values(enlarge.enlarge(to_canvas(made), factor // scale))
    less = cv2.resize(made, size, interpolation=cv2.INTER_AREA)
    return np.asarray(less.reshape(size[1], size[0], -1), np.float32)


def _holes(mask: Mask, factor: int, rows: slice, columns: slice) -> Mask:
    """The mask of a tile, with a rim so that nothing between two of its pixels is
    missed."""
    y = np.minimum(np.arange(rows.start, rows.stop) // factor, mask.shape[0] - 1)
    x = np.minimum(np.arange(columns.start, columns.stop) // factor, mask.shape[1] - 1)
    here = mask[y][:, x]
    return np.asarray(cv2.dilate(here, np.ones((factor, factor), np.uint8)), np.uint8)


def _replace(canvas: Canvas, model: Loaded, work: Work, tick: Tick) -> Change:
    tally = Tally()

    def keep(y: int, x: int, piece: Plane) -> None:
        after = to_canvas(piece)
        here = np.s_[y : y + after.shape[0], x : x + after.shape[1]]
        tally.add(canvas[here], after)
        canvas[here] = after

    spec = model.spec
    size = canvas.shape[0], canvas.shape[1]
    walk(size, work, keep, tile=spec.tile, overlap=spec.overlap, tick=tick)
    return tally.change(canvas)
