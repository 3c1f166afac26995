"""How likely a candidate is a scratch."""

from __future__ import annotations

import numpy as np

from jobs.engine.marks import Numbers

BIAS = -4.4882
WEIGHTS = np.array(
    [
        0.3040,
        0.6350,
        0.4043,
        0.4258,
        0.0176,
        -1.5591,
        -0.0865,
        1.2628,
        0.1377,
        -0.8274,
        0.9202,
        0.8808,
        0.1033,
        -0.6628,
        -0.0888,
        -0.2522,
        -0.1628,
    ]
)
MEAN = np.array(
    [
        0.9222,
        1.0584,
        0.2367,
        0.0657,
        1.3465,
        1.1504,
        0.7947,
        0.3556,
        0.5536,
        0.1198,
        0.0926,
        0.6304,
        0.9046,
        1.4265,
        0.4453,
        -0.0007,
        0.0777,
    ]
)
SPREAD = np.array(
    [
        0.2418,
        0.3853,
        0.0707,
        0.1527,
        1.4041,
        1.1139,
        0.3128,
        0.9206,
        0.5675,
        0.0901,
        0.0186,
        0.1809,
        0.1472,
        0.7132,
        0.4861,
        0.0111,
        0.2629,
    ]
)


def chances_of(features: Numbers) -> Numbers:
    """Chances 0..1 for rows of features (n, 17), see `marks.FEATURES`.

    Logistic regression, fitted by `tests/bench/scratch_weights.py` to damage made from
    seeds, with clean pictures and thin writing as counter-examples.
    """
    scaled = np.clip((features - MEAN) / SPREAD, -3, 3)
    return np.asarray(1 / (1 + np.exp(-BIAS - scaled @ WEIGHTS)))
