"""Where the emulsion of a print has broken: cracks, flakes, folds, tears."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.strokes import Sheet, Sketch, beside, jagged, walk

Real = NDArray[np.floating]
Random = np.random.Generator


def crack(sketch: Sketch, random: Random) -> None:
    """A jagged break that branches, as wide as it pleases."""
    sheet = sketch.sheet
    length = random.uniform(0.2, 0.8) * sheet.long
    wobble = random.uniform(0.05, 0.35)
    paths = [walk(sheet, length, wobble, random)]
    for _ in range(random.integers(1, 7)):
        stem = paths[random.integers(len(paths))]
        branch = walk(sheet, length * random.uniform(0.15, 0.5), 0.3, random)
        paths.append(branch - branch[0] + stem[random.integers(len(stem))])
    widest = random.uniform(1.0, 3.8)
    for path in paths:
        path = path + random.normal(0, 0.9 * sheet.unit, path.shape)
        _uneven_line(sketch, path, (0.6, widest), random)


def craquelure(sketch: Sketch, random: Random) -> None:
    """A net of cracks all over the print, or over a part of it."""
    sheet = sketch.sheet
    cell = random.uniform(22, 110) * sheet.unit
    stretch = np.exp(random.normal(0, 0.35))
    present = random.uniform(0.35, 0.95)
    widest = random.uniform(0.8, 2.4)
    covers = random.uniform(0.4, 1.2)
    middle = random.uniform(0, 1, 2) * sheet.size
    for start, end in _cells(sheet, cell, stretch, random):
        away = np.hypot(*((start + end) / 2 - middle)) / sheet.long
        if random.random() > present or away > covers:
            continue
        path = jagged(start, end, random.uniform(0.03, 0.14), random)
        _uneven_line(sketch, path, (0.5, widest), random)
        if random.random() < 0.06:
            _island(sketch, start, random.uniform(1.5, 6) * sheet.unit, random)


def _cells(
    sheet: Sheet, cell: float, stretch: float, random: Random
) -> list[tuple[Real, Real]]:
    """The edges of the cells around points thrown at random."""
    wide, tall = sheet.width * stretch, float(sheet.height)
    margin = 2 * cell
    area = (wide + 2 * margin) * (tall + 2 * margin)
    count = int(np.clip(area / cell**2, 4, 1200))
    points = random.uniform(0, 1, (count, 2)) * (wide + 2 * margin, tall + 2 * margin)
    net = cv2.Subdiv2D((0, 0, int(wide + 2 * margin) + 1, int(tall + 2 * margin) + 1))
    net.insert(points.astype(np.float32).tolist())
    facets, _ = net.getVoronoiFacetList([])
    edges: dict[tuple[int, ...], tuple[Real, Real]] = {}
    for facet in facets:
        corners = (np.asarray(facet) - margin) / (stretch, 1)
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            name = tuple(sorted((int(start.sum() * 8), int(end.sum() * 8))))
            edges.setdefault(name, (start, end))
    return list(edges.values())


def _uneven_line(
    sketch: Sketch, path: Real, reach: tuple[float, float], random: Random
) -> None:
    """In sections, each of its own width, now and then none."""
    gaps = random.uniform(0, 0.2)
    for start in range(0, len(path) - 1, 4):
        if random.random() > gaps:
            thickness = random.uniform(*reach) * sketch.sheet.unit
            strength = random.uniform(0.6, 1)
            sketch.line(path[start : start + 5], thickness, strength)


def flake(sketch: Sketch, random: Random) -> None:
    """An island where the emulsion has fallen off."""
    sheet = sketch.sheet
    middle = random.uniform(0, 1, 2) * sheet.size
    radius = np.exp(random.uniform(np.log(1.2), np.log(12))) * sheet.unit
    for _ in range(random.integers(1, 4)):
        _island(sketch, middle, radius * random.uniform(0.4, 1), random)
        middle = middle + random.normal(0, radius, 2)


def _island(sketch: Sketch, middle: Real, radius: float, random: Random) -> None:
    corners = int(random.integers(7, 22))
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = radius * np.exp(random.normal(0, 0.35, corners))
    shape = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1)
    shape[:, 0] *= random.uniform(0.25, 1.0)
    turn = random.uniform(0, np.pi)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sketch.polygon(shape @ spin + middle)


def blob(sketch: Sketch, radius: float, random: Random) -> None:
    corners = 9
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = radius * random.uniform(0.6, 1.3, corners)
    middle = random.uniform(0, 1, 2) * sketch.sheet.size
    shape = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1)
    shape[:, 0] *= random.uniform(0.5, 1.0)
    sketch.polygon(shape + middle)


def fold(sheet: Sheet, random: Random) -> tuple[Real, Real]:
    """Light and shadow (-1..1) beside a bend across the print, and what broke on it."""
    path = walk(sheet, random.uniform(0.7, 2.2) * sheet.long, 0.015, random)
    wide = random.uniform(1.2, 5) * sheet.unit
    light = np.zeros((sheet.height, sheet.width), np.float32)
    turn = random.choice([-1, 1])
    for side in (-1, 1):
        stroke = Sketch(sheet)
        stroke.line(beside(path, side * wide / 2), wide)
        soft = cv2.GaussianBlur(stroke.layer(), (0, 0), wide / 3 + 0.3)
        light += np.float32(turn * side * random.uniform(0.04, 0.28)) * soft
    broken = Sketch(sheet)
    jittered = path + random.normal(0, 0.4 * sheet.unit, path.shape)
    for start in range(len(path) - 1):
        if random.random() < 0.7:
            thickness = random.uniform(0.4, 1.8) * sheet.unit
            broken.line(jittered[start : start + 2], thickness)
    return light, broken.layer()


def tear(sketch: Sketch, random: Random) -> None:
    """A piece of the rim that is gone."""
    sheet = sketch.sheet
    half, depth = (random.uniform(*reach) * sheet.unit for reach in ((8, 60), (4, 30)))
    steps = np.linspace(-1, 1, 15)
    away = depth * np.sqrt(1 - steps**2) + random.normal(0, 1.5 * sheet.unit, 15)
    line = np.stack([half * steps, np.maximum(away, -1)], axis=1)
    points = np.concatenate([[(line[0, 0], -5)], line, [(line[-1, 0], -5)]])
    sketch.polygon(_at_rim(sheet, points, random))


def rip(sketch: Sketch, random: Random) -> None:
    """A tear that runs from the rim into the print and gets narrower."""
    sheet = sketch.sheet
    length = random.uniform(15, 170) * sheet.unit
    end = np.array([random.normal(0, 0.4) * length, length])
    path = _at_rim(sheet, jagged(np.array([0.0, -2.0]), end, 0.07, random), random)
    widest = random.uniform(1.5, 6) * sheet.unit
    for number in range(len(path) - 1):
        thickness = widest * (1 - number / len(path)) * random.uniform(0.6, 1)
        sketch.line(path[number : number + 2], max(thickness, 0.5 * sheet.unit))


def corner(sketch: Sketch, random: Random) -> None:
    """A corner that is gone."""
    sheet = sketch.sheet
    down, across = random.uniform(6, 60, 2) * sheet.unit
    line = jagged(np.array([across, 0.0]), np.array([0.0, down]), 0.06, random)
    points = np.concatenate([line, [(-5, down), (-5, -5), (across, -5)]])
    for axis, side in enumerate(sheet.size):
        if random.random() < 0.5:
            points[:, axis] = side - points[:, axis]
    sketch.polygon(points)


def _at_rim(sheet: Sheet, points: Real, random: Random) -> Real:
    """Points around the middle of the upper rim, moved along to any place of any rim."""
    side = random.integers(4)
    along = sheet.width if side % 2 == 0 else sheet.height
    points = points + (random.uniform(0, along), 0)
    if side % 2:
        points = points[:, ::-1]
    return np.asarray(np.subtract(sheet.size, points) if side >= 2 else points)
