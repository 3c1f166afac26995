"""How much grain there is, by frequency and by tone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.engine.blocks import SIDE, TRANSFORM, to_blocks, to_planes
from jobs.engine.contract import Canvas, Pixels, Plane

TILE = 128
TILES = 64
TONES = 8
# Blocks darker or lighter than this may be clipped, and clipped grain looks clean.
CLIPPED = 0.03
CALM = 0.12
FEWEST = 40
# How far the grain of one tone may be from that of the whole. What has more of the low
# frequencies than grain has is texture, such as leaves that are all of one tone.
LEAST, MOST = 0.3, 1.3
TEXTURED = 1.2


@dataclass(frozen=True)
class Noise:
    """Standard deviations, in units where white is 1.

    `spectra`: per plane (Y, or Y, Cb, Cr) 64 values, one for each cosine of the 8x8
    transform. `tones`: factors on them for 8 steps from black to white.
    """

    spectra: tuple[Plane, ...]
    tones: Plane

    @property
    def sigma(self) -> float:
        """Of the luminance, over all but the lowest frequencies."""
        return _level(self.spectra[:1], _FINE)

    @property
    def soft_sigma(self) -> float:
        """Of the luminance, over the lowest frequencies."""
        return _level(self.spectra[:1], _COARSE)

    @property
    def colour_sigmas(self) -> tuple[float, float]:
        """Of the colour differences, over the higher and the lowest frequencies."""
        return _level(self.spectra[1:], _FINE), _level(self.spectra[1:], _COARSE)


def _level(spectra: tuple[Plane, ...], which: NDArray[np.bool_]) -> float:
    if not spectra:
        return 0.0
    return float(np.sqrt(np.mean(np.square(np.stack(spectra)[:, which]))))


_ROWS, _COLUMNS = np.divmod(np.arange(SIDE * SIDE), SIDE)
_FINE = _ROWS + _COLUMNS >= 4
_COARSE = (_ROWS + _COLUMNS > 0) & ~_FINE


def measure_noise(scan: Pixels) -> Noise:
    """Grain of a scan (h, w, 1 or 3), from the calmest blocks of evenly spread tiles.

    In the calmest blocks little but grain is left; that they are chosen by their low
    frequencies leaves the high ones unbiased. After Ponomarenko et al., "An automatic
    approach to lossy compression of AVIRIS images", 2007.
    """
    if min(scan.shape[:2]) < SIDE:
        return _no_noise(scan.shape[2])
    tiles = [to_planes(tile) for tile in _tiles(scan)]
    planes = [
        np.concatenate([to_blocks(tile[number]) for tile in tiles]) @ TRANSFORM.T
        for number in range(scan.shape[2])
    ]
    mean = np.asarray(planes[0][:, 0] / SIDE, np.float32)
    usable = (mean > CLIPPED) & (mean < 1 - CLIPPED)
    planes, mean = [plane[usable] for plane in planes], mean[usable]
    if len(mean) < FEWEST:
        return _no_noise(scan.shape[2])
    unrest = np.asarray(np.mean(np.square(planes[0][:, _COARSE]), axis=1), np.float32)
    calm = unrest <= np.quantile(unrest, max(CALM, FEWEST / len(mean)))
    spectra = tuple(_spectrum(plane[calm]) for plane in planes)
    return Noise(spectra, _by_tone(planes[0], mean, unrest, spectra[0]))


def _no_noise(planes: int) -> Noise:
    spectra = tuple(np.zeros(SIDE * SIDE, np.float32) for _ in range(planes))
    return Noise(spectra, np.ones(TONES, np.float32))


def _tiles(scan: Pixels) -> list[Canvas]:
    height, width = scan.shape[0] // SIDE * SIDE, scan.shape[1] // SIDE * SIDE
    factor = 257 if scan.dtype == np.uint8 else 1
    tops, lefts = _starts(height), _starts(width)
    return [
        scan[y : min(y + TILE, height), x : min(x + TILE, width)].astype(np.uint16)
        * np.uint16(factor)
        for y in tops
        for x in lefts
    ]


def _starts(length: int) -> list[int]:
    if length <= TILE * 8:
        return list(range(0, length, TILE))
    return [int(x) // SIDE * SIDE for x in np.linspace(0, length - TILE, 8)]


def _spectrum(blocks: Plane) -> Plane:
    # The median stands against the odd edge that got in among the calm blocks.
    spread = np.median(np.abs(blocks), axis=0) / 0.6745
    spread[0] = 0
    return spread.astype(np.float32)


def _by_tone(luma: Plane, mean: Plane, unrest: Plane, spectrum: Plane) -> Plane:
    """How the grain of each tone compares with the whole; 1 where a tone is rare."""
    whole = _level((spectrum,), _FINE)
    factors = np.ones(TONES, np.float32)
    if whole == 0:
        return factors
    softness = _level((spectrum,), _COARSE) / whole
    tone = np.clip((mean * TONES).astype(int), 0, TONES - 1)
    for step in range(TONES):
        here = tone == step
        if here.sum() < FEWEST:
            continue
        calm = here & (unrest <= np.quantile(unrest[here], max(CALM, 20 / here.sum())))
        own = _spectrum(luma[calm])
        level = _level((own,), _FINE)
        if level < whole:
            factors[step] = max(level / whole, LEAST)
        elif _level((own,), _COARSE) < TEXTURED * softness * level:
            factors[step] = min(level / whole, MOST)
    return factors
