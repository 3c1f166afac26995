"""What happens to the surface of a print: scratches, hairs, dust, creases, cracks.

Pictures are (h, w) or (h, w, 3), float32, 0..1, encoded. A mark is drawn as coverage
(h, w), 0..1; where it is over a quarter, the mask of the truth is set. Lengths are in
`unit`s, which are pixels in a picture of 500 pixels' height.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Random = np.random.Generator

# Drawn at twice the size, with smooth lines, and averaged.
SCALE = 2
SHIFT = 4
COVERED = 0.25


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How many marks of each kind; `faint` is the share that covers but thinly."""

    scratches: int = 0
    bundles: int = 0
    hairs: int = 0
    dust: int = 0
    creases: int = 0
    cracks: int = 0
    spots: int = 0
    tears: int = 0
    faint: float = 0.25


@dataclass(frozen=True)
class Sheet:
    """The size of the print in pixels, and how many of them a unit has."""

    height: int
    width: int
    unit: float

    @property
    def long(self) -> float:
        return max(self.height, self.width)


Draw = Callable[[Sheet, Random], Real]


def hurt(
    picture: Real, marks: Marks, random: Random, *, unit: float | None = None
) -> tuple[Real, NDArray[np.bool_]]:
    """The picture with its marks, and where they are."""
    height, width = picture.shape[:2]
    sheet = Sheet(height, width, unit or max(min(height, width) / 500, 0.7))
    mask = np.zeros((height, width), bool)
    for count, draw, bright, alone in _kinds(marks):
        for _ in range(count if alone else min(count, 4)):
            share = count if alone else -(-count // 4)
            layer = _worn(_together(draw, sheet, random, 1 if alone else share), random)
            if layer.any():
                picture = _ink(picture, layer, bright, marks.faint, random)
                mask |= layer > COVERED
    return picture, mask


def _kinds(marks: Marks) -> tuple[tuple[int, Draw, float, bool], ...]:
    """Count, drawing, chance to be bright, and whether each has an ink of its own."""
    return (
        (marks.scratches, scratch, 0.75, True),
        (marks.bundles, bundle, 0.6, True),
        (marks.hairs, hair, 0.4, True),
        (marks.creases, crease, 0.9, True),
        (marks.cracks, crack, 0.9, True),
        (marks.dust, dust, 0.6, False),
        (marks.spots, spot, 0.6, True),
        (marks.tears, tear, 0.9, True),
    )


def _together(draw: Draw, sheet: Sheet, random: Random, count: int) -> Real:
    layer = draw(sheet, random)
    for _ in range(count - 1):
        layer = np.maximum(layer, draw(sheet, random))
    return layer


def _worn(layer: Real, random: Random) -> Real:
    """Some marks are interrupted, some have soft edges."""
    if random.random() < 0.3:
        size = tuple(int(x) for x in random.integers(3, 14, 2))
        wear = random.uniform(-0.4, 1.8, size).astype(np.float32)
        wide = cv2.resize(wear, layer.shape[::-1], interpolation=cv2.INTER_LINEAR)
        layer = np.asarray(layer * np.clip(wide, 0, 1), np.float32)
    if random.random() < 0.35:
        layer = cv2.GaussianBlur(layer, (0, 0), random.uniform(0.4, 0.9))  # type: ignore[assignment]
    return np.asarray(layer, np.float32)


def _ink(
    picture: Real, layer: Real, bright: float, faint: float, random: Random
) -> Real:
    """Cover with paper or dirt, or thin the emulsion, or only one of its dyes."""
    channels = picture.shape[2:]
    is_bright = random.random() < bright
    strength = random.uniform(0.55, 1.0)
    value = random.uniform(0.8, 1.0) if is_bright else random.uniform(0.0, 0.2)
    ink: Real = np.full(channels or (1,), value, np.float32)
    if channels and random.random() < 0.35:
        ink = ink * (1 - random.uniform(0, 0.3) * np.array([0.0, 0.4, 1.0]))
    if channels and random.random() < 0.08:
        ink = random.uniform(0, 1, 3).astype(np.float32)
    if random.random() < faint:
        strength *= random.uniform(0.2, 0.6)
    cover = (layer * np.float32(strength)).reshape(layer.shape + (1,) * len(channels))
    paper = ink.astype(np.float32) if channels else float(ink[0])
    return np.asarray(picture * (1 - cover) + cover * paper, np.float32)


def scratch(sheet: Sheet, random: Random) -> Real:
    length = random.uniform(0.15, 0.9) * sheet.long
    path = _walk(sheet, length, 0.02, random)
    return _line(sheet, path, random.uniform(0.6, 2.2) * sheet.unit)


def bundle(sheet: Sheet, random: Random) -> Real:
    """Parallel scratches, as transport through a machine leaves them."""
    layer = np.zeros((sheet.height, sheet.width), np.float32)
    first = _walk(sheet, random.uniform(0.4, 1.5) * sheet.long, 0.004, random)
    across = np.array([first[-1, 1] - first[0, 1], first[0, 0] - first[-1, 0]])
    across /= max(float(np.hypot(*across)), 1.0)
    for _ in range(random.integers(2, 6)):
        path = first + across * random.normal(0, 12 * sheet.unit)
        part = _line(sheet, path, random.uniform(0.5, 1.2) * sheet.unit)
        layer = np.maximum(layer, part)
    return layer


def hair(sheet: Sheet, random: Random) -> Real:
    length = random.uniform(25, 150) * sheet.unit
    path = _walk(sheet, length, random.uniform(0.1, 0.35), random)
    return _line(sheet, path, random.uniform(0.7, 1.8) * sheet.unit)


def crease(sheet: Sheet, random: Random) -> Real:
    path = _walk(sheet, random.uniform(0.7, 1.4) * sheet.long, 0.04, random)
    path = path + random.normal(0, 0.8 * sheet.unit, path.shape)
    return _line(sheet, path, random.uniform(2, 4.5) * sheet.unit)


def crack(sheet: Sheet, random: Random) -> Real:
    """A jagged break of the emulsion that branches, as wide as it pleases."""
    length = random.uniform(0.2, 0.8) * sheet.long
    layer = np.zeros((sheet.height, sheet.width), np.float32)
    paths = [_walk(sheet, length, 0.3, random)]
    for _ in range(random.integers(1, 7)):
        stem = paths[random.integers(len(paths))]
        branch = _walk(sheet, length * random.uniform(0.15, 0.5), 0.3, random)
        paths.append(branch - branch[0] + stem[random.integers(len(stem))])
    widest = random.uniform(1.2, 3.8)
    for path in paths:
        path = path + random.normal(0, 0.9 * sheet.unit, path.shape)
        for start in range(0, len(path) - 1, 4):
            thickness = random.uniform(0.7, widest) * sheet.unit
            part = _line(sheet, path[start : start + 5], thickness)
            layer = np.maximum(layer, part)
    return layer


def dust(sheet: Sheet, random: Random) -> Real:
    return _blob(sheet, random.uniform(0.6, 2.2) * sheet.unit, random)


def spot(sheet: Sheet, random: Random) -> Real:
    return _blob(sheet, random.uniform(2.5, 8) * sheet.unit, random)


def tear(sheet: Sheet, random: Random) -> Real:
    """A piece of the rim that is gone."""
    side = random.integers(4)
    along = sheet.width if side % 2 == 0 else sheet.height
    middle, half = random.uniform(0, along), random.uniform(8, 60) * sheet.unit
    depth = random.uniform(4, 30) * sheet.unit
    steps = np.linspace(-1, 1, 15)
    reach = depth * np.sqrt(1 - steps**2) + random.normal(0, 1.5 * sheet.unit, 15)
    line = np.stack([middle + half * steps, np.maximum(reach, -1)], axis=1)
    points = np.concatenate([[(line[0, 0], -5)], line, [(line[-1, 0], -5)]])
    if side % 2:
        points = points[:, ::-1]
    if side >= 2:
        points = (sheet.width, sheet.height) - points
    return _polygon(sheet, points)


def _walk(sheet: Sheet, length: float, wobble: float, random: Random) -> Real:
    steps = 24
    angle = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, wobble, steps))
    leaps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / steps
    middle = random.uniform(0.05, 0.95, 2) * (sheet.width, sheet.height)
    path = np.cumsum(leaps, axis=0)
    return np.asarray(path - path[steps // 2] + middle, np.float32)


def _line(sheet: Sheet, path: Real, thickness: float) -> Real:
    """Lines thinner than a pixel of the drawing become fainter instead."""
    points = np.rint(path * SCALE * 2**SHIFT).astype(np.int32).reshape(-1, 1, 2)
    wide = max(1, round(thickness * SCALE))
    thin = min(1.0, thickness * SCALE)
    return _drawn(
        sheet,
        path,
        thickness,
        lambda canvas, origin: cv2.polylines(
            canvas,
            [points - np.int32(SCALE * 2**SHIFT) * origin],
            False,
            round(255 * thin),
            wide,
            cv2.LINE_AA,
            SHIFT,
        ),
    )


def _polygon(sheet: Sheet, path: NDArray[np.floating]) -> Real:
    points = np.rint(path * SCALE * 2**SHIFT).astype(np.int32).reshape(-1, 1, 2)
    return _drawn(
        sheet,
        path,
        1.0,
        lambda canvas, origin: cv2.fillPoly(
            canvas,
            [points - np.int32(SCALE * 2**SHIFT) * origin],
            255,
            cv2.LINE_AA,
            SHIFT,
        ),
    )


def _drawn(
    sheet: Sheet,
    path: NDArray[np.floating],
    margin: float,
    draw: Callable[[NDArray[np.uint8], NDArray[np.int32]], object],
) -> Real:
    """Only the part of the sheet is drawn that the path touches."""
    layer = np.zeros((sheet.height, sheet.width), np.float32)
    margin = margin + 3
    size = (sheet.width, sheet.height)
    low = np.clip(np.floor(path.min(axis=0) - margin), 0, size).astype(np.int32)
    high = np.clip(np.ceil(path.max(axis=0) + margin), 0, size).astype(np.int32)
    wide, tall = (int(x) for x in high - low)
    if wide <= 0 or tall <= 0:
        return layer
    canvas = np.zeros((tall * SCALE, wide * SCALE), np.uint8)
    draw(canvas, low)
    small = cv2.resize(canvas, (wide, tall), interpolation=cv2.INTER_AREA)
    layer[low[1] : high[1], low[0] : high[0]] = small.astype(np.float32) / 255
    return layer


def _blob(sheet: Sheet, radius: float, random: Random) -> Real:
    corners = 9
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = radius * random.uniform(0.6, 1.3, corners)
    middle = random.uniform(0, 1, 2) * (sheet.width, sheet.height)
    shape = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1)
    shape[:, 0] *= random.uniform(0.5, 1.0)
    return _polygon(sheet, shape + middle)
