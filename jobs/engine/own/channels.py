"""Between the engine's pictures, RGB or grey of 0..1, and what a model reads and gives."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Pixels, Plane
from jobs.engine.own.spec import Kind, Layout, Range, Spec

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
LARGEST_LOGIT = 60.0


def three(scan: Pixels) -> Pixels:
    """A grey scan (h, w, 1) seen as RGB. Nothing is copied."""
    return cast(Pixels, np.broadcast_to(scan, (*scan.shape[:2], 3)))


def luminance(picture: Plane) -> Plane:
    """(h, w, 1) of (h, w, 1 or 3)."""
    if picture.shape[2] == 1:
        return picture
    return np.asarray((picture @ WEIGHTS)[:, :, None], np.float32)


def with_channels(picture: Plane, channels: int) -> Plane:
    """The same picture with 1 or 3 channels."""
    if picture.shape[2] == channels:
        return picture
    return luminance(picture) if channels == 1 else np.repeat(picture, 3, axis=2)


def lightness(picture: Plane) -> Plane:
    """L of Lab, (h, w, 1), 0..100, of (h, w, 1 or 3)."""
    lab = cv2.cvtColor(with_channels(picture, 3), cv2.COLOR_RGB2LAB)
    return np.asarray(lab[:, :, :1], np.float32)


def coloured(light: Plane, ab: Plane) -> Plane:
    """RGB of 0..1 from L (h, w, 1) and the two other channels of Lab (h, w, 2)."""
    lab = np.concatenate([light, ab], axis=2).astype(np.float32)
    return np.clip(np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32), 0, 1)


def to_model(picture: Plane, spec: Spec) -> NDArray[np.float32]:
    """The array that the model reads, with one picture, of (h, w, 1 or 3)."""
    written = _written(_of_kind(picture, spec.colour), spec.values)
    if spec.layout is Layout.NHWC:
        return np.ascontiguousarray(written[None], np.float32)
    return np.ascontiguousarray(written.transpose(2, 0, 1)[None], np.float32)


def from_model(made: NDArray[np.float32], spec: Spec) -> Plane:
    """(h, w, c): RGB or grey of 0..1, chances of 0..1, or a and b of Lab."""
    one = made[0] if spec.layout is Layout.NHWC else made[0].transpose(1, 2, 0)
    if spec.made_colour is Kind.AB:
        return np.ascontiguousarray(one, np.float32)
    values = _read(np.asarray(one, np.float32), spec.made_values)
    if spec.made_colour is Kind.BGR:
        values = values[:, :, ::-1]
    return np.ascontiguousarray(np.clip(values, 0, 1), np.float32)


def _of_kind(picture: Plane, kind: Kind) -> Plane:
    if kind is Kind.LAB_L:
        return lightness(picture) / np.float32(100)
    if kind is Kind.GREY:
        return luminance(picture)
    rgb = with_channels(picture, 3)
    return rgb if kind is Kind.RGB else rgb[:, :, ::-1]


def _written(values: Plane, how: Range) -> Plane:
    scaled = values * np.float32(how.high - how.low) + np.float32(how.low)
    if how.mean:
        scaled = (scaled - _vector(how.mean)) / _vector(how.deviation)
    return np.asarray(scaled, np.float32)


def _read(values: Plane, how: Range) -> Plane:
    if how.is_logit:
        bounded = np.clip(values, -LARGEST_LOGIT, LARGEST_LOGIT)
        return np.asarray(1 / (1 + np.exp(-bounded)), np.float32)
    if how.mean:
        values = values * _vector(how.deviation) + _vector(how.mean)
    span = np.float32(how.high - how.low)
    return np.asarray((values - np.float32(how.low)) / span, np.float32)


def _vector(numbers: tuple[float, ...]) -> Plane:
    return np.array(numbers, np.float32)
