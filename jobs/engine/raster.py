"""The dots of a printed picture."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.contract import Plane

TILE = 128
# Cycles a tile: from dots ten pixels apart to those that are hardly there.
LOWEST, HIGHEST = 13, 60
# Dots stand so far above their ring of frequencies, in each of two directions.
PEAK = 100.0
APART = 30.0
FEWEST = 4


def has_raster(tiles: list[Plane]) -> bool:
    """Whether grey tiles (128, 128), 0..1, all over a scan show the dots of print.

    A raster has the same two frequencies everywhere, which no scene has: the median
    of the tiles' power spectra is looked at, ring by ring.
    """
    tiles = [tile for tile in tiles if tile.shape == (TILE, TILE)]
    if len(tiles) < FEWEST:
        return False
    window = np.outer(np.hanning(TILE), np.hanning(TILE))
    powers = [np.abs(np.fft.rfft2((t - t.mean()) * window)) ** 2 for t in tiles]
    power = np.median(np.stack(powers), axis=0)
    down = np.fft.fftfreq(TILE, 1 / TILE)[:, None]
    across = np.arange(TILE // 2 + 1)[None, :]
    radius = np.hypot(down, across)
    ring = np.rint(radius).astype(int)
    usual = np.array([np.median(power[ring == r]) for r in range(ring.max() + 1)])
    above = (power / np.maximum(usual[ring], 1e-9)).astype(np.float32)
    above[(radius < LOWEST) | (radius > HIGHEST)] = 0
    # Threads and rows of pixels lie along the axes; rasters are mostly turned.
    peaks = above >= np.maximum(PEAK, _dilated(above))
    angles = np.degrees(np.arctan2(*np.broadcast_arrays(down, across)))[peaks]
    return any(_apart(a, b) > APART for a in angles for b in angles)


def _dilated(above: Plane) -> Plane:
    return np.asarray(cv2.dilate(above, np.ones((5, 5))), np.float32)


def _apart(one: float, other: float) -> float:
    """Degrees between two directions that have no sense, 0..90."""
    return abs((one - other + 90) % 180 - 90)
