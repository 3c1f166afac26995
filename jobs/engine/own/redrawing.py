"""Faces that an own model draws anew: where faces are found, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.bands import Change, Tally
from jobs.engine.blocks import to_canvas, to_values
from jobs.engine.contract import Canvas, Plane, Tick
from jobs.engine.faces import Box, find_faces
from jobs.engine.own.channels import luminance, with_channels
from jobs.engine.own.loaded import Loaded
from jobs.engine.tone import shrink

# Where eyes are in the square that such models were trained on (FFHQ, Karras et al., "A
# style-based generator architecture", 2019), in parts of its side.
EYES_APART, EYES_DOWN = 0.25, 0.47
# Where they are in the box of OpenCV's cascade, if they are not found there.
BOX_APART, BOX_DOWN = 0.4, 0.38
STEEPEST = 25.0
# The model's face fades into the photo over this part of its side.
SOFT = 0.12
# Smaller faces than this (pixels) are left alone: too little is known of them.
SMALLEST = 32
# More would take an hour.
MOST = 64


@dataclass(frozen=True)
class Square:
    """Where a face is: middle of the eyes (x, y), side, and how it is turned (degrees)."""

    x: float
    y: float
    side: float
    turned: float


def redraw(
    canvas: Canvas, model: Loaded, *, keep_tone: bool, tick: Tick
) -> Change | None:
    """Have the model draw each face of the canvas (h, w, 1 or 3) anew. `keep_tone`: only
    its light and shade are taken. None
    where no face was found."""
    small = shrink(canvas)
    factor = canvas.shape[0] / small.shape[0]
    grey = luminance(small)[:, :, 0]
    squares = [_square(grey, box, factor) for box in _boxes(grey)[:MOST]]
    least = SMALLEST * BOX_APART / EYES_APART
    squares = [one for one in squares if one.side >= least]
    tally = Tally()
    for number, square in enumerate(squares):
        _redraw_one(canvas, square, model, tally, keep_tone=keep_tone)
        tick((number + 1) / len(squares))
    return tally.change(canvas) if squares else None


def _boxes(grey: Plane) -> list[Box]:
    """Faces in reading order."""
    found = find_faces(grey, tick=lambda part: None)
    boxes = [face.pixels(*grey.shape) for face in found]
    return sorted(boxes, key=lambda box: (box.top, box.left))


def _redraw_one(
    canvas: Canvas, square: Square, model: Loaded, tally: Tally, *, keep_tone: bool
) -> None:
    side = model.spec.size
    there = _to_square(square, side)
    region = _region(there, side, canvas.shape[0], canvas.shape[1])
    rows, columns = region
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    before = to_values(canvas[rows, columns])
    shift = np.array([[0, 0, columns.start], [0, 0, rows.start]], np.float64)
    local = there.copy()
    local[:, 2] += there[:, :2] @ shift[:, 2]
    face = _taken(before, local, side)
    made = with_channels(model.run(face), before.shape[2])
    after = _put_back(before, face, made, local, keep_tone=keep_tone)
    pixels = to_canvas(after)
    tally.add(canvas[rows, columns], pixels)
    canvas[rows, columns] = pixels


def _taken(before: Plane, local: NDArray[np.float64], side: int) -> Plane:
    """The face as the model reads it; a big one is made smaller first, by averaging."""
    shrunk = 1 / np.hypot(local[0, 0], local[1, 0])
    if shrunk > 1:
        before = np.asarray(cv2.GaussianBlur(before, (0, 0), 0.4 * shrunk), np.float32)
    face = cv2.warpAffine(
        before, local, (side, side), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    return np.asarray(face.reshape(side, side, -1), np.float32)


def _put_back(
    before: Plane,
    face: Plane,
    made: Plane,
    local: NDArray[np.float64],
    *,
    keep_tone: bool,
) -> Plane:
    """The photo with the model's change of the face, softly bounded. That the change is
    put back, and not the face, keeps what the model's size cannot hold."""
    before = before.reshape(before.shape[0], before.shape[1], -1)
    change = made - face.reshape(made.shape)
    if keep_tone and change.shape[2] == 3:
        change = np.repeat(luminance(change), 3, axis=2)
    back = cv2.invertAffineTransform(local)
    change = change * _soft_mask(face.shape[0])[:, :, None]
    grown = float(np.hypot(local[0, 0], local[1, 0]))
    if grown > 1:
        soft = cv2.GaussianBlur(change, (0, 0), 0.4 * grown)
        change = np.asarray(soft, np.float32).reshape(change.shape)
    size = (before.shape[1], before.shape[0])
    wide = cv2.warpAffine(
        np.asarray(change, np.float32), back, size, flags=cv2.INTER_LINEAR
    )
    return np.asarray(before + wide.reshape(before.shape), np.float32)


def _soft_mask(side: int) -> Plane:
    """1 in the middle of the square, 0 at its rim."""
    edge = np.minimum(np.arange(side), np.arange(side)[::-1]) / (SOFT * side)
    ramp = np.clip(edge, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.asarray(np.outer(ramp, ramp), np.float32)


def _square(grey: Plane, box: Box, factor: float) -> Square:
    """From the eyes if both are found in the box, else from the box."""
    x, y = box.left, box.top
    wide, high = box.right - box.left, box.bottom - box.top
    eyes = _eyes(grey, box)
    if eyes is None:
        middle = x + wide / 2, y + BOX_DOWN * high
        apart, turned = BOX_APART * wide, 0.0
    else:
        (ax, ay), (bx, by) = eyes
        middle = (ax + bx) / 2, (ay + by) / 2
        apart = float(np.hypot(bx - ax, by - ay))
        turned = float(np.degrees(np.arctan2(by - ay, bx - ax)))
    return Square(
        middle[0] * factor, middle[1] * factor, apart * factor / EYES_APART, turned
    )


def _eyes(
    grey: Plane, box: Box
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Left and right eye (x, y), if there is exactly one on each side and they are as far
    apart as eyes are."""
    x, y = box.left, box.top
    wide, high = box.right - box.left, box.bottom - box.top
    path = Path(cv2.__file__).parent / "data" / "haarcascade_eye_tree_eyeglasses.xml"
    upper = grey[y : y + round(0.6 * high), x : x + wide]
    pixels = np.rint(np.clip(upper, 0, 1) * 255).astype(np.uint8)
    found = cv2.CascadeClassifier(str(path)).detectMultiScale(pixels, 1.1, 3)
    middles = sorted((x + a + c / 2, y + b + d / 2) for a, b, c, d in found)
    if len(middles) != 2:
        return None
    (ax, ay), (bx, by) = middles
    apart = np.hypot(bx - ax, by - ay) / wide
    steep = abs(np.degrees(np.arctan2(by - ay, bx - ax)))
    if not 0.3 <= apart <= 0.55 or steep > STEEPEST:
        return None
    return middles[0], middles[1]


def _to_square(square: Square, side: int) -> NDArray[np.float64]:
    """The affine map (2, 3) from the canvas to the model's square."""
    matrix = cv2.getRotationMatrix2D(
        (square.x, square.y), square.turned, side / square.side
    )
    there = np.asarray(matrix, np.float64)
    there[:, 2] += np.array([side / 2 - square.x, EYES_DOWN * side - square.y])
    return there


def _region(
    there: NDArray[np.float64], side: int, height: int, width: int
) -> tuple[slice, slice]:
    """The rows and columns of the canvas that the square covers."""
    back = cv2.invertAffineTransform(there)
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]])
    places = corners @ back.T
    left, top = np.floor(places.min(axis=0)).astype(int) - 1
    right, bottom = np.ceil(places.max(axis=0)).astype(int) + 1
    rows = slice(max(int(top), 0), min(int(bottom), height))
    return rows, slice(max(int(left), 0), min(int(right), width))
