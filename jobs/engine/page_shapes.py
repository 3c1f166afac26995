"""Where prints may lie: rectangles around what is not paper."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from jobs.engine.contract import Mask, Plane
from jobs.engine.page_outlines import Outlines
from jobs.engine.page_paper import Paper
from jobs.engine.rectangles import (
    SMALLEST,
    Rectangle,
    is_print_size,
    likeness,
    upright,
)

DIFFERENCES = (3.0, 4.5, 7.0, 11.0, 18.0)
OPENINGS = (2, 5, 9, 15, 24)
EDGES = (4.0, 8.0, 16.0)
LEAST_FILLED, WHOLE = 0.82, 0.99
ALIKE = 0.93
CORNERS_AT = frozenset({2, 9})


def candidates(lab: Plane, paper: Paper) -> list[Rectangle]:
    """Every rectangle that one of many ways to tell print from paper finds."""
    found: list[Rectangle] = []
    outline = Outlines(lab)
    for mask in _masks(lab, paper):
        for radius, opened in _openings(mask):
            for rectangle in _rectangles(opened, outline, corners=radius in CORNERS_AT):
                if all(likeness(rectangle, known) < ALIKE for known in found):
                    found.append(rectangle)
    return found


def _masks(lab: Plane, paper: Paper) -> Iterator[Mask]:
    for limit in DIFFERENCES:
        other = (paper.difference > limit).astype(np.uint8) * 255
        yield filled(other)
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    levels = np.rint(np.clip(smooth[:, :, 0] * 2.55, 0, 255)).astype(np.uint8)
    for limit in EDGES:
        yield _beyond_edges(levels, paper, limit)


def _beyond_edges(levels: Mask, paper: Paper, limit: float) -> Mask:
    """What cannot be reached over the paper without crossing an edge."""
    edges = cv2.Canny(levels, limit * 3, limit * 8, L2gradient=True)
    edges = cv2.dilate(edges, np.ones((3, 3), np.uint8))
    free = ((paper.difference < 2 * DIFFERENCES[-2]) & (edges == 0)).astype(np.uint8)
    _count, labels, facts, _centres = cv2.connectedComponentsWithStats(free)
    area = facts[:, cv2.CC_STAT_AREA]
    sure = np.bincount(labels[paper.sure > 0], minlength=len(area))
    height, width = levels.shape
    left, top = facts[:, cv2.CC_STAT_LEFT], facts[:, cv2.CC_STAT_TOP]
    right = left + facts[:, cv2.CC_STAT_WIDTH]
    bottom = top + facts[:, cv2.CC_STAT_HEIGHT]
    outer = (left <= 4) | (top <= 4) | (right >= width - 4) | (bottom >= height - 4)
    reached = (sure > 0.6 * area) & outer
    reached[0] = False
    around = cv2.dilate(reached[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return filled((1 - np.asarray(around, np.uint8)) * np.uint8(255))


def filled(mask: Mask) -> Mask:
    """Without the holes that do not reach the scan's edges."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 128)
    return np.where(padded == 128, 0, 255).astype(np.uint8)[1:-1, 1:-1]


def _openings(mask: Mask) -> Iterator[tuple[int, Mask]]:
    """The mask without what is thinner than a disc, for growing discs."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    deep = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    for radius in OPENINGS:
        core = (deep <= radius).astype(np.uint8)
        away = cv2.distanceTransform(core, cv2.DIST_L2, cv2.DIST_MASK_5)
        yield radius, (away <= radius).astype(np.uint8)[1:-1, 1:-1] * np.uint8(255)


def _rectangles(
    mask: Mask, outlines: Outlines, *, corners: bool
) -> Iterator[Rectangle]:
    contours, _tree = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        around = cv2.minAreaRect(contour)
        if min(around[1]) < SMALLEST * max(mask.shape):
            continue
        rectangle = upright(around)
        share = cv2.contourArea(contour) / rectangle.area
        if share >= LEAST_FILLED and is_print_size(rectangle, mask.shape):
            yield rectangle
        if share < WHOLE and corners:
            yield from outlines.within(np.asarray(contour, np.int32), mask)
