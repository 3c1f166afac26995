"""What light and years do to the tones of a print.

Pictures are (h, w) or (h, w, 3), float32, 0..1, encoded.
"""

from __future__ import annotations

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Random = np.random.Generator


class Fading(StrEnum):
    DYES = "dyes"  # each dye keeps a part of its density, the paper yellows
    CROSSED = "crossed"  # the same, and the dyes absorb beside their own colour too
    VEIL = "veil"  # light is added: haze, flare, a fogged print
    LEVELS = "levels"  # blacks lift and whites sink in the encoded values
    NONE = "none"


# How much of each dye's density the other two channels see.
CROSSTALK = np.array(
    [[1.0, 0.10, 0.04], [0.12, 1.0, 0.10], [0.05, 0.16, 1.0]], np.float32
)


def fade(picture: Real, amount: float, *, random: Random, kind: Fading) -> Real:
    """Fading in 0..1 encoded values; `amount` 0..1."""
    channels = 1 if picture.ndim == 2 else 3
    uneven = random.uniform(0.5, 1.0, channels).astype(np.float32) * amount
    if kind is Fading.NONE:
        return picture
    if kind is Fading.LEVELS:
        return np.asarray(picture * (1 - 0.6 * uneven) + 0.35 * uneven, np.float32)
    linear = to_linear(picture)
    if kind is Fading.VEIL:
        return to_encoded(linear * (1 - 0.5 * uneven) + 0.12 * uneven)
    density = -np.log10(np.maximum(linear, 0.004))
    stain = random.uniform(0.0, 0.16, channels).astype(np.float32) * amount
    kept = 1 - 0.7 * uneven
    if kind is Fading.CROSSED and channels == 3:
        density = density @ np.linalg.inv(CROSSTALK).T * kept @ CROSSTALK.T + stain
    else:
        density = density * kept + stain
    return to_encoded(np.asarray(10**-density, np.float32))


def cast(picture: Real, amount: float, random: Random) -> Real:
    """A wrong white balance: a factor on the light of each channel."""
    if picture.ndim == 2:
        return picture
    factors = np.exp(random.normal(0, 0.18, 3) * amount).astype(np.float32)
    return to_encoded(to_linear(picture) * factors / max(float(factors.max()), 1.0))


def uneven(picture: Real, amount: float, random: Random) -> Real:
    """Light has got at one side more than at the other."""
    height, width = picture.shape[:2]
    coarse = random.uniform(0, 1, (3, 3)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    field = np.clip(field, 0, 1) * np.float32(amount)
    veil = field if picture.ndim == 2 else field[..., None]
    return np.asarray(picture * (1 - 0.3 * veil) + 0.25 * veil, np.float32)


def stain(picture: Real, random: Random) -> Real:
    """One round stain of tea, with or without a darker rim."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = random.uniform(0.08, 0.25) * min(height, width)
    distance = np.hypot(y - random.uniform(0, height), x - random.uniform(0, width))
    depth = np.clip(1.3 - distance / radius, 0, 1)
    if random.random() < 0.5:
        depth = depth + 0.5 * np.exp(-(((distance / radius - 1.1) / 0.06) ** 2))
    colour = np.array([0.04, 0.1, 0.22], np.float32)
    if picture.ndim == 2:
        return np.asarray(picture * (1 - depth * 0.1), np.float32)
    return np.asarray(picture * (1 - depth[..., None] * colour), np.float32)


def to_linear(encoded: Real) -> Real:
    low = encoded / 12.92
    high = ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high).astype(np.float32)


def to_encoded(linear: Real) -> Real:
    linear = np.clip(linear, 0, 1)
    low = linear * 12.92
    high = 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)
