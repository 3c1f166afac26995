"""Filling what the mask marks from what is around it."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.contract import Canvas, Mask

TILE = 256
RADIUS = 3
# A hole is filled from its rim, so a tile must see the whole of the holes in it.
HALO = 64


def fill(rows: Canvas, mask: Mask) -> Canvas:
    """Inpaint rows (h, w, c) where `mask` (h, w) is not 0.

    Navier-Stokes filling (Bertalmio et al., 2001), in tiles and only where needed.
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
        cv2.inpaint(np.ascontiguousarray(plane), holes, RADIUS, cv2.INPAINT_NS)
        for plane in np.moveaxis(rows[wide], 2, 0)
    ]
    return np.stack(planes, axis=2)[
        y - top : y - top + TILE, x - left : x - left + TILE
    ].astype(np.uint16)
