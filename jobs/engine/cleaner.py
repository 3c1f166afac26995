"""Taking grain away with the network that was trained for it (`training/grain.py`)."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine import network
from jobs.engine.blocks import to_values
from jobs.engine.contract import Canvas, Plane
from jobs.engine.noise import TONES, Noise

NETWORK = "grain.onnx"
TILE = 1024
# What the network sees of each pixel's neighbourhood, as good as all of it.
HALO = 24
# So that usual grain is about as great as the picture.
GAIN = np.float32(8.0)
# The calmest blocks have lines of their own: soft grain is at most so much stronger in
# its low frequencies.
SOFTEST = 2.5
GREY = np.array([0.299, 0.587, 0.114], np.float32)
AROUND = (9, 9)


def clear(rows: Canvas, noise: Noise) -> Plane:
    """Rows (h, w, 1 or 3), 0..65535, without their grain, as values of about 0..1.

    A U-Net of 0.24 million weights that is told how much grain was measured, see
    docs/models/grain.md.
    """
    made = np.empty(rows.shape, np.float32)
    for down in network.spans(rows.shape[0], tile=TILE, halo=HALO):
        for across in network.spans(rows.shape[1], tile=TILE, halo=HALO):
            values = to_values(rows[down.read, across.read])
            tile = _clear(values, noise)
            made[down.write, across.write] = tile[down.inner, across.inner]
    return made


def _clear(values: Plane, noise: Noise) -> Plane:
    picture = network.three(values)
    factor = _by_tone(picture @ GREY, noise)
    fine, coarse = noise.sigma, min(noise.soft_sigma, SOFTEST * noise.sigma)
    levels = [fine * factor, coarse * factor]
    levels += [np.full_like(factor, sigma) for sigma in noise.colour_sigmas]
    maps = GAIN * np.stack(levels, axis=2).astype(np.float32)
    stack = np.concatenate([picture - np.float32(0.5), maps], axis=2)
    added = network.run(NETWORK, stack)
    if values.shape[2] == 1:
        added = added @ GREY[:, None]
    return np.asarray(values + added, np.float32)


def _by_tone(tone: Plane, noise: Noise) -> Plane:
    mean = cv2.blur(tone, AROUND, borderType=cv2.BORDER_REFLECT)
    steps = (np.arange(TONES) + 0.5) / TONES
    return np.interp(mean, steps, noise.tones).astype(np.float32)
