"""Finding damage on a copy of bounded size, and filling it at full size."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine import fill
from jobs.engine.bands import Band, cut, sweep
from jobs.engine.blocks import chroma_of, to_planes
from jobs.engine.contract import Canvas, Damage, Mask, Plane, Tick
from jobs.engine.faces import face_mask
from jobs.engine.scratches import Found, find_damage
from jobs.engine.tone import Kind, measure_tone, shrink

# Bigger scans are searched on a copy made smaller by whole pixels.
SEARCHED = 6_000_000
FACES = 1000
# A flat picture is not stretched until its grain looks like scratches.
FLATTEST = 0.1


def find(canvas: Canvas, damage: Damage, *, tick: Tick) -> Found:
    """Damage on the searched copy, which is a whole number of times smaller."""
    grey, chroma = _searched(canvas, tick=lambda part: tick(part / 4))
    low, high = (float(value) for value in np.percentile(grey[::2, ::2], [0.5, 99.5]))
    level = np.clip((grey - low) / max(high - low, FLATTEST), 0, 1)
    factor = max(grey.shape) // FACES + 1
    small = (
        cv2.resize(
            level, (0, 0), fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA
        )
        if factor > 1
        else level
    )
    faces = face_mask(np.asarray(small, np.float32), *grey.shape)
    tick(0.5)
    found = find_damage(
        level, chroma, faces, damage=damage, coloured=_is_coloured(canvas)
    )
    tick(1.0)
    return found


def _is_coloured(canvas: Canvas) -> bool:
    return measure_tone(shrink(canvas)).kind is Kind.COLOUR


def _searched(canvas: Canvas, *, tick: Tick) -> tuple[Plane, Plane]:
    height, width = canvas.shape[:2]
    factor = int(np.ceil(np.sqrt(height * width / SEARCHED)))
    factor = max(min(factor, height, width), 1)
    high, wide = height // factor, width // factor
    both = np.empty((2, high, wide), np.float32)
    bands = cut(high, width * factor, halo=0)
    for number, band in enumerate(bands):
        rows = canvas[band.start * factor : band.stop * factor, : wide * factor]
        planes = to_planes(rows)
        size = (wide, band.stop - band.start)
        for plane, whole in zip((planes[0], chroma_of(planes)), both, strict=True):
            part = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
            whole[band.start : band.stop] = part
        tick((number + 1) / len(bands))
    return both[0], both[1]


def mend(canvas: Canvas, mask: Mask, *, tick: Tick) -> float:
    """Fill the canvas where the mask, on whatever scale, is not 0."""
    height, width = canvas.shape[:2]
    factor = height // mask.shape[0]

    def work(rows: Canvas, band: Band) -> Canvas:
        y = np.minimum(np.arange(band.top, band.bottom) // factor, mask.shape[0] - 1)
        x = np.minimum(np.arange(width) // factor, mask.shape[1] - 1)
        here = mask[y][:, x]
        here = cv2.dilate(here, np.ones((factor, factor), np.uint8))
        return fill.fill(rows, np.asarray(here, np.uint8)) if here.any() else rows

    return sweep(canvas, work, halo=fill.HALO, tick=tick)
