"""Tone curves that bring black and white back, between two models of fading."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas, Plane

STEPS = 65536
_VALUES = np.linspace(0, 1, STEPS, dtype=np.float64)


def endpoint_curve(
    *, black: float, white: float, to_black: float, to_white: float, model: float
) -> Plane:
    """65536 encoded values 0..1: `black` goes to `to_black`, `white` to `to_white`.

    What lies between depends on the `model` of fading, 0..2. At 0 the dyes have kept a
    part of their density: a constant factor on densities is a power of the light
    (D = -log10 of linear light), and nearly the same power of the encoded values. At 1
    the encoded values were squeezed, which a straight stretch takes back. At 2 light
    was added, which is taken off in linear light. Between them, a mixture.
    """
    if model > 1:
        bend = 1 + 1.2 * (model - 1)
        black, white = black**bend, white**bend
        share = (_VALUES**bend - black) / (white - black)
        low, high = to_black**bend, to_white**bend
        values = np.clip(low + share * (high - low), 0, None) ** (1 / bend)
        return np.asarray(np.clip(values, 0, 1), np.float32)
    base = model * (black - to_black / to_white * white) / (1 - to_black / to_white)
    light = np.clip((_VALUES - base) / (white - base), 1e-5, None)
    power = np.log(to_black / to_white) / np.log((black - base) / (white - base))
    return np.asarray(np.clip(to_white * light**power, 0, 1), np.float32)


def mix(curve: Plane, strength: float) -> Plane:
    """`strength` 0 leaves every value where it is, 1 is the whole curve."""
    return np.asarray(_VALUES + strength * (curve - _VALUES), np.float32)


def as_table(curve: Plane) -> Canvas:
    return np.rint(np.clip(curve, 0, 1) * 65535).astype(np.uint16)
