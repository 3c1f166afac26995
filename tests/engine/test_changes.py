"""The change map says what was changed, and by how much."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from jobs.engine import Settings, change_map, restore
from tests.engine.pictures import draw_scene, grey_of


def test_nothing_changed() -> None:
    scan = draw_scene()
    made = change_map(scan, scan.copy())
    assert not made.plane.any()
    assert made.area == made.mended == 0


def test_a_filled_spot_is_where_it_is() -> None:
    scan = draw_scene()
    picture = scan.copy()
    picture[100:110, 200:220] = 255 - picture[100:110, 200:220]
    made = change_map(scan, picture)
    assert made.plane.shape == scan.shape[:2]
    assert np.mean(made.plane[100:110, 200:220] > 20) > 0.9
    outside = made.plane.copy()
    outside[100:110, 200:220] = 0
    assert not outside.any()
    assert made.area == pytest.approx(200 / scan[:, :, 0].size, rel=0.1)
    assert made.mended == pytest.approx(made.area, rel=0.5)


def test_a_tone_curve_changes_all_and_mends_nothing() -> None:
    scan = grey_of(draw_scene())
    picture = np.rint((scan / 255) ** 1.5 * 255).astype(np.uint8)
    made = change_map(scan, picture)
    assert made.area > 0.8
    assert made.mended < 0.001


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_enlarged_and_deep_pictures_are_compared_as_they_were(kind: str) -> None:
    scan = draw_scene().astype(kind) * (257 if kind == "uint16" else 1)
    picture = np.repeat(np.repeat(scan, 2, axis=0), 2, axis=1)
    assert change_map(scan, picture).area == 0


def test_big_pictures_get_a_smaller_map_that_misses_nothing() -> None:
    scan = np.full((100, 5000), 90, np.uint8)
    picture = scan.copy()
    picture[50, 2500] = 200
    made = change_map(scan, picture)
    assert made.plane.shape == (34, 1667)
    assert made.plane.max() == 110


def test_faces_are_measured_apart() -> None:
    scan = np.asarray(data.astronaut())
    picture = scan.copy()
    face = np.s_[90:180, 190:260]
    picture[face] = cv2.GaussianBlur(scan[face], (0, 0), 4)
    touched, untouched = change_map(scan, picture), change_map(scan, scan)
    assert untouched.in_faces == 0
    assert touched.in_faces is not None
    assert touched.in_faces > 0.005
    assert change_map(draw_scene(), draw_scene()).in_faces is None


def test_a_sound_face_stays_as_it_is() -> None:
    scan = np.asarray(data.astronaut())
    made = change_map(scan, np.asarray(restore(scan, Settings()).picture, np.uint8))
    assert made.in_faces is not None
    assert made.in_faces < 0.002


def test_strangers_are_refused() -> None:
    with pytest.raises(ValueError, match="belong together"):
        change_map(draw_scene(), draw_scene(300, 400))
