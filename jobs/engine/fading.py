"""How faded a picture is, and the curves that undo it."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas, Plane
from jobs.engine.curves import (
    Ends,
    as_table,
    density_curve,
    level_curve,
    light_curve,
    mix,
)
from jobs.engine.tone import LEVELS

BLACK, WHITE = 0.005, 0.992
# Sound photographs have a black under 0.05 and nearly the same one in all channels;
# moderate fading lifts it over 0.1.
STARTS, FULL = 0.065, 0.10
SPREAD = 0.5
# Whites are dulled about as much as blacks are lifted. What is missing beyond that is
# the scene's own, and so is a part of its colour.
WHITE_FOR_BLACK = 0.85
CAST_FOR_BLACK = 3.0
MOST_CAST = 0.3
# Each model of fading, and how likely it is in a print whose black is lifted a little,
# and in one where it is lifted more than fading alone mostly does.
MODELS = (
    (density_curve, 0.5, 0.25),
    (level_curve, 0.46, 0.25),
    (light_curve, 0.04, 0.5),
)
LITTLE, MUCH = 0.17, 0.30
MIDDLE, MIDDLE_SPREAD = 0.45, 0.15
# With fewer tones than this there is no picture to bring back.
FLAT = 0.06


def plan_fading(quantiles: Plane) -> tuple[Canvas, ...] | None:
    """A table of 65536 values for each channel of quantiles (channels, 15), encoded.

    None if nothing shows fading, the sign of which is that even the darkest parts are
    light, or have a colour. Which way a print has faded can seldom be told from the
    picture alone, so each model counts by how likely it is: in itself, and by how near
    the middle tones come to those of photographs in general. Between two models the
    error of the wrong one is halved.
    """
    strength = fading(quantiles)
    if strength == 0 or float(np.mean(quantiles[:, -1] - quantiles[:, 0])) < FLAT:
        return None
    ends = _ends(quantiles)
    curves = [[model(each) for each in ends] for model, *_ in MODELS]
    weights = _weights(curves, quantiles)
    return tuple(
        as_table(mix(_blend([model[n] for model in curves], weights), strength))
        for n in range(len(ends))
    )


def fading(quantiles: Plane) -> float:
    """0: as good as new, 1: faded beyond doubt."""
    black = quantiles[:, 0]
    evidence = float(black.mean() + SPREAD * np.ptp(black))
    return float(np.clip((evidence - STARTS) / (FULL - STARTS), 0, 1))


def _ends(quantiles: Plane) -> list[Ends]:
    black, white = quantiles[:, 0], quantiles[:, -1]
    lifted = max(float(black.mean()) - 0.02, 0)
    neutral = min(CAST_FOR_BLACK * lifted, MOST_CAST)
    to_white = white + neutral * (white.mean() - white) + WHITE_FOR_BLACK * lifted
    return [
        Ends(
            black=max(float(dark), BLACK),
            # A flat channel would need an endless slope.
            white=max(float(light), float(dark) + 0.05),
            to_black=BLACK,
            to_white=float(np.clip(wanted, 0.1, max(WHITE, float(light)))),
        )
        for dark, light, wanted in zip(black, white, to_white, strict=True)
    ]


def _weights(curves: list[list[Plane]], quantiles: Plane) -> list[float]:
    middle = quantiles[:, LEVELS == 50].ravel()
    lifted = (float(quantiles[:, 0].mean()) - LITTLE) / (MUCH - LITTLE)
    much = float(np.clip(lifted, 0, 1))
    chances = []
    for model, (_, usual, rare) in zip(curves, MODELS, strict=True):
        before = usual + much * (rare - usual)
        places = zip(model, middle, strict=True)
        light = np.mean([curve[round(value * 65535)] for curve, value in places])
        off = (float(light) - MIDDLE) / MIDDLE_SPREAD
        chances.append(before * float(np.exp(-0.5 * off**2)))
    total = max(sum(chances), 1e-12)
    return [chance / total for chance in chances]


def _blend(curves: list[Plane], weights: list[float]) -> Plane:
    parts = [curve * weight for curve, weight in zip(curves, weights, strict=True)]
    return np.asarray(sum(parts), np.float32)
