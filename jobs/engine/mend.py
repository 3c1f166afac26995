"""Finding damage on a copy of bounded size, and filling it at full size."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine import fill, scratches
from jobs.engine.bands import Band, cut, sweep
from jobs.engine.blocks import to_planes
from jobs.engine.contract import Canvas, Damage, Mask, Plane, Tick
from jobs.engine.noise import Noise

# Bigger scans are searched on a copy made smaller by whole pixels.
SEARCHED = 6_000_000


def find(canvas: Canvas, noise: Noise, damage: Damage, *, tick: Tick) -> Mask | None:
    """Mask (h, w) on the searched copy, not 0 where damage is; None without any."""
    grey = _grey(canvas, tick=lambda part: tick(part / 2))
    low, high = (float(value) for value in np.percentile(grey[::3, ::3], [0.5, 99.5]))
    span = max(high - low, 0.08)
    factor = canvas.shape[0] // grey.shape[0]
    level = np.clip((grey - low) / span, 0, 1)
    mask = scratches.find_damage(level, grain=noise.sigma / span / factor, damage=damage)
    tick(1.0)
    return mask if mask.any() else None


def _grey(canvas: Canvas, *, tick: Tick) -> Plane:
    height, width = canvas.shape[:2]
    factor = int(np.ceil(np.sqrt(height * width / SEARCHED)))
    factor = max(min(factor, height, width), 1)
    grey = np.empty((height // factor, width // factor), np.float32)
    bands = cut(grey.shape[0], width * factor, halo=0)
    for number, band in enumerate(bands):
        rows = canvas[band.start * factor : band.stop * factor, : grey.shape[1] * factor]
        size = (grey.shape[1], band.stop - band.start)
        grey[band.start : band.stop] = cv2.resize(to_planes(rows)[0], size, interpolation=cv2.INTER_AREA)
        tick((number + 1) / len(bands))
    return grey


def mend(canvas: Canvas, mask: Mask, *, tick: Tick) -> float:
    """Fill the canvas where the mask, on whatever scale, is not 0."""
    height, width = canvas.shape[:2]
    factor = height // mask.shape[0]

    def work(rows: Canvas, band: Band) -> Canvas:
        y = np.minimum(np.arange(band.top, band.bottom) // factor, mask.shape[0] - 1)
        x = np.minimum(np.arange(width) // factor, mask.shape[1] - 1)
        here = mask[y][:, x]
        return fill.fill(rows, here) if here.any() else rows

    return sweep(canvas, work, halo=fill.HALO, tick=tick)
