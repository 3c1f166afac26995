"""What the years do to a print, made from a seed, with the truth kept.

All pictures are (h, w) or (h, w, 3), uint8, sRGB-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Real = NDArray[np.floating]


class Fading(StrEnum):
    DYES = "dyes"  # each dye keeps a part of its density, the paper yellows
    VEIL = "veil"  # light is added: haze, flare, a fogged print
    LEVELS = "levels"  # blacks lift and whites sink in the encoded values
    NONE = "none"


class Level(StrEnum):
    LIGHT = "light"
    MEDIUM = "medium"
    SEVERE = "severe"


@dataclass(frozen=True)
class Damaged:
    """`mask` is 255 where the surface is scratched, dusty, spotted or creased."""

    picture: Picture
    mask: Picture


@dataclass(frozen=True)
class _Dose:
    fading: float
    scratches: int
    hairs: int
    dust: int
    creases: int
    cracks: int
    spots: int
    stains: int
    grain: float
    blur: float
    quality: int


_DOSES = {
    Level.LIGHT: _Dose(0.25, 3, 1, 25, 0, 0, 0, 0, 2.0, 0.0, 95),
    Level.MEDIUM: _Dose(0.55, 9, 3, 80, 1, 1, 3, 1, 6.0, 0.5, 90),
    Level.SEVERE: _Dose(0.85, 18, 6, 180, 2, 4, 8, 3, 11.0, 0.8, 82),
}


def damage(
    clean: Picture, level: Level, *, seed: int, fading: Fading = Fading.DYES
) -> Damaged:
    """The picture as an old scan of it, and where its surface is hurt."""
    random = np.random.default_rng([seed, list(Level).index(level)])
    dose = _DOSES[level]
    picture: Real = clean.astype(np.float32) / 255
    if dose.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), dose.blur).astype(np.float32)
    picture = fade(picture, dose.fading, random=random, kind=fading)
    picture = _stain(picture, dose.stains, random)
    picture = _grain(picture, dose.grain / 255, random)
    picture, mask = hurt(picture, dose, random)
    return Damaged(_jpeg(picture, dose.quality), mask)


def fade(
    picture: Real, amount: float, *, random: np.random.Generator, kind: Fading
) -> Real:
    """Fading in 0..1 encoded values; `amount` 0..1."""
    channels = 1 if picture.ndim == 2 else 3
    uneven = random.uniform(0.5, 1.0, channels).astype(np.float32) * amount
    if kind is Fading.NONE:
        return picture
    if kind is Fading.LEVELS:
        return np.asarray(picture * (1 - 0.6 * uneven) + 0.35 * uneven)
    linear = _linear(picture)
    if kind is Fading.VEIL:
        return _encoded(linear * (1 - 0.5 * uneven) + 0.12 * uneven)
    density = -np.log10(np.maximum(linear, 0.004))
    stain = random.uniform(0.0, 0.16, channels).astype(np.float32) * amount
    return _encoded(10 ** -(density * (1 - 0.7 * uneven) + stain))


def _linear(encoded: Real) -> Real:
    low = encoded / 12.92
    high = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high).astype(np.float32)


def _encoded(linear: Real) -> Real:
    linear = np.clip(linear, 0, 1)
    low = linear * 12.92
    high = 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def _stain(picture: Real, count: int, random: np.random.Generator) -> Real:
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(count):
        radius = random.uniform(0.08, 0.25) * min(height, width)
        cy, cx = random.uniform(0, height), random.uniform(0, width)
        depth = np.clip(1.3 - np.hypot(y - cy, x - cx) / radius, 0, 1)
        colour = np.array([0.04, 0.1, 0.22], np.float32)[
            : 1 if picture.ndim == 2 else 3
        ]
        picture = picture * (
            1
            - (depth[..., None] * colour).reshape(
                picture.shape if picture.ndim == 3 else (height, width)
            )
        )
    return picture


def _grain(picture: Real, sigma: float, random: np.random.Generator) -> Real:
    """Film grain: soft over two pixels, mostly in luminance."""
    height, width = picture.shape[:2]
    fine = random.normal(0, 1, (height, width)).astype(np.float32)
    fine = cv2.GaussianBlur(fine, (0, 0), 0.6).astype(np.float32)
    fine /= fine.std()
    if picture.ndim == 2:
        return picture + sigma * fine
    colour = random.normal(0, 0.4 * sigma, picture.shape).astype(np.float32)
    return picture + sigma * fine[..., None] + colour


def hurt(
    picture: Real, dose: _Dose, random: np.random.Generator
) -> tuple[Real, Picture]:
    """Scratches, hairs, dust, creases, spots; drawn at four times the size, softly."""
    height, width = picture.shape[:2]
    unit = max(min(height, width) / 500, 0.7)
    mask = np.zeros((height, width), np.float32)
    marks = (
        (dose.scratches, _scratch, 0.75),
        (dose.hairs, _hair, 0.4),
        (dose.creases, _crease, 0.9),
        (dose.cracks, _crack, 1.0),
        (dose.dust, _dust, 0.6),
        (dose.spots, _spot, 0.6),
    )
    for count, draw, bright in marks:
        for _ in range(count):
            layer = draw(height, width, unit, random)
            value = (
                random.uniform(0.85, 1.0)
                if random.random() < bright
                else random.uniform(0.0, 0.15)
            )
            strength = layer * random.uniform(0.6, 1.0)
            ink = strength if picture.ndim == 2 else strength[..., None]
            picture = picture * (1 - ink) + ink * value
            mask = np.maximum(mask, layer)
    return picture, ((mask > 0.25) * 255).astype(np.uint8)


def _lines(height: int, width: int, path: Real, thickness: float) -> Real:
    scale = 4
    layer = np.zeros((height * scale, width * scale), np.uint8)
    points = np.rint(path * scale).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(layer, [points], False, 255, max(1, round(thickness * scale)))
    small = cv2.resize(layer, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def _walk(
    height: int, width: int, length: float, wobble: float, random: np.random.Generator
) -> Real:
    steps = 24
    angle = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, wobble, steps))
    leaps = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / steps
    middle = random.uniform(0.1, 0.9, 2) * (width, height)
    path = np.cumsum(leaps, axis=0)
    return np.asarray(path - path[steps // 2] + middle, np.float32)


def _scratch(height: int, width: int, unit: float, random: np.random.Generator) -> Real:
    length = random.uniform(0.15, 0.9) * max(height, width)
    path = _walk(height, width, length, 0.02, random)
    return _lines(height, width, path, random.uniform(0.8, 2.2) * unit)


def _hair(height: int, width: int, unit: float, random: np.random.Generator) -> Real:
    length = random.uniform(40, 140) * unit
    path = _walk(height, width, length, 0.25, random)
    return _lines(height, width, path, random.uniform(0.8, 1.8) * unit)


def _crease(height: int, width: int, unit: float, random: np.random.Generator) -> Real:
    length = random.uniform(0.7, 1.4) * max(height, width)
    path = _walk(height, width, length, 0.04, random)
    path += random.normal(0, 0.8 * unit, path.shape).astype(np.float32)
    return _lines(height, width, path, random.uniform(2.5, 4.5) * unit)


def _crack(height: int, width: int, unit: float, random: np.random.Generator) -> Real:
    """A jagged break of the emulsion that branches, as wide as it pleases."""
    layer = np.zeros((height, width), np.float32)
    length = random.uniform(0.3, 0.8) * max(height, width)
    paths = [_walk(height, width, length, 0.3, random)]
    for _ in range(random.integers(1, 4)):
        branch = _walk(height, width, length * random.uniform(0.2, 0.5), 0.3, random)
        root = paths[0][random.integers(len(paths[0]))]
        paths.append(branch - branch[0] + root)
    for path in paths:
        path += random.normal(0, 0.9 * unit, path.shape).astype(np.float32)
        for start in range(0, len(path) - 1, 4):
            thickness = random.uniform(0.8, 3.5) * unit
            part = _lines(height, width, path[start : start + 5], thickness)
            layer = np.maximum(layer, part)
    return layer


def _dust(height: int, width: int, unit: float, random: np.random.Generator) -> Real:
    return _blob(height, width, random.uniform(0.7, 2.2) * unit, random)


def _spot(height: int, width: int, unit: float, random: np.random.Generator) -> Real:
    return _blob(height, width, random.uniform(3, 7) * unit, random)


def _blob(height: int, width: int, radius: float, random: np.random.Generator) -> Real:
    corners = 9
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = radius * random.uniform(0.6, 1.3, corners)
    middle = random.uniform(0, 1, 2) * (width, height)
    points = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1) + middle
    scale = 4
    size = int(np.ceil(radius * 1.5)) + 2
    left, top = (np.floor(middle) - size).astype(int)
    patch = np.zeros((2 * size * scale, 2 * size * scale), np.uint8)
    cv2.fillPoly(patch, [np.rint((points - (left, top)) * scale).astype(np.int32)], 255)
    small = cv2.resize(patch, (2 * size, 2 * size), interpolation=cv2.INTER_AREA)
    layer = np.zeros((height, width), np.float32)
    y0, x0, y1, x1 = (
        max(top, 0),
        max(left, 0),
        min(top + 2 * size, height),
        min(left + 2 * size, width),
    )
    layer[y0:y1, x0:x1] = small[y0 - top : y1 - top, x0 - left : x1 - left] / 255
    return layer


def _jpeg(picture: Real, quality: int) -> Picture:
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
