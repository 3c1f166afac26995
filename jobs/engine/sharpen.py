"""Gentle sharpening of soft pictures."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.blocks import to_canvas, to_planes
from jobs.engine.contract import Canvas, Pixels

HALO = 8
RADIUS = 1.2
SOFT = 0.30


def softness(scan: Pixels) -> float:
    """How little detail is finer than two pixels, against detail twice as coarse: 0..1.

    The share is taken where the picture has edges, so that calm parts do not count.
    """
    height, width = scan.shape[:2]
    y, x = max((height - 1024) // 2, 0), max((width - 1024) // 2, 0)
    rows = scan[y : y + 1024, x : x + 1024].astype(np.uint16)
    plane = to_planes(rows * 257 if scan.dtype == np.uint8 else rows)[0]
    fine = plane - cv2.GaussianBlur(plane, (0, 0), 0.8)
    coarse = plane - cv2.GaussianBlur(plane, (0, 0), 3.2)
    strong = np.abs(coarse) >= np.quantile(np.abs(coarse), 0.9)
    whole = float(np.mean(np.abs(coarse[strong])))
    if whole < 1e-3:
        return 0.0
    return float(np.clip(1 - np.mean(np.abs(fine[strong])) / whole / SOFT, 0, 1))


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
