"""Grain for what was filled, so that it does not lie in the print like a cloud."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.blocks import SIDE, from_planes, to_planes
from jobs.engine.contract import Canvas, Mask, Plane
from jobs.engine.noise import TONES, Noise

# The pattern comes again after so many pixels, which no hole is broad enough to show.
PERIOD = 256
SEED = 8
# Nobody sees less than this; more is the picture itself.
LEAST, MOST = 1.0 / 255, 0.15
# Low frequencies that are stronger than this times the high ones are no grain.
SOFTEST = 2.5
# How grain is told from what is coarser, and over how many pixels it is measured.
COARSER, AROUND = 1.5, 31


def pattern(noise: Noise) -> list[Plane]:
    """Grain (256, 256) with the measured spectrum, for each plane; the same whenever
    the spectrum is the same. It goes on at its rims."""
    random = np.random.default_rng(SEED)
    most = SOFTEST * noise.sigma
    planes = []
    for spectrum in noise.spectra:
        white = random.standard_normal((PERIOD, PERIOD))
        shape = _by_frequency(np.minimum(spectrum, most).astype(np.float32))
        planes.append(np.fft.irfft2(np.fft.rfft2(white) * shape, s=white.shape))
    return [np.asarray(plane, np.float32) for plane in planes]


def _by_frequency(spectrum: Plane) -> Plane:
    """64 cosines to the frequencies of the pattern: cosine k has k/16 of a cycle a
    pixel. The mean is left out."""
    square = spectrum.reshape(SIDE, SIDE).copy()
    square[0, 0] = 0
    down = np.abs(np.fft.fftfreq(PERIOD)) * 2 * SIDE
    across = np.fft.rfftfreq(PERIOD) * 2 * SIDE
    x, y = np.meshgrid(across.astype(np.float32), down.astype(np.float32))
    limit = np.float32(SIDE - 1)
    shape = cv2.remap(
        square, np.minimum(x, limit), np.minimum(y, limit), cv2.INTER_LINEAR
    )
    return np.asarray(shape, np.float32)


def regrain(rows: Canvas, holes: Mask, noise: Noise, *, top: int) -> Canvas:
    """Rows (h, w, 1 or 3), filled where `holes` (h, w) is not 0, with grain there.

    As much as is missing: what the filling has kept, and what the surroundings lack,
    is left out. `top` is the place of the first row in the picture, so that the pattern
    is the same however the picture is cut.
    """
    if not LEAST <= noise.sigma <= MOST:
        return rows
    planes = to_planes(rows)
    patterns = [
        _laid(part, rows.shape[0], rows.shape[1], top) for part in pattern(noise)
    ]
    share = _missing(planes[0], holes, patterns[0], noise)
    share[holes == 0] = 0
    grainy = [
        plane + share * part for plane, part in zip(planes, patterns, strict=True)
    ]
    made = from_planes(grainy)
    return np.where(holes[..., None] > 0, made, rows)


def _laid(part: Plane, height: int, width: int, top: int) -> Plane:
    y = (top + np.arange(height)) % PERIOD
    x = np.arange(width) % PERIOD
    return part[y][:, x]


def _missing(plane: Plane, holes: Mask, part: Plane, noise: Noise) -> Plane:
    """The factor (h, w) on the pattern."""
    steps = (np.arange(TONES) + 0.5) / TONES
    mean = np.asarray(cv2.GaussianBlur(plane, (0, 0), COARSER), np.float32)
    factor = np.interp(mean, steps, noise.tones).astype(np.float32)
    power = np.square(plane - mean)
    inside = (holes > 0).astype(np.float32)
    there, around = _mean(power, inside), _mean(power, 1 - inside)
    own = np.square(part - cv2.GaussianBlur(part, (0, 0), COARSER)).mean()
    wanted = np.minimum(own * np.square(factor), around)
    share = np.sqrt(np.maximum(wanted - there, 0) / np.float32(max(own, 1e-12)))
    return np.asarray(share, np.float32)


def _mean(values: Plane, weights: Plane) -> Plane:
    size = (AROUND, AROUND)
    sums = cv2.blur(np.asarray(values * weights, np.float32), size)
    counts = cv2.blur(weights, size)
    return np.asarray(sums / np.maximum(counts, 1e-4), np.float32)
