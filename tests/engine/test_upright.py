from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from jobs.engine.prints import Print
from jobs.engine.upright import upright_turn
from tests.engine.pictures import Picture, draw_scene


def laid(picture: Picture, turn: int, angle: float) -> tuple[Picture, Print]:
    """A page with the picture on it, turned clockwise by so many degrees."""
    lying = np.ascontiguousarray(np.rot90(picture, -turn // 90))
    high, wide = lying.shape[:2]
    page = np.full((1200, 1200, 3), 40, np.uint8)
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), -angle, 1)
    matrix[:, 2] += np.array([600 - wide / 2, 640 - high / 2])
    cv2.warpAffine(lying, matrix, (1200, 1200), page, borderMode=cv2.BORDER_TRANSPARENT)
    return page, Print(600, 640, wide, high, angle, 1.0)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_face_tells_which_way_up(turn: int) -> None:
    portrait = np.asarray(data.astronaut()[:330, 60:400], np.uint8)
    page, found = laid(portrait, turn, 8)
    assert upright_turn(page, found) == turn
    grey = np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8)
    assert upright_turn(grey.astype(np.uint16) * np.uint16(257), found) == turn


def test_without_a_face_it_stays_as_it_lies() -> None:
    page, found = laid(draw_scene(360, 480, seed=3), 90, -5)
    assert upright_turn(page, found) == 0


def test_a_print_that_lies_over_the_edge_is_looked_at() -> None:
    portrait = np.asarray(data.astronaut()[:330, 60:400], np.uint8)
    page, found = laid(portrait, 0, 0)
    beyond = Print(found.x, found.y, 1300, 1300, 10, 1.0)
    assert upright_turn(page, beyond) in {0, 90, 180, 270}
