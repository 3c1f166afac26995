"""Finding scratches, hairs, creases, dust and spots."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Damage, Mask, Plane

# Widths and lengths below are for a print of 500 pixels on its shorter side.
USUAL = 500
WIDEST = 9
AROUND = 41
WEAK, STRONG = 2.0, 4.0
FAINTEST = 0.03


# log odds = BIAS + features @ WEIGHTS
BIAS = -3.7989
WEIGHTS = np.array([0.4932, 0.2170, 0.7001, 0.9708, -0.8263, 0.3619, -0.3314, 0.3787, 0.3517, -1.3571, 0.4149, 1.0413])
MEAN = np.array([0.8492, 0.9578, 0.3353, 0.1372, 1.5035, 1.2992, 0.7871, 0.5122, 0.6391, 0.0581, 0.1432, 0.7325])
SPREAD = np.array([0.1558, 0.2658, 0.0915, 0.1661, 1.4104, 1.0817, 0.4004, 0.8873, 0.6176, 0.0539, 0.0370, 0.1629])
THRESHOLDS = {
    Damage.AUTO: 0.6,
    Damage.LIGHT: 0.7,
    Damage.MEDIUM: 0.5,
    Damage.SEVERE: 0.4,
}


@dataclass(frozen=True)
class Marks:
    """Connected candidates of one polarity; each field but `labels` has one value each.

    `labels` (h, w): number of the candidate at each pixel, -1 for none.
    """

    labels: NDArray[np.int32]
    features: NDArray[np.float64]
    names: tuple[str, ...] = (
        "strength", "peak", "contrast", "beyond", "log_area", "log_length",
        "log_width", "thin", "straight", "clutter", "calm", "value",
    )


def unit_of(height: int, width: int) -> float:
    return max(min(height, width) / USUAL, 0.6)


def find_marks(grey: Plane, *, grain: float) -> tuple[Marks, Marks]:
    """Bright and dark candidates in grey values (h, w), 0..1; `grain` is their sigma."""
    unit = unit_of(*grey.shape)
    bright, dark = _top_hat(grey, unit), _top_hat(1 - grey, unit)
    around = _odd(AROUND * unit)
    # What stands out everywhere is texture: a strong mark alone must not count as such.
    unrest = cv2.blur(np.minimum(bright, 0.1) + np.minimum(dark, 0.1), (around, around))
    scale = 0.01 + 1.5 * grain + unrest
    return (
        _measure(grey, bright, scale, grain, unit),
        _measure(1 - grey, dark, scale, grain, unit),
    )


def _odd(length: float) -> int:
    return max(round(length) // 2 * 2 + 1, 3)


def _disc(length: float) -> Mask:
    size = _odd(length)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _top_hat(grey: Plane, unit: float) -> Plane:
    soft = cv2.GaussianBlur(grey, (0, 0), 0.5 * unit)
    return np.asarray(soft - cv2.morphologyEx(soft, cv2.MORPH_OPEN, _disc(WIDEST * unit)), np.float32)


def _measure(grey: Plane, hat: Plane, scale: Plane, grain: float, unit: float) -> Marks:
    ratio = hat / scale
    weak = ((ratio > WEAK) & (hat > FAINTEST)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    labels = labels - 1
    inside = np.flatnonzero(labels.ravel() >= 0)
    of = labels.ravel()[inside]
    count -= 1

    def mean(plane: Plane) -> NDArray[np.float64]:
        return np.bincount(of, plane.ravel()[inside], count) / area

    def most(plane: Plane) -> NDArray[np.float64]:
        result = np.zeros(count)
        np.maximum.at(result, of, plane.ravel()[inside])
        return result

    area = np.bincount(of, minlength=count).astype(np.float64)
    opened = grey - hat
    beyond = grey - cv2.dilate(opened, _disc(21 * unit))
    depth = cv2.distanceTransform(weak, cv2.DIST_L2, 3)
    width = 2 * most(depth)
    y, x = (part.astype(np.float64) for part in np.divmod(inside, grey.shape[1]))
    my, mx = np.bincount(of, y, count) / area, np.bincount(of, x, count) / area
    yy = np.bincount(of, (y - my[of]) ** 2, count) / area + 1 / 12
    xx = np.bincount(of, (x - mx[of]) ** 2, count) / area + 1 / 12
    xy = np.bincount(of, (y - my[of]) * (x - mx[of]), count) / area
    root = np.sqrt((yy - xx) ** 2 + 4 * xy**2)
    major, minor = np.sqrt(12 * (yy + xx + root) / 2), np.sqrt(12 * np.maximum(yy + xx - root, 1e-9) / 2)
    length = np.maximum(area / np.maximum(width * 0.6, 1), major)
    around = _odd(AROUND * unit)
    density = cv2.blur(weak.astype(np.float32), (around, around))
    own = area * np.minimum(around / np.maximum(length, 1), 1) / around**2
    clutter = mean(density) - own
    calm = mean(scale)
    features = np.stack([
        np.log(mean(ratio)), np.log(most(ratio)), mean(hat), mean(beyond),
        np.log(area / unit**2), np.log(length / unit), np.log(width / unit),
        np.log(length / width), np.log(major / np.maximum(minor, 1)), clutter, calm,
        mean(grey),
    ], axis=1) if count else np.zeros((0, 12))
    return Marks(labels, features)


def find_damage(grey: Plane, *, grain: float, damage: Damage) -> Mask:
    """255 where grey values (h, w), 0..1, are scratched; see THRESHOLDS for the odds."""
    mask = np.zeros(grey.shape, np.uint8)
    for marks in find_marks(grey, grain=grain):
        mask |= _chosen(marks, THRESHOLDS[damage])
    reach = _disc(1 + 2 * unit_of(*grey.shape))
    return np.asarray(cv2.dilate(mask, reach), np.uint8)


def _chosen(marks: Marks, threshold: float) -> Mask:
    odds = BIAS + np.clip((marks.features - MEAN) / SPREAD, -3, 3) @ WEIGHTS
    keep = np.append(1 / (1 + np.exp(-odds)) > threshold, False)
    return (keep[marks.labels] * 255).astype(np.uint8)
