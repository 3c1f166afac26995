"""Grain, softness, and what a scanner and a JPEG file add.

Pictures are (h, w) or (h, w, 3), float32, 0..1, encoded.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Random = np.random.Generator


def grain(picture: Real, sigma: float, random: Random) -> Real:
    """Film grain: soft over two pixels, mostly in luminance; `sigma` 0..1."""
    height, width = picture.shape[:2]
    fine = random.standard_normal((height, width), np.float32)
    fine = np.asarray(cv2.GaussianBlur(fine, (0, 0), 0.6), np.float32)
    fine /= max(float(fine.std()), 1e-6)
    if picture.ndim == 2:
        return np.asarray(picture + np.float32(sigma) * fine, np.float32)
    colour = random.standard_normal(picture.shape, np.float32)
    grey = picture + np.float32(sigma) * fine[..., None]
    return np.asarray(grey + np.float32(0.4 * sigma) * colour, np.float32)


def blur(picture: Real, sigma: float) -> Real:
    if sigma == 0:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def scan(picture: Real, factor: float, sharpened: float) -> Real:
    """A scanner whose pixels do not fall on those of the print, and that sharpens.

    The size stays; what is finer than `factor` (0..1) of the pixels is lost. `sharpened`
    is how much of the detail is added once more, which draws halos around marks.
    """
    height, width = picture.shape[:2]
    if factor < 1:
        small = (max(round(width * factor), 1), max(round(height * factor), 1))
        less = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        more = cv2.resize(less, (width, height), interpolation=cv2.INTER_CUBIC)
        picture = np.asarray(more, np.float32)
    if sharpened:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = np.asarray(picture + np.float32(sharpened) * (picture - soft))
    return picture


def to_pixels(picture: Real) -> NDArray[np.uint8]:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def jpeg(picture: Real, quality: int) -> NDArray[np.uint8]:
    """(h, w) or RGB (h, w, 3) as a JPEG file of that quality would give it back."""
    pixels = to_pixels(picture)
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels[:, :, ::-1])
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    back = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
    return back if back.ndim == 2 else np.ascontiguousarray(back[:, :, ::-1])
