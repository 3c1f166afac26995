"""Taking grain away, by as much as was measured."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.blocks import (
    SIDE,
    TRANSFORM,
    from_blocks,
    from_planes,
    pad,
    to_blocks,
    to_planes,
)
from jobs.engine.contract import Canvas, Damage, Plane
from jobs.engine.noise import TONES, Noise

HALO = 2 * SIDE
# Eight of the 64 places of the block grid, spread like a knight's moves.
SHIFTS = ((0, 0), (1, 3), (2, 6), (3, 1), (4, 4), (5, 7), (6, 2), (7, 5))
THRESHOLD = 2.7
# Part of what was taken away that is given back, so that a print stays a print.
KEPT = (0.2, 0.0, 0.0)


FINE, COARSE = 3.0 / 255, 6.0 / 255

# More than this is no grain but the picture itself.
NO_GRAIN = 0.15


def strength_for(noise: Noise, damage: Damage) -> float:
    """0 for grain that nobody minds, 1 for grain that hides detail."""
    if noise.sigma > NO_GRAIN:
        return 0.0
    if damage is Damage.LIGHT:
        return 0.5 * _ramp(noise.sigma)
    return _ramp(noise.sigma)


def _ramp(sigma: float) -> float:
    return float(np.clip((sigma - FINE) / (COARSE - FINE), 0, 1))


def soften_grain(rows: Canvas, noise: Noise, *, strength: float) -> Canvas:
    """Remove grain of the measured spectrum; `strength` 0..1 mixes with the rows.

    Sliding 8x8 cosine transforms in which what stays under 2.7 times the grain of its
    frequency is set to zero: Yu and Sapiro, "DCT image denoising: a simple and
    effective image denoising algorithm", IPOL 2011, here with a measured spectrum in
    place of white noise, and averaged with the weights of Guleryuz (2007).
    Rows (h, w, 1 or 3) in 0..65535; the outer 8 rows lack their neighbours.
    """
    planes = to_planes(rows)
    mean = planes[0]
    cleaned = []
    for number, plane in enumerate(planes):
        # Colour is coarser than detail: fewer places of the grid will do.
        shifts = SHIFTS if number == 0 else SHIFTS[::2]
        clear = clean(plane, mean, noise.spectra[number], noise.tones, shifts=shifts)
        part = np.float32(strength * (1 - KEPT[number]))
        cleaned.append(plane + part * (clear - plane))
    return from_planes(cleaned)


def clean(
    plane: Plane,
    tone: Plane,
    spectrum: Plane,
    tones: Plane,
    *,
    shifts: tuple[tuple[int, int], ...] = SHIFTS,
) -> Plane:
    """One plane (h, w) without its grain; `tone` (h, w), 0..1, says how light it is."""
    padded, toned = pad(plane), pad(tone)
    height, width = padded.shape[0] - SIDE, padded.shape[1] - SIDE
    total, weights = np.zeros_like(padded), np.zeros_like(padded)
    for dy, dx in shifts:
        window = np.s_[dy : dy + height, dx : dx + width]
        blocks = to_blocks(padded[window]) @ TRANSFORM.T
        level = _levels(toned[window], tones)
        large = np.abs(blocks) > THRESHOLD * level[:, None] * spectrum
        large[:, 0] = True
        weight = 1 / np.count_nonzero(large, axis=1).astype(np.float32)
        blocks = ((blocks * large) @ TRANSFORM) * weight[:, None]
        total[window] += from_blocks(blocks, height, width)
        grid = weight.reshape(height // SIDE, width // SIDE)
        weights[window] += grid.repeat(SIDE, axis=0).repeat(SIDE, axis=1)
    inner = np.s_[SIDE : SIDE + plane.shape[0], SIDE : SIDE + plane.shape[1]]
    return np.asarray(total[inner] / weights[inner], np.float32)


def _levels(tone: Plane, tones: Plane) -> Plane:
    """The factor of the grain at the mean tone of each block."""
    size = (tone.shape[1] // SIDE, tone.shape[0] // SIDE)
    mean = cv2.resize(tone, size, interpolation=cv2.INTER_AREA).ravel()
    steps = (np.arange(TONES) + 0.5) / TONES
    return np.interp(mean, steps, tones).astype(np.float32)
