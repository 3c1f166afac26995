from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.engine.prints import Print, find_prints
from jobs.engine.rectangles import Rectangle, likeness
from tests.engine.album_pages import (
    Level,
    Lies,
    Paper,
    draw_album_page,
    draw_one_print,
)
from tests.engine.pictures import draw_scene, grey_of

AS_IT_LIES = 0.9


def rectangle(lies: Lies | Print) -> Rectangle:
    return Rectangle(lies.x, lies.y, lies.width, lies.height, lies.angle)


def assert_found(prints: tuple[Lies, ...], found: tuple[Print, ...]) -> None:
    assert len(found) == len(prints)
    for lies in prints:
        best = max(likeness(rectangle(lies), rectangle(one)) for one in found)
        assert best >= AS_IT_LIES, lies


@pytest.mark.parametrize("paper", list(Paper))
def test_prints_are_found_where_they_lie_on_any_paper(paper: Paper) -> None:
    page = draw_album_page(31, Level.MEDIUM, paper=paper)
    assert_found(page.prints, find_prints(page.picture))


def test_tilted_touching_prints_are_found() -> None:
    page = draw_album_page(44, Level.HARD, paper=Paper.BLACK)
    assert max(abs(lies.angle) for lies in page.prints) > 8
    assert_found(page.prints, find_prints(page.picture))


@pytest.mark.parametrize("seed", range(6))
def test_a_single_print_stays_whole(seed: int) -> None:
    assert len(find_prints(draw_one_print(seed))) < 2


@pytest.mark.parametrize("seed", range(3))
def test_windows_in_a_picture_are_no_prints(seed: int) -> None:
    assert len(find_prints(draw_scene(900, 1200, seed=seed))) < 2


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_prints(np.full((1000, 800, 3), 240, np.uint8)) == ()
    assert find_prints(np.zeros((1000, 800), np.uint8)) == ()


def test_a_small_scan_is_left_whole() -> None:
    page = draw_album_page(31, Level.EASY, side=700)
    assert find_prints(page.picture) == ()


def test_grey_and_deep_scans_are_looked_at_alike() -> None:
    page = draw_album_page(31, Level.EASY, paper=Paper.BLACK)
    grey = grey_of(page.picture)
    deep = grey.astype(np.uint16) * np.uint16(257)
    assert_found(page.prints, find_prints(grey))
    assert_found(page.prints, find_prints(deep))


def test_prints_come_in_reading_order() -> None:
    page = draw_album_page(31, Level.EASY, paper=Paper.GREY)
    found = find_prints(page.picture)
    rows = [sum(other.y + other.height / 2 < one.y for other in found) for one in found]
    assert rows == sorted(rows)


def test_places_are_told_in_the_scans_own_pixels() -> None:
    page = draw_album_page(31, Level.EASY, paper=Paper.KRAFT)
    twice = page.picture.repeat(2, axis=0).repeat(2, axis=1)
    large = tuple(
        replace(
            lies,
            x=2 * lies.x,
            y=2 * lies.y,
            width=2 * lies.width,
            height=2 * lies.height,
        )
        for lies in page.prints
    )
    assert_found(large, find_prints(twice))


def test_a_patch_beside_a_large_picture_makes_no_page() -> None:
    page = np.full((1000, 1400, 3), 30, np.uint8)
    noise = np.random.default_rng(5).normal(0, 1.5, page.shape)
    page[60:760, 60:960] = draw_scene(700, 900, seed=4)
    page[820:920, 1150:1250] = draw_scene(100, 100, seed=5)
    scan = np.clip(page + noise, 0, 255).astype(np.uint8)
    assert len(find_prints(scan)) < 2
    page[820:920, 1150:1250] = 30
    page[300:860, 1000:1370] = draw_scene(560, 370, seed=5)
    scan = np.clip(page + noise, 0, 255).astype(np.uint8)
    assert len(find_prints(scan)) == 2
