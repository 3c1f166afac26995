"""Colours that an own model makes up, on the lightness of the picture itself."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.bands import Band, Change, sweep
from jobs.engine.blocks import to_canvas, to_values
from jobs.engine.contract import Canvas, Plane, Tick
from jobs.engine.own.channels import coloured, lightness, with_channels
from jobs.engine.own.loaded import Loaded
from jobs.engine.own.spec import Kind
from jobs.engine.tone import shrink

# The model's own time is more than half of the work on a usual scan.
MODEL_PART = 0.6


def colour(canvas: Canvas, model: Loaded, *, tick: Tick) -> Change:
    """Colour the canvas (h, w, 3). Its lightness stays, as far as a colour can be that
    light.

    The model sees the whole picture as a square of its size, without colours, as
    DDColor's own program gives it (Kang et al., "DDColor", 2023).
    """
    ab = guess(shrink(canvas), model)
    tick(MODEL_PART)
    height, width = canvas.shape[:2]

    def work(rows: Canvas, band: Band) -> Canvas:
        part = _rows_of(ab, band.top, band.bottom, height, width)
        return to_canvas(coloured(lightness(to_values(rows)), part))

    return sweep(
        canvas, work, tick=lambda part: tick(MODEL_PART + (1 - MODEL_PART) * part)
    )


def guess(small: Plane, model: Loaded) -> Plane:
    """a and b of Lab, (size, size, 2), for a small copy of the picture."""
    side = model.spec.size
    area = min(small.shape[:2]) > side
    how = cv2.INTER_AREA if area else cv2.INTER_LINEAR
    square = cv2.resize(small, (side, side), interpolation=how)
    light = lightness(np.asarray(square.reshape(side, side, -1), np.float32))
    grey = coloured(light, np.zeros((side, side, 2), np.float32))
    made = model.run(grey)
    if model.spec.made_colour is Kind.AB:
        return made
    lab = cv2.cvtColor(with_channels(made, 3), cv2.COLOR_RGB2LAB)
    return np.ascontiguousarray(lab[:, :, 1:], np.float32)


def _rows_of(ab: Plane, top: int, bottom: int, height: int, width: int) -> Plane:
    """Rows of the enlarged colours: between the model's rows, then its columns."""
    side = ab.shape[0]
    y = (np.arange(top, bottom) + 0.5) * side / height - 0.5
    y = np.clip(y, 0, side - 1)
    first = np.floor(y).astype(np.intp)
    part = (y - first).astype(np.float32)[:, None, None]
    second = np.minimum(first + 1, side - 1)
    rows = ab[first] * (1 - part) + ab[second] * part
    wide = cv2.resize(rows, (width, bottom - top), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide.reshape(bottom - top, width, 2), np.float32)
