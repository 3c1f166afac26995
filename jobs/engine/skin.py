"""Holding curves back where they would spoil a face."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jobs.engine.contract import Canvas, Plane
from jobs.engine.curves import STEPS
from jobs.engine.faces import Face
from jobs.engine.guard import is_like

STRENGTHS = (1.0, 0.7, 0.4)
# Where the colour of skin lies, of whatever people and light: red over blue, and green
# between them, in parts of their sum.
REDDER = 0.0, 0.30
GREENER = -0.06, 0.035
# Less of a face is no face to judge by.
FEWEST = 12

Apply = Callable[[Canvas], Canvas]


def gentle(
    tables: tuple[Canvas, ...],
    small: Plane,
    faces: tuple[Face, ...],
    apply: Callable[[Canvas, tuple[Canvas, ...]], Canvas],
) -> tuple[tuple[Canvas, ...] | None, float]:
    """The tables, mixed with what is there until they leave all faces as they are.

    Also how much of them is left, 0..1; None with 0. `small` is a reduced picture
    (h, w, 1 or 3), 0..1. A face must keep its structure, and its skin must not leave
    the colours of skin where it had them.
    """
    scan = np.rint(small * np.float32(65535)).astype(np.uint16)
    boxes = [face.pixels(*small.shape[:2]).slices for face in faces]
    heads = [scan[box] for box in boxes if min(scan[box].shape[:2]) >= FEWEST]
    for strength in STRENGTHS:
        mixed = tables if strength == 1 else tuple(_mixed(t, strength) for t in tables)
        if all(_is_sound(head, apply(head, mixed)) for head in heads):
            return mixed, strength
    return None, 0.0


def _mixed(table: Canvas, strength: float) -> Canvas:
    values = np.arange(STEPS, dtype=np.float64)
    return np.rint(values + strength * (table - values)).astype(np.uint16)


def _is_sound(before: Canvas, after: Canvas) -> bool:
    if not is_like(_grey(before), _grey(after)):
        return False
    if before.shape[2] == 1:
        return True
    return off_skin(after) <= max(off_skin(before), 0.0)


def off_skin(head: Canvas) -> float:
    """How far the middle of a face (h, w, 3) is from the colours of skin; 0 within."""
    height, width = head.shape[:2]
    middle = head[height // 4 : -height // 4, width // 4 : -width // 4]
    red, green, blue = np.median(middle.reshape(-1, 3), axis=0) / 65535
    total = max(float(red + green + blue), 1e-3)
    warm = _outside(float(red - blue) / total, *REDDER)
    return warm + _outside(float(green - (red + blue) / 2) / total, *GREENER)


def _outside(value: float, low: float, high: float) -> float:
    return max(low - value, value - high, 0.0)


def _grey(head: Canvas) -> Plane:
    return np.asarray(head.mean(axis=2) / 65535, np.float32)
