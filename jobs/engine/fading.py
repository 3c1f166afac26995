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

BLACK, WHITE = 0.015, 0.992
# Sound photographs have a black under 0.05 and nearly the same one in all channels;
# moderate fading lifts it over 0.1.
STARTS, FULL = 0.065, 0.10
SPREAD = 0.5
# Fading lifts the blacks of all channels by much the same; a scene need not. And there
# is some place that was black in all of them: elsewhere it is the scene again.
UNEVEN = 0.08, 0.20
APART = 0.03, 0.11
# Of a colour turned into its opposite, so much is left, at the tones of these LEVELS.
CROSSED = 0.3
TAMED = [2, 4, 5, 6, 7, 8, 9, 10, 12]
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
LITTLE, MUCH = 0.16, 0.25
MIDDLE, MIDDLE_SPREAD = 0.45, 0.15
# With fewer tones than this there is no picture to bring back.
FLAT = 0.06


def plan_fading(
    quantiles: Plane, darkest: float | None = None
) -> tuple[Canvas, ...] | None:
    """A table of 65536 values for each channel of quantiles (channels, 15), encoded.

    None if nothing shows fading, the sign of which is that even the darkest parts are
    light, or have a colour. Which way a print has faded can seldom be told from the
    picture alone, so each model counts by how likely it is: in itself, and by how near
    the middle tones come to those of photographs in general. Between two models the
    error of the wrong one is halved. `darkest` as in `Tone`.
    """
    strength = fading(quantiles, darkest)
    if strength == 0 or float(np.mean(quantiles[:, -1] - quantiles[:, 0])) < FLAT:
        return None
    ends = _ends(quantiles)
    curves = [[model(each) for each in ends] for model, *_ in MODELS]
    weights = _weights(curves, quantiles)
    blends = [
        mix(_blend([model[n] for model in curves], weights), strength)
        for n in range(len(ends))
    ]
    return tuple(map(as_table, without_crossing(blends, quantiles)))


def fading(quantiles: Plane, darkest: float | None = None) -> float:
    """0: as good as new, 1: faded beyond doubt.

    Fading lifts the black of all channels. Where one of them has kept it, or where no
    place is dark in all channels at once, it is the scene that has no black: autumn
    leaves, sand, a sky.
    """
    black = quantiles[:, 0]
    spread = float(np.ptp(black))
    evidence = float(black.mean() + SPREAD * spread)
    strength = float(np.clip((evidence - STARTS) / (FULL - STARTS), 0, 1))
    strength *= float(np.clip((UNEVEN[1] - spread) / (UNEVEN[1] - UNEVEN[0]), 0, 1))
    gap = 0.0 if darkest is None else darkest - float(black.max())
    return strength * float(np.clip((APART[1] - gap) / (APART[1] - APART[0]), 0, 1))


def without_crossing(curves: list[Plane], quantiles: Plane) -> list[Plane]:
    """The curves, held back where they would turn a colour of the grey axis around.

    At each of nine tones the channels differ by a colour. Taking a cast out may take
    that away, and some of it may have been the scene's; the opposite colour is mostly
    a scene that was seen as a cast: foliage that turns blue. A third of it is left.
    """
    before = quantiles[:, TAMED]
    places = np.rint(before * 65535).astype(np.intp)
    after = np.stack([curve[at] for curve, at in zip(curves, places, strict=True)])
    colour, turned = before - before.mean(axis=0), after - after.mean(axis=0)
    crossed = np.where(colour * turned < 0, (CROSSED - 1) * turned, 0)
    moved = crossed - crossed.mean(axis=0)
    if not moved.any():
        return curves
    padded = np.pad(moved, ((0, 0), (1, 1)), mode="edge")
    smooth = (padded[:, :-2] + 2 * moved + padded[:, 2:]) / 4
    return [_moved(*each) for each in zip(curves, before, smooth, strict=True)]


def _moved(curve: Plane, at: Plane, by: Plane) -> Plane:
    values = np.linspace(0, 1, len(curve))
    # Both ends stay; equal tones count once, as interpolation wants it.
    places, first = np.unique(np.concatenate([[0.0], at, [1.0]]), return_index=True)
    lifts = np.concatenate([[0.0], by, [0.0]])[first]
    moved = np.clip(curve + np.interp(values, places, lifts), 0, 1)
    return np.asarray(np.maximum.accumulate(moved), np.float32)


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
