"""Finding damage on a copy of bounded size, and filling it at full size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from jobs.engine import decision, detector, fill, network
from jobs.engine.bands import Band, Change, cut, sweep
from jobs.engine.blocks import chroma_of, to_planes
from jobs.engine.contract import (
    Canvas,
    Damage,
    EngineError,
    Mask,
    Pixels,
    Plane,
    Progress,
    Settings,
    Tick,
)
from jobs.engine.faces import Face, faces_in, mask_of
from jobs.engine.noise import measure_noise
from jobs.engine.regrain import regrain
from jobs.engine.scratches import Found, find_damage
from jobs.engine.tone import Kind, measure_tone, shrink

# Bigger scans are searched on a copy made smaller by whole pixels.
SEARCHED = 6_000_000
# Marks fade out over a pixel; what they leave of it would show as a line.
RIM = 3
# From here on a pixel of a drawn mask is marked.
MARKED = 128
# In fewer pixels than this there is no picture to look at.
SMALLEST = 16
# A flat picture is not stretched until its grain looks like scratches.
FLATTEST = 0.1


class Detector(Protocol):
    """Chances (h, w), 0..255, that each pixel of (h, w, 1 or 3) is damaged."""

    def __call__(self, picture: Canvas, *, tick: Tick) -> Mask: ...


def find_marks(
    scan: Pixels,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
) -> Mask:
    """What `restore` with these settings would fill, 255 there and 0 elsewhere.

    The scan is (h, w) or (h, w, 3), uint8 or uint16, sRGB, upright, and is only read.
    The mask is (h // k, w // k), uint8, for the least whole k with which the scan has
    no more than six million pixels; k is 1 for smaller scans, and where a side cannot
    be cut by k a few pixels at the end are not in it. With `settings.mask` it is that
    mask at this scale. Faces are spared as `restore` spares them, and nothing is found
    where scratches are switched off. `progress` may raise to abort. Raises EngineError
    for a mask of another shape.
    """
    deep = scan if scan.ndim == 3 else scan[:, :, None]
    tell = progress or _ignore
    if settings.mask is not None:
        check_mask(scan, settings.mask)
        return as_marked(deep, settings.mask).mask
    if not settings.scratches or min(scan.shape[:2]) < SMALLEST:
        return np.zeros(_searched_size(*scan.shape[:2])[:2], np.uint8)
    found = find(
        deep, settings.damage, tick=lambda part: tell(Progress("scratches", part))
    )
    return found.mask


def _ignore(progress: Progress) -> None:
    pass


def check_mask(scan: Pixels, mask: Mask) -> None:
    """Raise EngineError for a mask that cannot be one of this scan."""
    height, width = scan.shape[:2]
    fits = mask.ndim == 2 and mask.dtype == np.uint8 and mask.size > 0
    if fits:
        across = mask.shape[0] * width / height
        fits = abs(across - mask.shape[1]) <= 0.02 * mask.shape[1] + width / height + 1
    if not fits:
        raise EngineError(
            "mask_unknown", "The marked places do not belong to this picture."
        )


def as_marked(scan: Pixels, mask: Mask) -> Found:
    """A mask of any scale at that of the searched copy; the slightest touch counts."""
    height, width, _ = _searched_size(*scan.shape[:2])
    marked = (mask >= MARKED).astype(np.uint8) * np.uint8(255)
    less = mask.shape[0] >= height
    how = cv2.INTER_AREA if less else cv2.INTER_NEAREST
    sized = cv2.resize(marked, (width, height), interpolation=how)
    return Found(((sized > 0) * 255).astype(np.uint8), False)


def find(
    canvas: Pixels,
    damage: Damage,
    *,
    tick: Tick,
    by: Detector | None = None,
    faces: tuple[Face, ...] | None = None,
) -> Found:
    """Damage on the searched copy, which is a whole number of times smaller.

    By the network; by the shape of what stands out where the network cannot run. `by`
    is asked in place of both.
    """
    copy = _searched(canvas, tick=lambda part: tick(part / 8))
    planes = to_planes(copy)
    level, chroma = _stretched(planes[0]), chroma_of(planes)
    del planes
    if faces is None:
        faces = faces_in(canvas, tick=lambda part: tick(0.12 + 0.08 * part))
    careful = mask_of(faces, *level.shape)
    tick(0.2)
    if by:
        chances = by(copy, tick=lambda part: tick(0.2 + 0.8 * part))
        asked = Damage.MEDIUM if damage is Damage.AUTO else damage
        return decision.choose(detector.suspects(chances), careful, asked)
    if not network.is_there(detector.NETWORK):
        found = find_damage(
            level,
            chroma,
            careful,
            damage=damage,
            coloured=measure_tone(shrink(canvas)).kind is Kind.COLOUR,
            sign=lambda: tick(0.5),
        )
        tick(1.0)
        return found
    chances = detector.chances_of_damage(copy, tick=lambda part: tick(0.2 + 0.8 * part))
    found = decision.choose(detector.suspects(chances), careful, damage)
    tick(1.0)
    return found


def _stretched(grey: Plane) -> Plane:
    low, high = (float(value) for value in np.percentile(grey[::2, ::2], [0.5, 99.5]))
    level = np.clip((grey - low) / max(high - low, FLATTEST), 0, 1)
    return np.asarray(level, np.float32)


def _searched_size(height: int, width: int) -> tuple[int, int, int]:
    """Height and width of the searched copy, and how many times smaller it is."""
    factor = int(np.ceil(np.sqrt(height * width / SEARCHED)))
    factor = max(min(factor, height, width), 1)
    return height // factor, width // factor, factor


def _searched(canvas: Pixels, *, tick: Tick) -> Canvas:
    high, wide, factor = _searched_size(*canvas.shape[:2])
    copy = np.empty((high, wide, canvas.shape[2]), np.uint16)
    bands = cut(high, wide * factor**2, halo=0)
    for number, band in enumerate(bands):
        rows = canvas[band.start * factor : band.stop * factor, : wide * factor]
        deep = (
            rows.astype(np.uint16) * np.uint16(257) if rows.dtype == np.uint8 else rows
        )
        size = (wide, band.stop - band.start)
        part = cv2.resize(deep, size, interpolation=cv2.INTER_AREA)
        copy[band.start : band.stop] = part.reshape(size[1], wide, -1)
        tick((number + 1) / len(bands))
    return copy


def mend(canvas: Canvas, mask: Mask, *, tick: Tick) -> Change:
    """Fill the canvas where the mask, on whatever scale, is not 0, and its soft rim."""
    height, width = canvas.shape[:2]
    mask = np.asarray(cv2.dilate(mask, np.ones((RIM, RIM), np.uint8)), np.uint8)
    factor = height // mask.shape[0]
    noise = measure_noise(canvas)

    def work(rows: Canvas, band: Band) -> Canvas:
        y = np.minimum(np.arange(band.top, band.bottom) // factor, mask.shape[0] - 1)
        x = np.minimum(np.arange(width) // factor, mask.shape[1] - 1)
        here = mask[y][:, x]
        here = cv2.dilate(here, np.ones((factor, factor), np.uint8))
        if not here.any():
            return rows
        holes = np.asarray(here, np.uint8)
        return regrain(fill.fill(rows, holes), holes, noise, top=band.top)

    return sweep(canvas, work, halo=fill.HALO, tick=tick)
