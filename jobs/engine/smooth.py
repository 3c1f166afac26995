"""Filling holes of any size without a bend at their rims."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.contract import Mask, Plane

SMALLEST = 4
ROUNDS = 40
BENT = 0.7


def fill_smoothly(plane: Plane, holes: Mask) -> Plane:
    """The plane (h, w), 0..1, with what `holes` (h, w) marks filled from around.

    What bends least fits best: the biharmonic equation (Chui and Mhaskar, "MRA
    contextual-recovery extension of smooth functions on manifolds", 2010), solved by
    conjugate gradients that begin with `pulled_over`. A part of the beginning is kept,
    because grain at the rim is no slope to be followed. Other pixels stay as they are.
    """
    inside = holes > 0
    if inside.all():
        return plane
    rough = filled = pulled_over(plane, holes)
    rest = np.where(inside, -_bend(_bend(filled)), 0).astype(np.float32)
    aim, power = rest, float(np.vdot(rest, rest))
    for _ in range(ROUNDS):
        if power < 1e-9 * plane.size:
            break
        pull = np.where(inside, _bend(_bend(aim)), 0).astype(np.float32)
        step = np.float32(power / max(float(np.vdot(aim, pull)), 1e-20))
        filled = filled + step * aim
        rest = rest - step * pull
        before, power = power, float(np.vdot(rest, rest))
        aim = rest + np.float32(power / before) * aim
    filled = rough + np.float32(BENT) * (filled - rough)
    # Beside a steep edge the smoothest surface may swing beyond what is there.
    low, high = float(plane[~inside].min()), float(plane[~inside].max())
    return np.asarray(np.where(inside, np.clip(filled, low, high), plane), np.float32)


def _bend(plane: Plane) -> Plane:
    bent = cv2.Laplacian(plane, cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.float32)


def pulled_over(plane: Plane, holes: Mask) -> Plane:
    """The same, but quick and rough.

    Known pixels are averaged to ever smaller sizes, and each hole is filled from the
    finest size that knows something of it (Gortler et al., "The Lumigraph", 1996:
    pull and push).
    """
    known = (holes == 0).astype(np.float32)
    filled = _pull(np.asarray(plane * known, np.float32), known)
    return np.where(holes > 0, filled, plane).astype(np.float32)


def _pull(sums: Plane, weights: Plane) -> Plane:
    """Values where the weights are 1; between them, those of the next smaller size."""
    height, width = weights.shape
    own = sums / np.maximum(weights, 1e-6)
    if min(height, width) <= SMALLEST or float(weights.min()) == 1:
        mean = float(sums.sum()) / max(float(weights.sum()), 1e-6)
        return np.asarray(np.where(weights > 0, own, mean), np.float32)
    size = (-(-width // 2), -(-height // 2))
    less, fewer = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
        for plane in (sums, weights)
    )
    # A weight over 1 would make one known pixel count as much as four.
    more = np.minimum(2 * fewer, 1).astype(np.float32)
    coarse = _pull(np.asarray(less * more / np.maximum(fewer, 1e-6), np.float32), more)
    pushed = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(weights * own + (1 - weights) * pushed, np.float32)
