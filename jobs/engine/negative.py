"""Negatives that were scanned as if they were prints."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas, Plane
from jobs.engine.curves import STEPS, to_encoded, to_linear
from jobs.engine.tone import Tone

# The mask of colour negative film: how much less green and blue light its clearest
# parts let through than red, in encoded values, and how dense its densest red is.
GREENEST, BLUEST, REDDEST = 0.85, 0.68, 0.15
# Part of the tones at which red, green and blue lie in this order.
ORDERED = 0.8
# Densities of a good print, from its white to its black.
PRINTED = 1.7
# A flat scan must not become all grain.
LEAST = 0.25


def is_masked(tone: Tone) -> bool:
    """Whether all tones have the orange of colour negative film."""
    if tone.quantiles.shape[0] == 1:
        return False
    red, green, blue = tone.quantiles
    orange = green[-2:] < GREENEST * red[-2:], blue[-2:] < BLUEST * red[-2:]
    ordered = float(np.mean((red > green) & (green > blue)))
    return bool(np.all(orange) and ordered >= ORDERED and red[0] > REDDEST)


def plan_positive(tone: Tone) -> tuple[Canvas, ...]:
    """A table of 65536 values for each channel that turns a negative into a positive.

    What is clearest on the film is the black of the print, what is densest its white,
    in each channel for itself, which takes the mask away; between them densities are
    turned around as paper does it.
    """
    return tuple(_table(each) for each in tone.quantiles)


def _table(quantiles: Plane) -> Canvas:
    values = np.linspace(0, 1, STEPS)
    density = -np.log10(np.maximum(to_linear(values), 1e-4))
    ends = -np.log10(np.maximum(to_linear(quantiles[[-1, 0]]), 1e-4))
    span = max(float(ends[1] - ends[0]), LEAST)
    share = np.clip((density - ends[0]) / span, 0, 1)
    light = to_encoded(10 ** (-PRINTED * (1 - share)))
    return np.rint(light * 65535).astype(np.uint16)
