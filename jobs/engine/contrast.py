"""Blacks and whites of the whole picture, the same for all its colours."""

from __future__ import annotations

import numpy as np

from jobs.engine.contract import Canvas
from jobs.engine.fading import plan_fading
from jobs.engine.tone import Kind, Tone

_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def plan_contrast(tone: Tone) -> Canvas | None:
    """A table of 65536 values that brings black and white back; None if both are there."""
    tables = plan_fading(tone.quantiles.mean(axis=0, keepdims=True))
    return tables[0] if tables else None


def raise_contrast(rows: Canvas, table: Canvas, kind: Kind) -> Canvas:
    """Apply the table to rows (h, w, 1 or 3), 0..65535.

    A colour picture gets it in each channel, so that its colours gain with its greys. A
    toned or black-and-white one gets it in its greys alone: its tone stays as it is,
    and no speck of colour grows.
    """
    if kind is Kind.COLOUR or rows.shape[2] == 1:
        return table[rows]
    grey = np.rint(rows.astype(np.float32) @ _GREY).astype(np.int32)
    lift = table[np.clip(grey, 0, 65535)].astype(np.int32) - grey
    lifted = np.clip(rows.astype(np.int32) + lift[:, :, None], 0, 65535)
    return np.asarray(lifted, np.uint16)


def to_grey(rows: Canvas) -> Canvas:
    """Rows (h, w, 3), 0..65535, with their luminance in all three channels."""
    grey = np.rint(rows.astype(np.float32) @ _GREY)
    return np.asarray(grey[:, :, None].repeat(3, axis=2), np.uint16)
