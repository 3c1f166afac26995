"""Colour cast and fading of colour prints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.engine.contract import Canvas, Plane
from jobs.engine.curves import as_table, endpoint_curve, mix
from jobs.engine.tone import LEVELS, Kind, Tone

# Encoded values that a sound print reaches: its blacks and its paper.
BLACK, WHITE = 0.03, 0.96
VEILS = (0.0, 0.25, 0.5, 0.75, 1.0)
MIDDLE = 0.38
STARTS, FULL = 0.10, 0.30


@dataclass(frozen=True)
class ColourPlan:
    """One table of 65536 values for each channel."""

    tables: tuple[Canvas, ...]
    strength: float


def plan_colour(tone: Tone) -> ColourPlan | None:
    """Curves that undo fading and cast by channel; None where there is no sign of it.

    The sign of fading is that even the darkest parts are light and the lightest dull.
    Which model of fading fits is asked of the picture: with the right one the channels
    agree not only at both ends but between them too, and the middle tones come out
    about as light as those of photographs in general.
    """
    if tone.kind is not Kind.COLOUR:
        return None
    strength = fading(tone)
    if strength == 0:
        return None
    curves = min((_curves(tone, veil) for veil in VEILS), key=lambda c: _oddness(c, tone))
    return ColourPlan(tuple(as_table(mix(curve, strength)) for curve in curves), strength)


def fading(tone: Tone) -> float:
    """0: as good as new, 1: faded beyond doubt."""
    lost = float(np.mean(np.maximum(tone.black - BLACK, 0) + np.maximum(WHITE - tone.white, 0)))
    # Dark pictures with sound blacks are not faded, whatever their whites.
    lost = min(lost, 3 * float(np.mean(np.maximum(tone.black - BLACK, 0))))
    return float(np.clip((lost - STARTS) / (FULL - STARTS), 0, 1))


def correct_colour(rows: Canvas, plan: ColourPlan) -> Canvas:
    """Apply the curves to rows (h, w, 3)."""
    tables = enumerate(plan.tables)
    return np.stack([table[rows[:, :, number]] for number, table in tables], axis=2)


def _curves(tone: Tone, veil: float) -> list[Plane]:
    return [
        endpoint_curve(
            black=float(black),
            white=float(white),
            to_black=min(BLACK, float(black)),
            to_white=max(WHITE, float(white)),
            veil=veil,
        )
        for black, white in zip(tone.black, tone.white, strict=True)
    ]


def _oddness(curves: list[Plane], tone: Tone) -> float:
    steps = np.linspace(0, 1, len(curves[0]))
    new = np.array([np.interp(q, steps, c) for q, c in zip(tone.quantiles, curves, strict=True)])
    between = (LEVELS > 5) & (LEVELS < 95)
    disagreement = float(np.mean(np.ptp(new[:, between], axis=0)))
    return disagreement + 0.5 * abs(float(new[:, LEVELS == 50].mean()) - MIDDLE)
