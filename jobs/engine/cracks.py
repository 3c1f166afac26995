"""Cracked emulsion: networks of bright lines that the odds for single marks miss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.engine.marks import FEATURES, Marks

# Bounds on the features of a crack. They were set so that no sound black-and-white
# picture at hand had half as much of it as ENOUGH, the share of the print that must be
# cracked before any of it counts.
LEAST = {"area": np.log(60), "height": 0.25, "thin": 2.3, "peak": 1.4}
MOST = {"unrest": 0.07, "clutter": 0.1, "rim": 0.5, "colour": 0.02}
ENOUGH = 0.008
# A window frame is as thin and as bright, but even.
UNEVEN = 0.15


def find_cracks(bright: Marks, *, sure: bool) -> NDArray[np.bool_]:
    """Which of the bright candidates of a print without colours are cracks.

    All are false unless the print is cracked in many places, or is `sure` to be.
    """
    column = {name: bright.features[:, FEATURES.index(name)] for name in FEATURES}
    fits = [column[name] >= bound for name, bound in LEAST.items()]
    fits += [column[name] <= bound for name, bound in MOST.items()]
    fits.append(bright.uneven >= UNEVEN)
    cracks = np.logical_and.reduce(fits)
    cracked = float(np.exp(column["area"][cracks]).sum())
    if sure or cracked > ENOUGH * bright.labels.size:
        return np.asarray(cracks)
    return np.zeros_like(cracks)
