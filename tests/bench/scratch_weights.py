"""Fits the weights in jobs/engine/odds.py, and says how good they are.

    .venv/bin/python -m tests.bench.scratch_weights PICTURE...

takes clean pictures, damages them from seeds, and prints the three tables. The second
half of the pictures is held out first, to print precision and recall, then all are used.
"""

# A script that prints its table.
# ruff: noqa: T201
from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.blocks import chroma_of, to_planes
from jobs.engine.marks import Numbers
from jobs.engine.scratches import Choice, find_marks
from jobs.engine.writing import is_writing
from training.damage import Level, damage
from training.fading import Fading
from training.sources import Picture, opened

SEEDS = (1, 2, 3)
WORDS = "Grandma Erna and uncle Karl, summer holidays by the lake 1958"


@dataclass(frozen=True)
class Sample:
    """Candidates of one picture: features, share that is damage, and size."""

    kind: str
    features: Numbers
    share: Numbers
    area: Numbers
    boxes: Numbers
    damaged: int
    pixels: int


def samples(picture: Picture) -> list[Sample]:
    """At its own size, and at half of it: many scans of old prints are small."""
    half = cv2.resize(picture, (0, 0), fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return _at_size(picture) + _at_size(np.asarray(half, np.uint8))


def _at_size(picture: Picture) -> list[Sample]:
    nothing = np.zeros(picture.shape[:2], np.uint8)
    result = _samples("clean", picture, nothing) + _samples(
        "text", _written(picture), nothing
    )
    for level in Level:
        for seed in SEEDS:
            hurt = damage(picture, level, seed=seed, fading=list(Fading)[seed % 4])
            result += _samples(level.value, hurt.picture, hurt.mask)
    return result


def _written(picture: Picture) -> Picture:
    written = picture.copy()
    for number, y in enumerate(range(20, picture.shape[0], 37)):
        size, colour = 0.35 + 0.1 * (number % 4), 255 * (number % 2)
        face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)[
            number // 2 % 2
        ]
        cv2.putText(written, WORDS, (4, y), face, size, (colour,) * 3, 1, cv2.LINE_AA)
    return written


def _samples(kind: str, picture: Picture, truth: Picture) -> list[Sample]:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    planes = to_planes(deep.astype(np.uint16) * np.uint16(257))
    grey = planes[0]
    low, high = np.percentile(grey, [0.5, 99.5])
    level = np.clip((grey - low) / (high - low), 0, 1).astype(np.float32)
    both = find_marks(level, chroma_of(planes))
    result = []
    for marks in both:
        inside = marks.labels >= 0
        area = np.bincount(marks.labels[inside], minlength=len(marks.features))
        hit = np.bincount(marks.labels[inside], truth[inside] > 0, len(marks.features))
        share = hit / np.maximum(area, 1)
        result.append(
            Sample(
                kind,
                marks.features,
                share,
                area.astype(float),
                marks.boxes,
                int(np.count_nonzero(truth)),
                truth.size,
            )
        )
    return result


@dataclass(frozen=True)
class Fit:
    weights: Numbers
    mean: Numbers
    spread: Numbers

    def chances(self, features: Numbers) -> Numbers:
        return np.asarray(
            1 / (1 + np.exp(-_rows(features, self.mean, self.spread) @ self.weights))
        )


def _rows(features: Numbers, mean: Numbers, spread: Numbers) -> Numbers:
    scaled = np.clip((features - mean) / spread, -3, 3)
    return np.hstack([np.ones((len(scaled), 1)), scaled])


def fit(group: list[Sample]) -> Fit:
    """Logistic regression by Newton's method, each candidate by the root of its area."""
    features = np.concatenate([sample.features for sample in group])
    share = np.concatenate([sample.share for sample in group])
    weight = np.concatenate([_weight(sample) for sample in group])
    mean, spread = features.mean(axis=0), features.std(axis=0)
    rows = _rows(features, mean, spread)
    weights = np.zeros(rows.shape[1])
    shrink = np.diag([0.0] + [20.0] * (rows.shape[1] - 1))
    for _ in range(20):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (weight * (chance - share)) + shrink @ weights
        bend = (rows * (weight * chance * (1 - chance))[:, None]).T @ rows + shrink
        weights -= np.linalg.solve(bend, slope)
    return Fit(weights, mean, spread)


def _weight(sample: Sample) -> Numbers:
    # Writing is mostly told apart by `writing`; too many letters would cost scratches.
    rare = 0.3 if sample.kind == "text" else 1.0
    return rare * np.sqrt(np.minimum(sample.area, 400))


def show(group: list[Sample], fitted: Fit) -> None:
    for kind in ("clean", "text", *(level.value for level in Level)):
        some = [sample for sample in group if sample.kind == kind]
        for threshold in (0.35, 0.45, 0.6, 0.85):
            chosen = [_chosen(s, fitted, threshold) for s in some]
            area = sum(
                float(s.area[c].sum()) for s, c in zip(some, chosen, strict=True)
            )
            hit = sum(
                float((s.area * s.share)[c].sum())
                for s, c in zip(some, chosen, strict=True)
            )
            damaged, pixels = (
                sum(s.damaged for s in some) / 2,
                sum(s.pixels for s in some) / 2,
            )
            print(
                f"{kind:8} {threshold:.2f}  area {area / pixels:.4%}"
                f"  precision {hit / max(area, 1):.2f}  recall {hit / max(damaged, 1):.2f}"
            )


def _chosen(sample: Sample, fitted: Fit, threshold: float) -> Choice:
    chosen = fitted.chances(sample.features) > threshold
    chosen[chosen] = ~is_writing(sample.boxes, np.flatnonzero(chosen))
    return chosen


def show_table(name: str, values: NDArray[np.float64]) -> None:
    print(f"{name} = np.array([{', '.join(f'{value:.4f}' for value in values)}])")


def main() -> None:
    groups = [samples(opened(Path(name))) for name in sys.argv[1:]]
    half = len(groups) // 2
    show(sum(groups[half:], []), fit(sum(groups[:half], [])))
    whole = fit(sum(groups, []))
    print(f"BIAS = {whole.weights[0]:.4f}")
    show_table("WEIGHTS", whole.weights[1:])
    show_table("MEAN", whole.mean)
    show_table("SPREAD", whole.spread)


if __name__ == "__main__":
    main()
