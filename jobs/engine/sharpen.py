"""Gentle sharpening of soft pictures."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.blocks import to_canvas, to_planes
from jobs.engine.contract import Canvas, Pixels

HALO = 8
RADIUS = 1.2
# Detail finer than two pixels over detail twice as coarse: that of a sharp scan, and
# of one that is soft beyond doubt.
SHARP, SOFT = 0.32, 0.16
GREATEST = 0.7
EDGE = 0.02


def softness(scan: Pixels, grain: float) -> float:
    """How much to sharpen, 0..0.7, from the edges in the middle of the scan.

    The share of fine detail is taken where coarse detail is strong, so that calm parts
    do not count; `grain` (sigma, 0..1) is no detail and is taken off.
    """
    height, width = scan.shape[:2]
    y, x = max((height - 1024) // 2, 0), max((width - 1024) // 2, 0)
    rows = scan[y : y + 1024, x : x + 1024].astype(np.uint16)
    rows = rows * np.uint16(257) if scan.dtype == np.uint8 else rows
    plane = to_planes(rows)[0]
    fine = plane - cv2.GaussianBlur(plane, (0, 0), 0.8)
    coarse = plane - cv2.GaussianBlur(plane, (0, 0), 3.2)
    strong = np.abs(coarse) >= max(float(np.quantile(np.abs(coarse), 0.95)), EDGE)
    if np.count_nonzero(strong) < 100:
        return 0.0
    power = max(float(np.mean(np.square(fine[strong]))) - (0.6 * grain) ** 2, 0)
    share = np.sqrt(power / float(np.mean(np.square(coarse[strong]))))
    return GREATEST * float(np.clip((SHARP - share) / (SHARP - SOFT), 0, 1))


def sharpen(rows: Canvas, *, amount: float, grain: float) -> Canvas:
    """Unsharp masking of the luminance of rows (h, w, c); `grain` is its sigma, 0..1.

    What is no stronger than the grain stays as it is, and no pixel leaves the range of
    its neighbourhood by more than a little, so that edges get no halos.
    """
    plane = to_planes(rows)[0]
    detail = plane - cv2.GaussianBlur(plane, (0, 0), RADIUS)
    core = np.maximum(np.abs(detail) - 1.5 * grain, 0)
    wanted = plane + amount * np.sign(detail) * core
    around = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(plane, around) - 0.01, cv2.dilate(plane, around) + 0.01
    lift = np.clip(wanted, low, high) - plane
    return to_canvas(rows / np.float32(65535) + lift[:, :, None].astype(np.float32))
