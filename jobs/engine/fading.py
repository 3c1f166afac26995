"""How faded a picture is, and the curves that undo it."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas, Plane
from jobs.engine.curves import as_table, endpoint_curve, mix
from jobs.engine.tone import LEVELS

# Encoded values that a sound print reaches: its blacks and its paper.
BLACK, WHITE = 0.02, 0.98
# Not every picture has a black and a white in it: a part of what is missing is taken
# for the scene's own. The same for the colour of the darkest and the lightest parts.
BLACK_KEPT, BLACK_CAST_KEPT = 0.3, 0.4
WHITE_RAISED, WHITE_CAST_KEPT = 0.4, 0.5
# Models of fading, see `curves`, and the one that is right most often.
MODELS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
USUAL = 0.8
MIDDLE = 0.45
# With fewer tones than this there is no picture to bring back.
FLAT = 0.06
STARTS, FULL = 0.10, 0.40


def plan_fading(quantiles: Plane) -> tuple[Canvas, ...] | None:
    """A table of 65536 values for each channel of quantiles (channels, 13), encoded.

    None if nothing shows fading, the sign of which is that even the darkest parts are
    light and the lightest dull. Which model of fading fits is asked of the picture:
    with the right one the channels agree at both ends and between them too, and the
    middle tones come out about as light as those of photographs in general.
    """
    strength = fading(quantiles)
    if strength == 0 or float(np.mean(quantiles[:, -1] - quantiles[:, 0])) < FLAT:
        return None
    best = min(MODELS, key=lambda model: _oddness(model, quantiles))
    curves = _curves(quantiles, best)
    return tuple(as_table(mix(curve, strength)) for curve in curves)


def fading(quantiles: Plane) -> float:
    """0: as good as new, 1: faded beyond doubt."""
    lifted = float(np.mean(np.maximum(quantiles[:, 0] - BLACK, 0)))
    dulled = float(np.mean(np.maximum(WHITE - quantiles[:, -1], 0)))
    # A dark picture with sound blacks is not faded, whatever its whites.
    lost = min(lifted + dulled, 3 * lifted)
    return float(np.clip((lost - STARTS) / (FULL - STARTS), 0, 1))


def _curves(quantiles: Plane, model: float) -> list[Plane]:
    black, white = quantiles[:, 0], quantiles[:, -1]
    grey_black, grey_white = float(black.mean()), float(white.mean())
    to_black = BLACK + BLACK_KEPT * max(grey_black - BLACK, 0)
    to_blacks = np.clip(to_black + BLACK_CAST_KEPT * (black - grey_black), 0.005, None)
    to_white = grey_white + WHITE_RAISED * max(WHITE - grey_white, 0)
    to_whites = np.clip(to_white + WHITE_CAST_KEPT * (white - grey_white), 0.1, 1)
    # A flat channel would need an endless slope.
    white = np.maximum(white, black + 0.05)
    return [
        endpoint_curve(
            black=float(max(black[number], 0.001)),
            white=float(white[number]),
            to_black=float(min(to_blacks[number], max(black[number], 0.0005))),
            to_white=float(to_whites[number]),
            model=model,
        )
        for number in range(len(quantiles))
    ]


def _oddness(model: float, quantiles: Plane) -> float:
    curves = _curves(quantiles, model)
    steps = np.linspace(0, 1, len(curves[0]))
    pairs = zip(quantiles, curves, strict=True)
    tones = np.array([np.interp(old, steps, curve) for old, curve in pairs])
    between = (LEVELS > 5) & (LEVELS < 95)
    disagreement = float(np.mean(np.ptp(tones[:, between], axis=0)))
    darkness = abs(float(tones[:, LEVELS == 50].mean()) - MIDDLE)
    return 2 * disagreement + darkness + 0.2 * abs(model - USUAL)
