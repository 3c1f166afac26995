"""Luminance and colour difference planes, and their 8x8 cosine transform."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine.contract import Canvas, Plane

SIDE = 8


def _cosines() -> Plane:
    k, x = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    basis = np.cos(np.pi * (2 * x + 1) * k / (2 * SIDE)) * np.sqrt(2 / SIDE)
    basis[0] /= np.sqrt(2)
    return np.kron(basis, basis).astype(np.float32)


# Orthonormal: row i holds the cosine of vertical frequency i // 8, horizontal i % 8.
TRANSFORM = _cosines()


def to_planes(rows: Canvas) -> list[Plane]:
    """(h, w, 1 or 3) in 0..65535 to one or three planes: Y in 0..1, Cb, Cr in -0.5..0.5."""
    return to_planes_of(to_values(rows))


def to_planes_of(values: Plane) -> list[Plane]:
    """The same from values of 0..1."""
    if values.shape[2] == 1:
        return [values[:, :, 0]]
    red, green, blue = values[:, :, 0], values[:, :, 1], values[:, :, 2]
    y = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    return [y, (blue - y) / np.float32(1.772), (red - y) / np.float32(1.402)]


def from_planes(planes: list[Plane]) -> Canvas:
    """The inverse of `to_planes`, rounded and clipped."""
    if len(planes) == 1:
        return to_canvas(planes[0][:, :, None])
    y, cb, cr = planes
    red = y + np.float32(1.402) * cr
    blue = y + np.float32(1.772) * cb
    green = (y - np.float32(0.299) * red - np.float32(0.114) * blue) / np.float32(0.587)
    return to_canvas(np.stack([red, green, blue], axis=2))


def chroma_of(planes: list[Plane]) -> Plane:
    """How far from grey, 0..0.7; nought for one plane."""
    if len(planes) == 1:
        return np.zeros_like(planes[0])
    return np.asarray(np.hypot(planes[1], planes[2]), np.float32)


def to_values(rows: Canvas) -> Plane:
    """0..65535 to 0..1."""
    return np.asarray(rows / np.float32(65535), np.float32)


def to_canvas(values: Plane) -> Canvas:
    pixels = np.rint(np.clip(values, 0, 1) * np.float32(65535))
    return np.asarray(pixels, np.uint16)


def to_blocks(plane: Plane) -> Plane:
    """(8m, 8n) to (mn, 64)."""
    height, width = plane.shape
    blocks = plane.reshape(height // SIDE, SIDE, width // SIDE, SIDE)
    return blocks.transpose(0, 2, 1, 3).reshape(-1, SIDE * SIDE)


def from_blocks(blocks: Plane, height: int, width: int) -> Plane:
    square = blocks.reshape(height // SIDE, width // SIDE, SIDE, SIDE)
    return square.transpose(0, 2, 1, 3).reshape(height, width)


def pad(plane: Plane) -> Plane:
    """Mirror 8 pixels around, and up to the next multiple of 8 below and right."""
    below, right = -plane.shape[0] % SIDE + SIDE, -plane.shape[1] % SIDE + SIDE
    padded = cv2.copyMakeBorder(plane, SIDE, below, SIDE, right, cv2.BORDER_REFLECT)
    return np.asarray(padded, np.float32)
