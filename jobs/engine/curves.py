"""Tone curves that bring black and white back, one for each model of fading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Canvas, Plane

Values = NDArray[np.floating]

STEPS = 65536
# Linear light of the densest black of a print (D = 2.4).
DENSEST = 0.004


def to_linear(encoded: Values) -> Values:
    """sRGB values 0..1 to light."""
    bent = ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, bent)


def to_encoded(light: Values) -> Values:
    """Light, clipped to 0..1, to sRGB values."""
    light = np.clip(light, 0, 1)
    bent = 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bent)


_VALUES = np.linspace(0, 1, STEPS)
_LIGHT = to_linear(_VALUES)
_DENSITY = -np.log10(np.maximum(_LIGHT, 1e-6))


@dataclass(frozen=True)
class Ends:
    """Encoded values 0..1 of one channel: where black and white are, and belong."""

    black: float
    white: float
    to_black: float
    to_white: float


def density_curve(ends: Ends) -> Plane:
    """Dyes have kept a part of their density: a straight line between densities.

    65536 encoded values 0..1. D = -log10 of light; the loss of a dye is a factor on its
    density, nearly the same at all densities (Wilhelm and Brower, "The Permanence and
    Care of Color Photographs", 1993), and the yellowing of the paper adds to it.
    """
    black, white = (_density(value) for value in (ends.black, ends.white))
    dense, clear = -np.log10(DENSEST), _density(ends.to_white)
    share = (_DENSITY - white) / max(black - white, 0.05)
    return np.asarray(to_encoded(10 ** -(clear + share * (dense - clear))), np.float32)


def level_curve(ends: Ends) -> Plane:
    """Encoded values were squeezed: a straight line between them."""
    return np.asarray(_straight(_VALUES, ends, lambda value: value), np.float32)


def light_curve(ends: Ends) -> Plane:
    """Light was added, by haze or a fogged print: a straight line between light."""
    lines = _straight(_LIGHT, ends, lambda value: float(to_linear(np.array(value))))
    return np.asarray(to_encoded(lines), np.float32)


def _density(value: float) -> float:
    return -float(np.log10(max(float(to_linear(np.array(value))), 1e-6)))


def _straight(values: Values, ends: Ends, scale: Callable[[float], float]) -> Values:
    black, white = scale(ends.black), scale(ends.white)
    low, high = scale(ends.to_black), scale(ends.to_white)
    share = (values - black) / (white - black)
    return np.asarray(np.clip(low + share * (high - low), 0, 1))


def mix(curve: Plane, strength: float) -> Plane:
    """`strength` 0 leaves every value where it is, 1 is the whole curve."""
    return np.asarray(_VALUES + strength * (curve - _VALUES), np.float32)


def as_table(curve: Plane) -> Canvas:
    return np.rint(np.clip(curve, 0, 1) * 65535).astype(np.uint16)
