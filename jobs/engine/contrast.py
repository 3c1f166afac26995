"""Blacks and whites of the whole picture, the same for all its colours."""

from __future__ import annotations

import numpy as np

from jobs.engine.colour import BLACK, MIDDLE, VEILS, WHITE
from jobs.engine.contract import Canvas, Plane
from jobs.engine.curves import as_table, endpoint_curve, mix
from jobs.engine.tone import LEVELS, Kind, Tone

STARTS, FULL = 0.10, 0.30


def plan_contrast(tone: Tone) -> Canvas | None:
    """A table of 65536 values that brings black and white back; None if they are there."""
    grey = tone.quantiles.mean(axis=0)
    black, white = float(grey[0]), float(grey[-1])
    lost = max(black - BLACK, 0) + max(WHITE - white, 0)
    lost = min(lost, 3 * max(black - BLACK, 0))
    strength = float(np.clip((lost - STARTS) / (FULL - STARTS), 0, 1))
    if strength == 0:
        return None
    curves = [_curve(black, white, veil) for veil in VEILS]
    best = min(curves, key=lambda curve: _oddness(curve, grey))
    return as_table(mix(best, strength))


def _curve(black: float, white: float, veil: float) -> Plane:
    return endpoint_curve(
        black=black,
        white=white,
        to_black=min(BLACK, black),
        to_white=max(WHITE, white),
        veil=veil,
    )


def _oddness(curve: Plane, grey: Plane) -> float:
    middle = np.interp(grey[LEVELS == 50], np.linspace(0, 1, len(curve)), curve)
    return abs(float(middle[0]) - MIDDLE)


def raise_contrast(rows: Canvas, table: Canvas, kind: Kind) -> Canvas:
    """Apply the table to rows (h, w, 1 or 3).

    A colour picture gets it in each channel, so that its colours gain with its greys. A
    toned or black-and-white one gets it in its greys alone: its tone stays as it is,
    and no speck of colour grows.
    """
    if kind is Kind.COLOUR or rows.shape[2] == 1:
        return table[rows]
    grey = rows.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    grey = np.rint(grey).astype(np.int32)
    lift = table[grey].astype(np.int32) - grey
    return np.clip(rows.astype(np.int32) + lift[:, :, None], 0, 65535).astype(np.uint16)
