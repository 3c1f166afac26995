"""Renditions: small upright sRGB JPEGs, made from as few decoded pixels as possible."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from albums.images.aslant import straighten
from albums.images.colour import Colours, colours_of
from albums.images.encoding import write_small_jpeg
from albums.images.opening import Source, opened, orientation_of
from albums.images.orientation import SIDEWAYS, stored_box, upright_size
from albums.images.pictures import Box, Format
from albums.images.pixels import in_memory, read_pixels, to_shallow, within
from albums.images.refusals import BadPicture

Pixels = NDArray[Any]

QUALITY = 82
# Faces are looked at closely.
PART_SIDE = 480
PART_QUALITY = 90
REDUCED = {
    (3, 1): cv2.IMREAD_COLOR,
    (3, 2): cv2.IMREAD_REDUCED_COLOR_2,
    (3, 4): cv2.IMREAD_REDUCED_COLOR_4,
    (3, 8): cv2.IMREAD_REDUCED_COLOR_8,
    (1, 1): cv2.IMREAD_GRAYSCALE,
    (1, 2): cv2.IMREAD_REDUCED_GRAYSCALE_2,
    (1, 4): cv2.IMREAD_REDUCED_GRAYSCALE_4,
    (1, 8): cv2.IMREAD_REDUCED_GRAYSCALE_8,
}
# How to mirror (OpenCV's flip codes) what was laid on its side where needed.
MIRRORS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
# Up to here a cubic filter shows no aliasing and takes a quarter of the time.
CUBIC_UP_TO = 1.5


@dataclass(frozen=True)
class Plan:
    """What of a JPEG is needed: the stored box, how long what is shown of it is, its
    orientation, and its colours."""

    box: Box
    longest: int
    orientation: int
    colours: Colours


def write_renditions(
    source: Source, page: int, crop: Box | None, targets: Mapping[int, Path]
) -> None:
    """One JPEG for each longest side in `targets`, none larger than the page."""
    claim = source.page(page)
    if source.format is Format.JPEG and claim.channels in {1, 3}:
        _write_from_jpeg(source, crop, targets)
        return
    pixels = to_shallow(read_pixels(source, page, crop, in_memory))
    for side, path in sorted(targets.items(), reverse=True):
        pixels = fitted(pixels, side)
        _write(pixels, path)


def _write(rgb: Pixels, path: Path) -> None:
    bgr = rgb if rgb.ndim == 2 else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    write_small_jpeg(bgr, path, quality=QUALITY)


def write_parts(pixels: Pixels, targets: Mapping[Box, Path]) -> None:
    """A small JPEG of each box of an upright uint8 picture, cut to the picture."""
    height, width = pixels.shape[:2]
    for wanted, path in targets.items():
        box = within(wanted, width, height)
        part = fitted(pixels[box.top : box.bottom, box.left : box.right], PART_SIDE)
        bgr = part if part.ndim == 2 else cv2.cvtColor(part, cv2.COLOR_RGB2BGR)
        write_small_jpeg(bgr, path, quality=PART_QUALITY)


def _write_from_jpeg(
    source: Source, crop: Box | None, targets: Mapping[int, Path]
) -> None:
    plan = _plan(source, crop)
    sides = sorted(targets, reverse=True)
    if crop and crop.angle:
        pixels = fitted(_read_aslant(source, plan, crop, sides[0]), sides[0])
    else:
        stored = fitted(_read_reduced(source, plan, sides[0]), sides[0])
        pixels = turned(stored, plan.orientation)
    if plan.colours.convert:
        pixels = _converted(pixels, plan.colours)
    for side in sides:
        pixels = fitted(pixels, side)
        write_small_jpeg(pixels, targets[side], quality=QUALITY)


def _plan(source: Source, crop: Box | None) -> Plan:
    with opened(source, 0) as image:
        orientation = orientation_of(image, source, 0)
        colours = colours_of(image, image.mode)
        width, height = upright_size(image.width, image.height, orientation)
    if crop and crop.angle:
        shown, needed = crop, Box(0, 0, width, height)
    else:
        shown = needed = within(crop, width, height)
    box = stored_box(needed, width, height, orientation)
    return Plan(box, max(shown.width, shown.height), orientation, colours)


def _read_aslant(source: Source, plan: Plan, crop: Box, side: int) -> Pixels:
    """The print that lies aslant, upright, from the page decoded at a fraction."""
    scale = _scale(plan, side)
    page = turned(_read_reduced(source, plan, side), plan.orientation)
    size = max(1, round(crop.height / scale)), max(1, round(crop.width / scale))
    upright = np.empty((*size, *page.shape[2:]), page.dtype)
    straighten(
        upright,
        lambda box: page[box.top : box.bottom, box.left : box.right],
        (page.shape[1], page.shape[0]),
        (crop.middle[0] / scale, crop.middle[1] / scale),
        crop.angle,
    )
    return upright


def _scale(plan: Plan, side: int) -> int:
    return max(n for n in (1, 2, 4, 8) if n == 1 or plan.longest >= n * side)


def _read_reduced(source: Source, plan: Plan, side: int) -> Pixels:
    """Decoded at a half, a quarter or an eighth where that leaves `side` pixels."""
    scale = _scale(plan, side)
    claim = source.page(0)
    flags = REDUCED[claim.channels, scale] | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(source.data, np.uint8), flags)
    # The file's pages are not needed beside the copies to come.
    source.data.madvise(mmap.MADV_DONTNEED)
    if pixels is None:
        raise BadPicture("broken", detail="not decoded")
    if plan.box == Box(0, 0, claim.width, claim.height):
        return pixels
    left, top = plan.box.left // scale, plan.box.top // scale
    right, bottom = -(-plan.box.right // scale), -(-plan.box.bottom // scale)
    return pixels[top:bottom, left:right]


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Upright; five times as fast as copying a turned view."""
    if orientation in SIDEWAYS:
        pixels = cv2.transpose(pixels)
    if orientation in MIRRORS:
        pixels = cv2.flip(pixels, MIRRORS[orientation])
    return pixels


def _converted(bgr: Pixels, colours: Colours) -> Pixels:
    if bgr.ndim == 2:
        return colours.pixels(bgr)
    rgb = colours.pixels(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)


def fitted(pixels: Pixels, side: int) -> Pixels:
    """At most `side` pixels long, in proportion; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    return resized(pixels, side / max(height, width))


def resized(pixels: Pixels, factor: float) -> Pixels:
    """Scaled down by `factor`; returned as it is when that would enlarge it."""
    if factor >= 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    cubic = 1 / factor < CUBIC_UP_TO
    method = cv2.INTER_CUBIC if cubic else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size, interpolation=method))
