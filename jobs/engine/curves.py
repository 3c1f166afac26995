"""Tone curves that bring black and white back, between two models of fading."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas, Plane

STEPS = 65536
_VALUES = np.linspace(0, 1, STEPS, dtype=np.float64)


def endpoint_curve(
    *, black: float, white: float, to_black: float, to_white: float, veil: float
) -> Plane:
    """65536 encoded values 0..1: `black` goes to `to_black`, `white` to `to_white`.

    `veil` 0: the dye has kept a part of its density. A constant factor on densities is
    a power of the light (D = -log10 of linear light), and nearly the same power of the
    encoded values. `veil` 1: light was added, which a straight stretch takes away.
    Between: a part of the black is taken off, then a power meets the end points.
    """
    base = min(max(veil, 0.0), 1.0) * (black - to_black) / max(to_white - to_black, 1e-3)
    base = min(max(base, 0.0), black - 1e-3) if black > 2e-3 else 0.0
    light = np.clip((_VALUES - base) / (white - base), 1e-5, None)
    low = max((black - base) / (white - base), 1e-4)
    power = np.log(max(to_black, 1e-3) / to_white) / np.log(low)
    power = float(np.clip(power, 0.5, 4.0))
    return np.asarray(np.clip(to_white * light**power, 0, 1), np.float32)


def power_curve(power: float) -> Plane:
    return np.asarray(_VALUES**power, np.float32)


def mix(curve: Plane, strength: float) -> Plane:
    """`strength` 0 leaves every value where it is, 1 is the whole curve."""
    return np.asarray(_VALUES + strength * (curve - _VALUES), np.float32)


def as_table(curve: Plane) -> Canvas:
    return np.rint(np.clip(curve, 0, 1) * 65535).astype(np.uint16)
