from __future__ import annotations

import numpy as np
import pytest

from jobs.engine.contract import Plane
from jobs.engine.own.tiles import spans, walk


def quiet(part: float) -> None:
    pass


@pytest.mark.parametrize("length", [1, 31, 64, 65, 100, 127, 128, 500, 1001])
@pytest.mark.parametrize(("tile", "overlap"), [(64, 16), (64, 0), (33, 16)])
def test_tiles_cover_a_side_and_overlap(length: int, tile: int, overlap: int) -> None:
    found = spans(length, tile, overlap)
    assert (found[0].start, found[-1].stop) == (0, length)
    assert all(0 < one.stop - one.start <= tile for one in found)
    for first, second in zip(found, found[1:], strict=False):
        assert first.stop - second.start == overlap == first.after == second.before
    assert found[0].before == found[-1].after == 0


def walked(picture: Plane, *, tile: int, scale: int = 1) -> Plane:
    """The picture repeated `scale` times, made tile by tile, in place where it can be."""
    height, width = picture.shape[:2]
    result = (
        picture if scale == 1 else np.repeat(np.repeat(picture, scale, 0), scale, 1)
    )
    result = result if scale == 1 else np.full_like(result, np.nan)

    def work(rows: slice, columns: slice) -> Plane:
        part = picture[rows, columns].copy()
        return np.repeat(np.repeat(part, scale, axis=0), scale, axis=1) + np.float32(1)

    def keep(y: int, x: int, piece: Plane) -> None:
        result[y : y + piece.shape[0], x : x + piece.shape[1]] = piece

    walk((height, width), work, keep, tile=tile, overlap=12, scale=scale, tick=quiet)
    return result


@pytest.mark.parametrize("tile", [32, 50, 400])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_each_pixel_is_made_once_from_what_it_was(tile: int, scale: int) -> None:
    """Also where the result goes back into the picture that tiles are still cut from."""
    picture = np.random.default_rng(1).random((130, 211, 3), np.float32)
    whole = np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1) + 1
    made = walked(picture.copy(), tile=tile, scale=scale)
    assert np.abs(made - whole).max() < 1e-5


def test_tiles_fade_into_each_other() -> None:
    """A model that makes each tile another grey leaves no edge."""
    result = np.empty((40, 300, 1), np.float32)
    greys = iter(np.linspace(0, 1, 40, dtype=np.float32))

    def work(rows: slice, columns: slice) -> Plane:
        size = rows.stop - rows.start, columns.stop - columns.start, 1
        return np.full(size, 1 - next(greys) % 0.5, np.float32)

    def keep(y: int, x: int, piece: Plane) -> None:
        result[y : y + piece.shape[0], x : x + piece.shape[1]] = piece

    walk((40, 300), work, keep, tile=64, overlap=24, tick=quiet)
    steps = np.abs(np.diff(result[:, :, 0], axis=1))
    assert 0 < steps.max() < 0.01


def test_the_tick_comes_with_each_tile() -> None:
    ticks: list[float] = []
    work = np.zeros((100, 100, 1), np.float32)
    walk(
        (100, 100),
        lambda rows, columns: work[rows, columns].copy(),
        lambda y, x, piece: None,
        tile=40,
        overlap=10,
        tick=ticks.append,
    )
    assert len(ticks) == 9
    assert ticks == sorted(ticks)
    assert ticks[-1] == 1
