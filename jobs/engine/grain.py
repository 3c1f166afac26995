"""Taking grain away, by as much as was measured."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from jobs.engine import cleaner, network
from jobs.engine.blocks import (
    SIDE,
    TRANSFORM,
    from_blocks,
    from_planes,
    pad,
    to_blocks,
    to_planes,
    to_planes_of,
)
from jobs.engine.contract import Canvas, Damage, Plane
from jobs.engine.noise import TONES, Noise

Shifts = tuple[tuple[int, int], ...]

HALO = max(2 * SIDE, cleaner.HALO)
# Eight of the 64 places of the block grid, spread like a knight's moves.
SHIFTS = ((0, 0), (1, 3), (2, 6), (3, 1), (4, 4), (5, 7), (6, 2), (7, 5))
THRESHOLD = 2.7
# Part of what was taken away from the luminance that is given back, so that a print
# stays a print. Grain of film is soft; what is white comes from the scanner.
KEPT = 0.2
WHITE, SOFT = 1.15, 1.6

FINE, COARSE = 3.0 / 255, 6.0 / 255
# Of colour noise, of which people mind the blotches.
PALE, BLOTCHED = 1.8 / 255, 3.2 / 255

# More than this is no grain but the picture itself.
NO_GRAIN = 0.15


@dataclass(frozen=True)
class Strength:
    """0 for grain that nobody minds, 1 for grain that hides detail; by kind of plane."""

    luminance: float
    colour: float


def strength_for(noise: Noise, damage: Damage) -> Strength | None:
    """None where there is nothing to soften."""
    if noise.sigma > NO_GRAIN:
        return None
    share = 0.5 if damage is Damage.LIGHT else 1.0
    luminance = share * _ramp(noise.sigma, FINE, COARSE)
    blotches = share * _ramp(noise.colour_sigmas[1], PALE, BLOTCHED)
    colour = max(luminance, blotches)
    return Strength(luminance, colour) if colour > 0 else None


def _ramp(sigma: float, low: float, high: float) -> float:
    return float(np.clip((sigma - low) / (high - low), 0, 1))


def soften_grain(rows: Canvas, noise: Noise, *, strength: Strength) -> Canvas:
    """Remove the measured grain from rows (h, w, 1 or 3) in 0..65535.

    By cosine transforms and, where it is there, by the network as well: they err in
    different places, so that the mean of both is better than either. Rows at the rim
    that lack their neighbours are less exact.
    """
    planes = to_planes(rows)
    if network.is_there(cleaner.NETWORK):
        by_network = to_planes_of(cleaner.clear(rows, noise))
        pairs = zip(by_network, _by_cosines(planes, noise, fewer=4), strict=True)
        half = np.float32(0.5)
        cleared = [np.asarray(half * (one + other)) for one, other in pairs]
    else:
        cleared = _by_cosines(planes, noise, fewer=2)
    light = strength.luminance * (1 - _kept(noise))
    parts = (light, strength.colour, strength.colour)
    return from_planes(
        [
            np.asarray(plane + np.float32(part) * (clear - plane), np.float32)
            for plane, clear, part in zip(planes, cleared, parts, strict=False)
        ]
    )


def _kept(noise: Noise) -> float:
    return KEPT * _ramp(noise.soft_sigma / max(noise.sigma, 1e-6), WHITE, SOFT)


def _by_cosines(planes: list[Plane], noise: Noise, *, fewer: int) -> list[Plane]:
    """Sliding 8x8 cosine transforms in which what stays under 2.7 times the grain of its
    frequency is set to zero: Yu and Sapiro, "DCT image denoising: a simple and
    effective image denoising algorithm", IPOL 2011, here with a measured spectrum in
    place of white noise, and averaged with the weights of Guleryuz (2007).
    """
    # Colour is coarser than detail: one in `fewer` places of the grid will do.
    return [
        clean(
            plane,
            planes[0],
            noise.spectra[number],
            noise.tones,
            shifts=SHIFTS[::fewer] if number else SHIFTS,
        )
        for number, plane in enumerate(planes)
    ]


def clean(
    plane: Plane,
    tone: Plane,
    spectrum: Plane,
    tones: Plane,
    *,
    shifts: Shifts = SHIFTS,
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
