"""What happens to the surface of a print: scratches, hairs, dust, creases, cracks.

A mark is drawn as coverage (h, w), 0..1, and covers with an ink. Lengths are in `unit`s,
which are pixels in a picture of 500 pixels' height.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training import emulsion
from training.strokes import Sheet, Sketch, beside, walk

Real = NDArray[np.floating]
Random = np.random.Generator

Draw = Callable[[Sketch, Random], None]


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
    craquelure: int = 0
    flakes: int = 0
    folds: int = 0
    rips: int = 0
    corners: int = 0
    faint: float = 0.25


@dataclass(frozen=True)
class Worn:
    """What the marks leave of a picture: `kept` (h, w, 1) of it, and `added` to it."""

    kept: Real
    added: Real

    def over(self, picture: Real) -> Real:
        """(h, w) or (h, w, 3), 0..1, with its marks."""
        deep = picture.reshape(*picture.shape[:2], -1)
        return np.asarray(deep * self.kept + self.added, np.float32).reshape(
            picture.shape
        )

    def cover(self, cover: Real, ink: Real) -> Worn:
        deep = cover[..., None]
        added = self.added * (1 - deep) + deep * ink
        return Worn(self.kept * (1 - deep), np.asarray(added, np.float32))

    def light(self, change: Real) -> Worn:
        """`change` (h, w), -1..1: light and shadow on what is there."""
        return Worn(self.kept, self.added + change[..., None])


def hurt(
    shape: tuple[int, ...], marks: Marks, random: Random, *, unit: float | None = None
) -> Worn:
    """The marks on a picture of that shape, (h, w) or (h, w, 3)."""
    height, width = shape[:2]
    channels = shape[2] if len(shape) == 3 else 1
    sheet = Sheet(height, width, unit or max(min(height, width) / 500, 0.7))
    worn = Worn(
        np.ones((height, width, 1), np.float32),
        np.zeros((height, width, channels), np.float32),
    )
    for _ in range(marks.folds):
        worn = _folded(worn, sheet, marks.faint, random)
    for count, draw, bright, alone, rim in _kinds(marks):
        for _ in range(count if alone else min(count, 4)):
            share = 1 if alone else -(-count // 4)
            worn = _marked(worn, sheet, (draw, bright, share, rim), marks.faint, random)
    return worn


def _kinds(marks: Marks) -> tuple[tuple[int, Draw, float, bool, float], ...]:
    """Count, drawing, chance to be bright, whether each has an ink of its own, and
    chance of light and shadow along its rim."""
    return (
        (marks.scratches, scratch, 0.75, True, 0.0),
        (marks.bundles, bundle, 0.6, True, 0.0),
        (marks.hairs, hair, 0.4, True, 0.0),
        (marks.creases, crease, 0.9, True, 0.2),
        (marks.craquelure, emulsion.craquelure, 0.9, True, 0.2),
        (marks.cracks, emulsion.crack, 0.9, True, 0.3),
        (marks.flakes, emulsion.flake, 0.92, False, 0.6),
        (marks.dust, dust, 0.6, False, 0.0),
        (marks.spots, spot, 0.6, True, 0.2),
        (marks.tears, emulsion.tear, 0.9, True, 0.3),
        (marks.rips, emulsion.rip, 0.9, True, 0.4),
        (marks.corners, emulsion.corner, 0.75, True, 0.4),
    )


def _marked(
    worn: Worn,
    sheet: Sheet,
    kind: tuple[Draw, float, int, float],
    faint: float,
    random: Random,
) -> Worn:
    draw, bright, share, rim = kind
    sketch = Sketch(sheet)
    for _ in range(share):
        draw(sketch, random)
    layer = _aged(sketch.layer(), random)
    ink, strength = _ink(worn.added.shape[2], bright, faint, random)
    worn = worn.cover(layer * np.float32(strength), ink)
    if random.random() < rim:
        worn = worn.light(_rim(layer, strength, random))
    return worn


def _folded(worn: Worn, sheet: Sheet, faint: float, random: Random) -> Worn:
    light, broken = emulsion.fold(sheet, random)
    ink, strength = _ink(worn.added.shape[2], 0.9, faint, random)
    return worn.light(light).cover(_aged(broken, random) * np.float32(strength), ink)


def _rim(layer: Real, strength: float, random: Random) -> Real:
    """Lifted edges: lit on one side and dark on the other, or dark all around."""
    depth = random.uniform(0.05, 0.25) * strength
    soft = cv2.GaussianBlur(layer, (0, 0), random.uniform(0.6, 1.5))
    if random.random() < 0.5:
        around = np.clip(np.asarray(soft) * 2, 0, 1) - layer
        return np.asarray(-depth * np.clip(around, 0, 1), np.float32)
    turn = random.uniform(0, 2 * np.pi)
    slope_x, slope_y = cv2.Sobel(soft, -1, 1, 0), cv2.Sobel(soft, -1, 0, 1)
    slope = slope_x * np.cos(turn) + slope_y * np.sin(turn)
    return np.asarray(depth * np.clip(slope, -1, 1), np.float32)


def _aged(layer: Real, random: Random) -> Real:
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
    channels: int, bright: float, faint: float, random: Random
) -> tuple[Real, float]:
    """Paper or dirt, thinned emulsion, or only one of its dyes; and how it covers."""
    is_bright = random.random() < bright
    strength = random.uniform(0.55, 1.0)
    value = random.uniform(0.8, 1.0) if is_bright else random.uniform(0.0, 0.2)
    ink: Real = np.full(channels, value, np.float32)
    if channels == 3 and random.random() < 0.35:
        ink = ink * (1 - random.uniform(0, 0.3) * np.array([0.0, 0.4, 1.0]))
    if channels == 3 and random.random() < 0.08:
        ink = random.uniform(0, 1, 3).astype(np.float32)
    if random.random() < faint:
        strength *= random.uniform(0.2, 0.6)
    return ink.astype(np.float32), strength


def scratch(sketch: Sketch, random: Random) -> None:
    sheet = sketch.sheet
    length = random.uniform(0.15, 0.9) * sheet.long
    path = walk(sheet, length, 0.02, random)
    sketch.line(path, random.uniform(0.6, 2.2) * sheet.unit)


def bundle(sketch: Sketch, random: Random) -> None:
    """Parallel scratches, as transport through a machine leaves them."""
    sheet = sketch.sheet
    first = walk(sheet, random.uniform(0.4, 1.5) * sheet.long, 0.004, random)
    for _ in range(random.integers(2, 6)):
        path = beside(first, random.normal(0, 12 * sheet.unit))
        sketch.line(path, random.uniform(0.5, 1.2) * sheet.unit)


def hair(sketch: Sketch, random: Random) -> None:
    sheet = sketch.sheet
    length = random.uniform(25, 150) * sheet.unit
    path = walk(sheet, length, random.uniform(0.1, 0.35), random)
    sketch.line(path, random.uniform(0.7, 1.8) * sheet.unit)


def crease(sketch: Sketch, random: Random) -> None:
    sheet = sketch.sheet
    path = walk(sheet, random.uniform(0.7, 1.4) * sheet.long, 0.04, random)
    path = path + random.normal(0, 0.8 * sheet.unit, path.shape)
    sketch.line(path, random.uniform(2, 4.5) * sheet.unit)


def dust(sketch: Sketch, random: Random) -> None:
    emulsion.blob(sketch, random.uniform(0.6, 2.2) * sketch.sheet.unit, random)


def spot(sketch: Sketch, random: Random) -> None:
    emulsion.blob(sketch, random.uniform(2.5, 8) * sketch.sheet.unit, random)
