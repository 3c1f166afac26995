"""What a restoration has changed, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.bands import Band, cut
from jobs.engine.contract import Mask, Pixels, Plane, Tick
from jobs.engine.faces import Face, faces_in

# The map has at most so many pixels a side.
SIDE = 1600
STEPS = 256
# Moves of a tone are told apart by a quarter of an 8-bit step.
FINE = 1020
MOVES = 2 * FINE + 1
# So many pixels tell how the tones were moved.
ASKED = 2_000_000
# Less than this is not seen.
SEEN = 6 / 255
# Pictures of other sizes are compared at this size, if their shapes differ no more.
COMPARED_SIDE = 3200
UNLIKE = 0.03
# So many pixels a side are taken together where grain is not to count.
GRAIN = 5
# Steps of the map: so that it packs well, and the noise of noise does not fill disks.
LEVELS = 64


@dataclass(frozen=True)
class ChangeMap:
    """`plane` (h, w): 0..255 for a change of 0..1, the greatest of its square of pixels;
    `local` the same for the change that no tone curve explains.

    `area` is the share of the picture that was changed so that it can be seen, and
    `mended` that of the local change: what was filled, smoothed, sharpened. `mean` and
    `strongest` are of the whole change, 0..1. `in_faces` is the mean of the local
    change inside faces, 0..1, softened grain left aside; None without faces.
    """

    plane: Mask
    local: Mask
    area: float
    mended: float
    mean: float
    strongest: float
    in_faces: float | None
    faces: tuple[Face, ...]


@dataclass
class _Sums:
    seen: int = 0
    mended: int = 0
    changed: float = 0.0
    strongest: float = 0.0
    in_faces: float = 0.0
    face_pixels: int = 0


def change_map(scan: Pixels, picture: Pixels, *, tick: Tick | None = None) -> ChangeMap:
    """Compare (h, w) or (h, w, 3) with its restoration, 8 or 16 bits.

    A restoration may be enlarged, and one that comes from elsewhere may be of any size
    and have colours that the scan has not. The change of a pixel is that of the channel
    that changed most. `tick` hears how far it is, 0..1. Raises ValueError for pictures
    whose shapes do not belong together.
    """
    first, second, factor = _together(_deep(scan), _deep(picture))
    faces = faces_in(first, tick=_ignore)
    tick = tick or _ignore
    tones = _tones(first, second, factor, lambda part: tick(part / 2))
    return _measured(
        first, second, factor, tones, faces, lambda part: tick(0.5 + part / 2)
    )


def _ignore(part: float) -> None:
    pass


def _together(first: Pixels, second: Pixels) -> tuple[Pixels, Pixels, int]:
    """Both with the same channels, the second a whole number of times as large."""
    if first.shape[2] != second.shape[2]:
        first, second = _coloured(first), _coloured(second)
    factor = second.shape[0] // first.shape[0]
    if factor and second.shape[:2] == (
        first.shape[0] * factor,
        first.shape[1] * factor,
    ):
        return first, second, factor
    shapes = [picture.shape[1] / picture.shape[0] for picture in (first, second)]
    if abs(shapes[0] / shapes[1] - 1) > UNLIKE:
        raise ValueError("these pictures do not belong together")
    height, width = first.shape[:2]
    scale = min(1.0, COMPARED_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _resized(first, size), _resized(second, size), 1


def _coloured(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 3:
        return pixels
    return _like(pixels, np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    made = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return _like(pixels, made.reshape(size[1], size[0], -1))


def _like(pixels: Pixels, made: NDArray[Any]) -> Pixels:
    if pixels.dtype == np.uint8:
        return np.asarray(made, np.uint8)
    return np.asarray(made, np.uint16)


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


def _tones(
    first: Pixels, second: Pixels, factor: int, tick: Tick
) -> NDArray[np.float64]:
    """(channels, 256): by how much each tone was moved. The median, so that what was
    mended in it does not count."""
    height, width, channels = first.shape
    counts = np.zeros((channels, STEPS * MOVES), np.int64)
    some = slice(None, None, int(np.ceil(np.sqrt(height * width / ASKED))))
    for band, before, after in _pairs(first, second, factor, 1):
        tick(band.stop / height)
        before, after = before[some, some], after[some, some]
        moved = np.rint((after - before) * FINE).astype(np.intp) + FINE
        places = _steps(before) * MOVES + moved
        for number in range(channels):
            here = places[:, :, number].ravel()
            counts[number] += np.bincount(here, minlength=STEPS * MOVES)
    sums = np.cumsum(counts.reshape(channels, STEPS, MOVES), axis=2)
    middle = (sums * 2 >= sums[:, :, -1:]).argmax(axis=2)
    return np.where(sums[:, :, -1] > 0, (middle - FINE) / FINE, 0.0)


def _steps(values: Plane) -> NDArray[np.intp]:
    return np.minimum(values * STEPS, STEPS - 1).astype(np.intp)


def _measured(
    first: Pixels,
    second: Pixels,
    factor: int,
    tones: NDArray[np.float64],
    faces: tuple[Face, ...],
    tick: Tick,
) -> ChangeMap:
    height, width = first.shape[:2]
    pool = -(-max(height, width) // SIDE)
    plane, local_plane = np.zeros((2, -(-height // pool), -(-width // pool)), np.uint8)
    sums = _Sums()
    for band, before, after in _pairs(first, second, factor, pool):
        change = _greatest(after - before)
        beyond = _beyond_tones(before, after, tones)
        local = _greatest(beyond)
        plane[band.start : band.stop] = _pooled(change, pool)
        local_plane[band.start : band.stop] = _pooled(local, pool)
        here = _face_rows(faces, band.start * pool, before.shape[0], height, width)
        _add(sums, change, local)
        if here.any():
            sums.in_faces += float(_without_grain(beyond)[here].sum(dtype=np.float64))
            sums.face_pixels += int(np.count_nonzero(here))
        tick(band.stop / plane.shape[0])
    pixels = height * width
    return ChangeMap(
        plane=plane,
        local=local_plane,
        area=sums.seen / pixels,
        mended=sums.mended / pixels,
        mean=sums.changed / pixels,
        strongest=sums.strongest,
        in_faces=sums.in_faces / sums.face_pixels if sums.face_pixels else None,
        faces=tuple(sorted(faces, key=lambda face: face.left)),
    )


def _add(sums: _Sums, change: Plane, local: Plane) -> None:
    sums.seen += int(np.count_nonzero(change > SEEN))
    sums.mended += int(np.count_nonzero(local > SEEN))
    sums.changed += float(change.sum(dtype=np.float64))
    sums.strongest = max(sums.strongest, float(change.max()))


def _beyond_tones(before: Plane, after: Plane, tones: NDArray[np.float64]) -> Plane:
    """The signed change (h, w, c) beyond that of the tone curves."""
    moved = [
        after[:, :, n] - before[:, :, n] - tones[n][_steps(before[:, :, n])]
        for n in range(before.shape[2])
    ]
    return np.asarray(np.stack(moved, axis=2), np.float32)


def _greatest(change: Plane) -> Plane:
    return np.asarray(np.abs(change).max(axis=2), np.float32)


def _without_grain(change: Plane) -> Plane:
    """What is left of a change where a few pixels are taken together: softened grain
    comes to nothing, a feature that was moved or made up stays."""
    calm = cv2.blur(change, (GRAIN, GRAIN)).reshape(change.shape)
    return _greatest(np.asarray(calm, np.float32))


def _pooled(change: Plane, pool: int) -> Mask:
    down, right = -change.shape[0] % pool, -change.shape[1] % pool
    whole = np.pad(change, ((0, down), (0, right)))
    rows, columns = whole.shape
    squares = whole.reshape(rows // pool, pool, columns // pool, pool)
    greatest = np.floor(squares.max(axis=(1, 3)) * (LEVELS - 0.001))
    return np.asarray(np.rint(greatest * (255 / (LEVELS - 1))), np.uint8)


def _face_rows(
    faces: tuple[Face, ...], top: int, rows: int, height: int, width: int
) -> NDArray[np.bool_]:
    here = np.zeros((rows, width), bool)
    for face in faces:
        box = face.pixels(height, width)
        inside = slice(max(box.top - top, 0), max(box.bottom - top, 0))
        here[inside, box.left : box.right] = True
    return here
