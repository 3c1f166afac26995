"""Colour cast and fading of colour prints."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas
from jobs.engine.fading import plan_fading
from jobs.engine.tone import Kind, Tone

Tables = tuple[Canvas, ...]


def plan_colour(tone: Tone) -> Tables | None:
    """A table of 65536 values for each channel; None for sound or missing colours.

    A toned print keeps its tone: what fading there is, `contrast` undoes in its greys.
    """
    if tone.kind is not Kind.COLOUR:
        return None
    return plan_fading(tone.quantiles, tone.darkest)


def correct_colour(rows: Canvas, tables: Tables) -> Canvas:
    """Apply the tables to the channels of rows (h, w, 3), 0..65535."""
    pairs = zip(tables, np.moveaxis(rows, 2, 0), strict=True)
    return np.stack([table[channel] for table, channel in pairs], axis=2)
