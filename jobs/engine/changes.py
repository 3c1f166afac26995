"""What a restoration has changed, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.bands import Band, cut
from jobs.engine.contract import Mask, Pixels, Plane
from jobs.engine.faces import face_mask
from jobs.engine.own.channels import three
from jobs.engine.tone import shrink

# The map has at most so many pixels a side.
SIDE = 2000
STEPS = 256
# Less than this is not seen.
SEEN = 6 / 255


@dataclass(frozen=True)
class ChangeMap:
    """`plane` (h, w): 0..255 for a change of 0..1, the greatest of its square of pixels.

    `area` is the share of the picture that was changed so that it can be seen, and
    `mended` the share that no tone curve explains: what was filled, smoothed, sharpened.
    `in_faces` is the mean of that local change inside faces, 0..1, None without faces.
    """

    plane: Mask
    area: float
    mended: float
    in_faces: float | None


def change_map(scan: Pixels, picture: Pixels) -> ChangeMap:
    """Compare (h, w) or (h, w, 3) with its restoration, 8 or 16 bits, maybe enlarged.

    The change of a pixel is that of the channel that changed most. Raises ValueError
    for pictures that do not belong together.
    """
    first, second = _deep(scan), _deep(picture)
    if first.shape[2] < second.shape[2]:
        # It was coloured.
        first = three(first)
    factor = second.shape[0] // first.shape[0]
    together = tuple(side * factor for side in first.shape[:2])
    if factor < 1 or second.shape[:2] != together or first.shape[2] != second.shape[2]:
        raise ValueError("these pictures do not belong together")
    tones = _tones(first, second, factor)
    faces = _faces_of(first)
    return _measured(first, second, factor, tones, faces)


def _deep(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _pairs(
    first: Pixels, second: Pixels, factor: int, pool: int
) -> Iterator[tuple[Band, Plane, Plane]]:
    """Bands of both pictures, 0..1, the second as big as the first."""
    for band in cut(-(-first.shape[0] // pool), first.shape[1] * pool, halo=0):
        rows = slice(band.start * pool, min(band.stop * pool, first.shape[0]))
        before = _values(first[rows])
        wide = _values(second[rows.start * factor : rows.stop * factor])
        size = before.shape[1::-1]
        after = cv2.resize(wide, size, interpolation=cv2.INTER_AREA)
        yield band, before, np.asarray(after.reshape(before.shape), np.float32)


def _values(rows: Pixels) -> Plane:
    return np.asarray(rows / np.float32(np.iinfo(rows.dtype).max), np.float32)


def _tones(first: Pixels, second: Pixels, factor: int) -> NDArray[np.float64]:
    """(channels, 256): what each tone has become on the mean."""
    channels = first.shape[2]
    sums, counts = np.zeros((2, channels, STEPS))
    for _, before, after in _pairs(first, second, factor, 1):
        for number in range(channels):
            tone = _steps(before[:, :, number]).ravel()
            moved = (after - before)[:, :, number].ravel()
            sums[number] += np.bincount(tone, moved, STEPS)
            counts[number] += np.bincount(tone, minlength=STEPS)
    return np.asarray(sums / np.maximum(counts, 1))


def _steps(values: Plane) -> NDArray[np.intp]:
    return np.minimum(values * STEPS, STEPS - 1).astype(np.intp)


def _faces_of(first: Pixels) -> Mask:
    """(h, w) on a small copy, 255 in faces."""
    small = shrink(first)
    grey = np.asarray(small.mean(axis=2), np.float32)
    return face_mask(grey, *grey.shape)


def _measured(
    first: Pixels, second: Pixels, factor: int, tones: NDArray[np.float64], faces: Mask
) -> ChangeMap:
    height, width = first.shape[:2]
    pool = -(-max(height, width) // SIDE)
    plane = np.zeros((-(-height // pool), -(-width // pool)), np.uint8)
    seen = mended = 0
    face_sum, face_count = 0.0, 0
    for band, before, after in _pairs(first, second, factor, pool):
        change = np.abs(after - before).max(axis=2)
        local = _local(before, after, tones)
        seen += int(np.count_nonzero(change > SEEN))
        mended += int(np.count_nonzero(local > SEEN))
        plane[band.start : band.stop] = _pooled(change, pool)
        here = _face_rows(faces, band.start * pool, before.shape[0], height, width)
        face_sum += float(local[here].sum())
        face_count += int(np.count_nonzero(here))
    pixels = height * width
    in_faces = face_sum / face_count if face_count else None
    return ChangeMap(plane, seen / pixels, mended / pixels, in_faces)


def _local(before: Plane, after: Plane, tones: NDArray[np.float64]) -> Plane:
    """The change (h, w) beyond that of the tone curves."""
    moved = [
        np.abs(after[:, :, n] - before[:, :, n] - tones[n][_steps(before[:, :, n])])
        for n in range(before.shape[2])
    ]
    return np.asarray(np.maximum.reduce(moved), np.float32)


def _pooled(change: Plane, pool: int) -> Mask:
    down, right = -change.shape[0] % pool, -change.shape[1] % pool
    whole = np.pad(change, ((0, down), (0, right)))
    rows, columns = whole.shape
    squares = whole.reshape(rows // pool, pool, columns // pool, pool)
    return np.asarray(np.rint(squares.max(axis=(1, 3)) * 255), np.uint8)


def _face_rows(
    faces: Mask, top: int, rows: int, height: int, width: int
) -> NDArray[np.bool_]:
    y = (np.arange(top, top + rows) * faces.shape[0]) // height
    x = (np.arange(width) * faces.shape[1]) // width
    return np.asarray(faces[y][:, x] > 0)
