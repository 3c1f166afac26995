"""Filling what the mask marks from what is around it."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine import network
from jobs.engine.blocks import to_canvas, to_values
from jobs.engine.contract import Canvas, Mask, Plane
from jobs.engine.smooth import fill_smoothly

NETWORK = "fill.onnx"
TILE = 512
# A hole is filled from its rim, so a tile must see the whole of the holes in it.
HALO = 96
# The network looks less far.
NEAR = 48
# Holes broader than this hide whatever is in them.
BROAD = 17
# The spread of the pixels around, over so many of them, and how often it may be added.
AROUND, VARIED = 25, 1.0


def fill(rows: Canvas, mask: Mask) -> Canvas:
    """Inpaint rows (h, w, c) where `mask` (h, w) is not 0.

    Smoothly, in tiles and only where needed; the network for holes, where it is there,
    then adds the lines and edges that go on inside them.
    """
    filled = rows.copy()
    for y in range(0, rows.shape[0], TILE):
        for x in range(0, rows.shape[1], TILE):
            tile = np.s_[y : y + TILE, x : x + TILE]
            if mask[tile].any():
                filled[tile] = _fill_tile(rows, mask, y, x)
    return filled


def _fill_tile(rows: Canvas, mask: Mask, y: int, x: int) -> Canvas:
    top, left = max(y - HALO, 0), max(x - HALO, 0)
    wide = np.s_[top : y + TILE + HALO, left : x + TILE + HALO]
    holes = np.ascontiguousarray(mask[wide])
    values = to_values(rows[wide])
    made = rough(values, holes)
    if network.is_there(NETWORK):
        inner = np.zeros_like(holes)
        place = np.s_[y - top : y - top + TILE, x - left : x - left + TILE]
        inner[place] = holes[place]
        made = _refined(values, made, holes, inner)
    inside = made[y - top : y - top + TILE, x - left : x - left + TILE]
    here = mask[y : y + TILE, x : x + TILE, None] > 0
    return np.where(here, to_canvas(inside), rows[y : y + TILE, x : x + TILE])


def rough(values: Plane, holes: Mask) -> Plane:
    """Values (h, w, c), 0..1, with each channel filled smoothly."""
    planes = [
        fill_smoothly(np.ascontiguousarray(plane), holes)
        for plane in np.moveaxis(values, 2, 0)
    ]
    return np.stack(planes, axis=2)


def shown(values: Plane, filled: Plane, holes: Mask) -> Plane:
    """What the network may see of the holes: thin marks, which seldom cover all."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (BROAD, BROAD))
    broad = cv2.morphologyEx(holes, cv2.MORPH_OPEN, disc)
    if not broad.any():
        return values
    around = cv2.dilate(broad, np.ones((5, 5), np.uint8))
    hidden = (around > 0) & (holes > 0)
    return np.where(hidden[..., None], filled, values)


def _refined(values: Plane, filled: Plane, holes: Mask, wanted: Mask) -> Plane:
    """The filled tile, with what the network adds where `wanted` is not 0.

    A U-Net of 1.3 million weights, see docs/models/fill.md.
    """
    x, y, wide, tall = cv2.boundingRect(wanted)
    # Whole steps, so that a picture cut otherwise is filled in the same way.
    top, left = (max(v - NEAR, 0) // network.STEP * network.STEP for v in (y, x))
    box = np.s_[top : y + tall + NEAR, left : x + wide + NEAR]
    rough, marks = filled[box], holes[box]
    seen = shown(values, filled, holes)[box]
    pictures = [network.three(part) - np.float32(0.5) for part in (rough, seen)]
    inside = (marks > 0).astype(np.float32)[..., None]
    added = network.run(NETWORK, np.concatenate([*pictures, inside], axis=2))
    if rough.shape[2] == 1:
        added = added.mean(axis=2, keepdims=True)
    most = _unrest(values[box], inside)
    made = filled.copy()
    made[box] = rough + np.clip(added, -most, most) * inside
    return made


def _unrest(values: Plane, inside: Plane) -> Plane:
    """How far (h, w, c) a filling may be from the smooth one: as far as what is around
    varies. Through a scratch on a plain wall nothing can be seen but the scratch."""
    known = 1 - inside[..., 0]
    size = (AROUND, AROUND)
    share = np.maximum(cv2.blur(known, size), 1e-3)[..., None]
    known = known[..., None]
    mean = _blurred(values * known) / share
    power = _blurred(np.square(values) * known) / share - np.square(mean)
    return np.asarray(VARIED * np.sqrt(np.maximum(power, 0)), np.float32)


def _blurred(values: Plane) -> Plane:
    soft = cv2.blur(np.asarray(values, np.float32), (AROUND, AROUND))
    return np.asarray(soft, np.float32).reshape(values.shape)
