"""The paper of an album page: its colour, as it lies in uneven light, and its grain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Mask, Pixels, Plane
from jobs.engine.rectangles import Rectangle

# The longer side on which prints are looked for: a pixel is then 0.3 mm of an A4 page.
LOOKED_AT = 1400
# Lab distances: what may be the same paper at first, and once its light is known.
SAME_COLOUR, SAME_PAPER = 9.0, 6.0
PAPERS_TRIED = 2
ROUNDS = 6
STEP_L, STEP_AB = 3, 4
LEAST_GRAIN = 0.6
# Of the frame of a page, and of all of it, so much shows paper.
LEAST_AT_EDGES, LEAST_PAPER = 0.45, 0.08
EDGE = 0.03
# What is surely not the paper, and half the width of what might be a print, of the
# longer side; pixels beside a print that still belong to it.
PRINTED, THINNEST, BESIDE = 7.0, 0.03, 2


@dataclass(frozen=True)
class Paper:
    """`difference` (h, w) is how far each pixel is from the paper: Lab units, 1 for
    the paper's own grain. `sure` is 255 where there is nothing but paper."""

    difference: Plane
    sure: Mask

    @property
    def hides_some(self) -> bool:
        """Whether there is anything left as large as a print."""
        other = (self.difference > PRINTED).astype(np.uint8)
        radius = round(THINNEST * max(other.shape))
        deep = cv2.distanceTransform(other, cv2.DIST_L2, cv2.DIST_MASK_3)
        return bool(deep.max() > radius)

    def without(self, rectangles: list[Rectangle]) -> Paper:
        """As if there were nothing but paper where these lie."""
        difference = self.difference.copy()
        for rectangle in rectangles:
            wider = replace(
                rectangle,
                width=rectangle.width + 2 * BESIDE,
                height=rectangle.height + 2 * BESIDE,
            )
            corners = np.rint(wider.corners).astype(np.int32)
            cv2.fillConvexPoly(difference, corners, 0)
        return replace(self, difference=difference)


def looked_at(scan: Pixels) -> tuple[Plane, float]:
    """Lab (h, w, 3) float32 of the scan made small, and by how much: 0 to 1."""
    height, width = scan.shape[:2]
    scale = min(1.0, LOOKED_AT / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(scan, size, interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32) / np.float32(np.iinfo(scan.dtype).max)
    if values.ndim == 2:
        values = np.dstack([values] * 3)
    return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2LAB), np.float32), scale


def papers(lab: Plane) -> Iterator[Paper]:
    """What may be the paper that prints lie on, the likeliest first."""
    smooth: Plane = np.asarray(cv2.GaussianBlur(lab, (0, 0), 1.5), np.float32)
    flat = _flat(smooth)
    for colour in _colours(smooth, flat):
        paper = _paper_of(smooth, flat, colour)
        if paper is not None:
            yield paper


def _flat(smooth: Plane) -> NDArray[np.bool_]:
    down = cv2.Sobel(smooth[:, :, 0], cv2.CV_32F, 0, 1, scale=0.25)
    across = cv2.Sobel(smooth[:, :, 0], cv2.CV_32F, 1, 0, scale=0.25)
    slope = np.hypot(down, across)
    return np.asarray(slope < max(1.0, 1.5 * float(np.median(slope))))


def _colours(smooth: Plane, flat: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """The most frequent flat colours, those at the scan's edges counting more."""
    weight = np.where(flat, np.float32(1), np.float32(0))
    weight[_frame(weight.shape, EDGE)] *= 8
    steps = np.array([STEP_L, STEP_AB, STEP_AB], np.float32)
    cells = np.rint((smooth + [0, 128, 128]) / steps).astype(np.int32)
    keys = (cells[:, :, 0] * 256 + cells[:, :, 1]) * 256 + cells[:, :, 2]
    found, where = np.unique(keys, return_inverse=True)
    counts = np.bincount(where.ravel(), weights=weight.ravel())
    chosen: list[NDArray[np.float32]] = []
    for key in found[np.argsort(counts)[::-1][:40]]:
        parts = np.array([key >> 16, key >> 8 & 255, key & 255]) * steps
        colour = (parts - [0, 128, 128]).astype(np.float32)
        if all(np.linalg.norm(colour - other) > 2 * SAME_COLOUR for other in chosen):
            chosen.append(colour)
    return chosen[:PAPERS_TRIED]


def _frame(shape: tuple[int, ...], share: float) -> NDArray[np.bool_]:
    rim = max(2, round(share * max(shape[:2])))
    frame = np.ones(shape[:2], bool)
    frame[rim:-rim, rim:-rim] = False
    return frame


def _paper_of(
    smooth: Plane, flat: NDArray[np.bool_], colour: NDArray[np.float32]
) -> Paper | None:
    """Fitted on every fourth pixel each way, which is plenty for a surface."""
    terms = _terms(*smooth.shape[:2])
    few, some, some_flat = terms[::4, ::4], smooth[::4, ::4], flat[::4, ::4]
    residual = some - colour
    limit, parts = SAME_COLOUR, np.zeros((6, 3), np.float32)
    for _round in range(ROUNDS):
        like = some_flat & (np.linalg.norm(residual, axis=2) < limit)
        if like.mean() < LEAST_PAPER:
            return None
        parts = _fitted(few[like], some[like])
        residual = some - few @ parts
        limit = SAME_PAPER
    residual = smooth - terms @ parts
    like = flat & (_length(residual) < limit)
    if not _reaches_around(like):
        return None
    grain = 1.4826 * np.median(np.abs(residual[like]), axis=0)
    difference = _length(residual / np.maximum(grain, LEAST_GRAIN) * LEAST_GRAIN)
    return Paper(difference, like.astype(np.uint8) * 255)


def _length(colours: Plane) -> Plane:
    return np.asarray(np.sqrt(np.einsum("ijk,ijk->ij", colours, colours)), np.float32)


def _terms(height: int, width: int) -> NDArray[np.float32]:
    """(h, w, 6): what a surface of the second order is made of, over -1 to 1."""
    down, across = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32),
        np.linspace(-1, 1, width, dtype=np.float32),
        indexing="ij",
    )
    parts = [np.ones_like(down), across, down, across * down, across**2, down**2]
    return np.stack(parts, axis=2)


def _fitted(
    terms: NDArray[np.float32], colours: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Least squares by the normal equations, 6 by 6."""
    wide = terms.astype(np.float64)
    square = wide.T @ wide + 1e-6 * np.eye(6)
    return np.linalg.solve(square, wide.T @ colours).astype(np.float32)


def _reaches_around(like: NDArray[np.bool_]) -> bool:
    """Whether it is what the others lie on: seen along most of its own frame, which is
    nearly that of the scan."""
    rows = np.flatnonzero(like.mean(axis=1) > 0.05)
    columns = np.flatnonzero(like.mean(axis=0) > 0.05)
    if not rows.size or not columns.size:
        return False
    inside = like[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if inside.size < 0.6 * like.size:
        return False
    whole = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8))
    return bool(whole[_frame(whole.shape, EDGE)].mean() > LEAST_AT_EDGES)
