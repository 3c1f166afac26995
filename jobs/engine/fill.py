"""Filling what the mask marks from what is around it."""

from __future__ import annotations

import numpy as np

from jobs.engine.blocks import to_canvas, to_values
from jobs.engine.contract import Canvas, Mask
from jobs.engine.smooth import fill_smoothly

TILE = 512
# A hole is filled from its rim, so a tile must see the whole of the holes in it.
HALO = 96


def fill(rows: Canvas, mask: Mask) -> Canvas:
    """Inpaint rows (h, w, c) where `mask` (h, w) is not 0.

    Smoothly, in tiles and only where needed.
    """
    filled = rows.copy()
    for y in range(0, rows.shape[0], TILE):
        for x in range(0, rows.shape[1], TILE):
            tile = np.s_[y : y + TILE, x : x + TILE]
            if mask[tile].any():
                filled[tile] = _fill_tile(rows, mask, y, x)
    return filled


def _fill_tile(rows: Canvas, mask: Mask, y: int, x: int) -> Canvas:
    top, left = max(y - HALO, 0), max(x - HALO, 0)
    wide = np.s_[top : y + TILE + HALO, left : x + TILE + HALO]
    holes = np.ascontiguousarray(mask[wide])
    planes = [
        fill_smoothly(np.ascontiguousarray(plane), holes)
        for plane in np.moveaxis(to_values(rows[wide]), 2, 0)
    ]
    made = to_canvas(np.stack(planes, axis=2))
    inner = made[y - top : y - top + TILE, x - left : x - left + TILE]
    here = mask[y : y + TILE, x : x + TILE, None] > 0
    return np.where(here, inner, rows[y : y + TILE, x : x + TILE])
