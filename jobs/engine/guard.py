"""Holding a stage back in the faces that it would change."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.bands import narrow
from jobs.engine.blocks import to_canvas, to_values
from jobs.engine.contract import Canvas, Pixels, Plane, Workspace
from jobs.engine.faces import Box, Face

# Faces are compared at this size: their features, and not the grain upon them.
SIDE = 320
WINDOW = 15
# What a face must keep: likeness of its structure, and of how crisp it is.
ALIKE = 0.90
CRISP = 0.66, 1.6
# Marks no broader than this, in pixels of the compared copy, are no features.
THIN = 9
# Power of what is no structure.
CALM = 1e-6
# A held-back face fades into its surroundings over this part of its size.
RIM = 0.2
STEPS = (0.5, 0.0)
ROWS = 256
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Kept:
    """The pixels of one face and its rim as they were before a stage."""

    face: Face
    box: Box
    pixels: Canvas


class Guard:
    """The faces of one canvas. `keep` before a stage, `hold` after it."""

    def __init__(
        self, shape: tuple[int, ...], faces: tuple[Face, ...], workspace: Workspace
    ) -> None:
        height, width, channels = shape
        self.faces = faces
        self.kept = []
        for face in faces:
            box = face.pixels(height, width, around=RIM)
            size = (box.bottom - box.top, box.right - box.left, channels)
            if min(size) > 0:
                self.kept.append(Kept(face, box, workspace(size, np.uint16)))

    def keep(self, canvas: Canvas) -> None:
        for kept in self.kept:
            np.copyto(kept.pixels, canvas[kept.box.slices])

    def hold(self, canvas: Canvas, *, marks: bool = False) -> int:
        """Gives faces back what a stage took; how many there were.

        `marks`: the stage fills marks, and what is thin may go, but all that is left
        is to be what it was. Otherwise half of the change may stay where that is little
        enough.
        """
        steps = (0.0,) if marks else STEPS
        return sum(_hold(canvas, kept, steps, marks) for kept in self.kept)


def hold_enlarged(
    canvas: Canvas, picture: Pixels, factor: int, faces: tuple[Face, ...]
) -> int:
    """Where enlarging has changed a face of the canvas (h, w, c), plain bicubic values
    take its place in the picture (factor h, factor w, c); how many faces there were."""
    held = 0
    height, width = canvas.shape[:2]
    for face in faces:
        box = face.pixels(height, width, around=RIM)
        large = box.times(factor)
        made = picture[large.slices]
        size = (box.right - box.left, box.bottom - box.top)
        if min(size) == 0:
            continue
        again = cv2.resize(_widened(made), size, interpolation=cv2.INTER_AREA)
        if is_like(_small(canvas[box.slices]), _small(np.asarray(again, np.uint16))):
            continue
        held += 1
        size = (made.shape[1], made.shape[0])
        plain = cv2.resize(canvas[box.slices], size, interpolation=cv2.INTER_CUBIC)
        kept = Kept(face, large, np.asarray(plain.reshape(made.shape), np.uint16))
        whole = np.array(_widened(made))
        _mix(whole, kept, 0.0)
        made[:] = narrow(whole) if picture.dtype == np.uint8 else whole
    return held


def _widened(pixels: Pixels) -> Canvas:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint16) * np.uint16(257)
    return np.asarray(pixels, np.uint16)


def _hold(canvas: Canvas, kept: Kept, steps: tuple[float, ...], marks: bool) -> bool:
    after = canvas[kept.box.slices]
    before_small, after_small = _small(kept.pixels), _small(after)
    if is_like(before_small, after_small, marks=marks):
        return False
    for part in steps:
        mixed = before_small + np.float32(part) * (after_small - before_small)
        if part == 0 or is_like(before_small, mixed, marks=marks):
            _mix(after, kept, part)
            break
    return True


def is_like(before: Plane, after: Plane, *, marks: bool = False) -> bool:
    """Whether a face (h, w), grey, is still the same one, however its tones have moved."""
    if marks:
        before, after = _without_thin(before), _without_thin(after)
    alike, crisp = likeness(before, after)
    return alike >= ALIKE and (marks or CRISP[0] <= crisp <= CRISP[1])


def likeness(before: Plane, after: Plane) -> tuple[float, float]:
    """How much of the structure of (h, w), grey 0..1, is there, 0..1, and how crisp it
    is, 1 for as crisp as it was. Neither minds brightness or contrast.

    The first is the structure term of Wang et al., "Image quality assessment: from
    error visibility to structural similarity", 2004, in windows that count by how much
    they have; the second compares detail of two pixels with that of windows.
    """
    soft_before, soft_after = _blurred(before, 1.0), _blurred(after, 1.0)
    mean_before, mean_after = _mean(soft_before), _mean(soft_after)
    power_before = np.maximum(_mean(soft_before**2) - mean_before**2, 0)
    power_after = np.maximum(_mean(soft_after**2) - mean_after**2, 0)
    both = _mean(soft_before * soft_after) - mean_before * mean_after
    # What was something and is flat has lost its structure.
    structure = both / (np.sqrt(power_before * power_after) + np.float32(CALM))
    weights = np.sqrt(power_before) + 1e-6
    alike = float(np.sum(structure * weights) / np.sum(weights))
    fine_before, fine_after = _fine(before), _fine(after)
    coarse = float(power_after.mean()) / max(float(power_before.mean()), 1e-9)
    fine = (fine_after + 1e-7) / (fine_before + 1e-7)
    return alike, float(np.sqrt(fine / max(coarse, 1e-6)))


def _fine(plane: Plane) -> float:
    """Power of detail of two to four pixels, where it is strongest."""
    detail = np.square(_blurred(plane, 0.8) - _blurred(plane, 2.0))
    strong = detail >= np.quantile(detail, 0.9)
    return float(detail[strong].mean())


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _mean(plane: Plane) -> Plane:
    return np.asarray(cv2.blur(plane, (WINDOW, WINDOW)), np.float32)


def _without_thin(plane: Plane) -> Plane:
    pixels = np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.medianBlur(pixels, THIN) / np.float32(255), np.float32)


def _small(pixels: Pixels) -> Plane:
    """(h, w), grey 0..1, no side over SIDE."""
    height, width = pixels.shape[:2]
    factor = min(SIDE / max(height, width), 1.0)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    values = to_values(np.asarray(small.reshape(size[1], size[0], -1), np.uint16))
    return np.asarray(
        values[:, :, 0] if values.shape[2] == 1 else values @ _GREY, np.float32
    )


def _mix(after: Canvas, kept: Kept, part: float) -> None:
    """Leave `part` of the change inside the face, and all of it at the rim's end."""
    height, width = after.shape[:2]
    down, across = _ramp(height), _ramp(width)
    for top in range(0, height, ROWS):
        rows = np.s_[top : top + ROWS]
        held = np.minimum(down[rows, None], across[None, :])[:, :, None]
        stays = 1 - np.float32(1 - part) * held
        before = to_values(kept.pixels[rows])
        mixed = before + stays * (to_values(after[rows]) - before)
        after[rows] = to_canvas(np.asarray(mixed, np.float32))


def _ramp(length: int) -> NDArray[np.float32]:
    """1 in the face, falling to 0 at both ends of its rim, smoothly."""
    rim = max(RIM / (1 + 2 * RIM) * length, 1.0)
    place = np.arange(length, dtype=np.float32) + np.float32(0.5)
    near = np.clip(np.minimum(place, length - place) / rim, 0, 1)
    return np.asarray((1 - np.cos(np.pi * near)) / 2, np.float32)
