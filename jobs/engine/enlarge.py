"""Enlarging by 2 or 4."""

from __future__ import annotations

import cv2
import numpy as np

from jobs.engine import network
from jobs.engine.bands import cut, narrow
from jobs.engine.blocks import from_planes, to_canvas, to_planes, to_values
from jobs.engine.contract import Canvas, EngineError, Pixels, Plane, Tick

NETWORK = "enlarge.onnx"
HALO = 24
ROUNDS = 3
LIMIT = 150_000_000


def check_enlarging(height: int, width: int, factor: int) -> None:
    """Raise EngineError for a factor that is not offered, or a result too big."""
    if factor not in (1, 2, 4):
        raise EngineError("enlarge_unknown", "A photo can be enlarged by 2 or by 4.")
    if factor > 1 and height * width * factor * factor > LIMIT:
        raise EngineError(
            "enlarge_too_big",
            f"Enlarged by {factor}, this photo would have more than 150 megapixels. "
            + (
                "Enlarge it by 2 instead."
                if _by_two(height, width, factor)
                else "It is big enough already: restore it without enlarging."
            ),
        )


def _by_two(height: int, width: int, factor: int) -> bool:
    return factor == 4 and height * width * 4 <= LIMIT


def enlarge_into(canvas: Canvas, picture: Pixels, factor: int, *, tick: Tick) -> None:
    """Fill `picture` (factor h, factor w, c; 8 or 16 bits) from the canvas, in bands."""
    bands = cut(canvas.shape[0], canvas.shape[1] * factor * factor, halo=HALO)
    for number, band in enumerate(bands):
        rows = enlarge(canvas[band.top : band.bottom], factor)
        inner = rows[band.inner.start * factor : band.inner.stop * factor]
        wanted = narrow(inner) if picture.dtype == np.uint8 else inner
        picture[band.start * factor : band.stop * factor] = wanted
        tick((number + 1) / len(bands))


def enlarge(rows: Canvas, factor: int) -> Canvas:
    """Rows (h, w, 1 or 3), `factor` times as high and wide.

    By the network once or twice, where it is there, and by Lanczos elsewhere; colour,
    of which eyes see little, always by the latter. No value leaves the range of its
    neighbourhood, so that edges do not ring.
    """
    if not network.is_there(NETWORK):
        return to_canvas(_each(to_values(rows), factor))
    planes = to_planes(rows)
    light = planes[0]
    for _ in range(factor // 2):
        light = _doubled(light)
    return from_planes([light, *(_by_lanczos(plane, factor) for plane in planes[1:])])


def _each(values: Plane, factor: int) -> Plane:
    planes = [_by_lanczos(plane, factor) for plane in np.moveaxis(values, 2, 0)]
    return np.stack(planes, axis=2)


def _doubled(plane: Plane) -> Plane:
    """Twice the size: what the network adds to a cubic interpolation of (h, w).

    57,000 weights, see docs/models/enlarge.md.
    """
    size = (plane.shape[1] * 2, plane.shape[0] * 2)
    added = network.run(NETWORK, plane[..., None] - np.float32(0.5))[..., 0]
    big = cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC) + added
    return _kept_in_range(np.asarray(big, np.float32), plane)


def _by_lanczos(plane: Plane, factor: int) -> Plane:
    """Lanczos, then three rounds of back-projection: what the enlarged picture loses
    when it is made small again is put back (Irani and Peleg, "Improving resolution by
    image registration", 1991)."""
    small = np.ascontiguousarray(plane)
    size = (small.shape[1] * factor, small.shape[0] * factor)
    big = cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4)
    for _ in range(ROUNDS):
        again = cv2.resize(big, small.shape[::-1], interpolation=cv2.INTER_AREA)
        missing = np.asarray(small - again, np.float32)
        big = big + cv2.resize(missing, size, interpolation=cv2.INTER_CUBIC)
    return _kept_in_range(np.asarray(big, np.float32), small)


def _kept_in_range(big: Plane, small: Plane) -> Plane:
    size = big.shape[::-1]
    around = np.ones((3, 3), np.uint8)
    low = cv2.resize(cv2.erode(small, around), size, interpolation=cv2.INTER_NEAREST)
    high = cv2.resize(cv2.dilate(small, around), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(np.clip(big, low, high), np.float32)
