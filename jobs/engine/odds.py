"""How likely a candidate is a scratch."""

from __future__ import annotations

import numpy as np

from jobs.engine.marks import Numbers

BIAS = -5.2601
WEIGHTS = np.array(
    [
        0.2579,
        0.6143,
        0.4859,
        0.4977,
        0.2525,
        -1.9665,
        0.0378,
        1.5368,
        0.0955,
        -1.1491,
        0.8687,
        1.2087,
        0.2169,
        -0.6943,
        -0.1007,
    ]
)
MEAN = np.array(
    [
        0.9155,
        1.0501,
        0.2329,
        0.0693,
        1.3579,
        1.1608,
        0.7946,
        0.3662,
        0.5637,
        0.1178,
        0.0917,
        0.6296,
        0.9060,
        1.4261,
        0.4402,
    ]
)
SPREAD = np.array(
    [
        0.2377,
        0.3801,
        0.0692,
        0.1501,
        1.4022,
        1.1134,
        0.3123,
        0.9215,
        0.5757,
        0.0911,
        0.0183,
        0.1817,
        0.1457,
        0.7197,
        0.4821,
    ]
)


def odds(features: Numbers) -> Numbers:
    """Chances 0..1 for rows of features (n, 15), see `marks.FEATURES`.

    Logistic regression, fitted by `tests/bench/scratch_weights.py` to damage made from
    seeds, with clean pictures and thin writing as counter-examples.
    """
    scaled = np.clip((features - MEAN) / SPREAD, -3, 3)
    return np.asarray(1 / (1 + np.exp(-BIAS - scaled @ WEIGHTS)))
