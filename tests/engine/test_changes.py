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
    assert made.plane.shape == (25, 1250)
    assert made.plane.max() == pytest.approx(110, abs=3)


def test_a_picture_of_another_size_is_compared_all_the_same() -> None:
    scan = draw_scene()
    height, width = scan.shape[:2]
    size = (width * 5 // 4, height * 5 // 4)
    wider = np.asarray(cv2.resize(scan, size), np.uint8)
    wider[50:100, 125:200] = 255 - wider[50:100, 125:200]
    made = change_map(scan, wider)
    assert made.plane.shape == scan.shape[:2]
    assert made.local[42:78, 102:158].mean() > 10 * made.local[120:].mean()


def test_a_grey_scan_may_have_got_colours() -> None:
    scan = grey_of(draw_scene())
    picture = np.dstack([scan, scan, scan])
    assert change_map(scan, picture).area == 0
    picture[:, :, 0] = np.minimum(picture[:, :, 0].astype(int) + 40, 255)
    assert change_map(scan, picture).area > 0.9


def test_what_a_tone_curve_did_is_told_apart_from_what_was_mended() -> None:
    scan = draw_scene()
    curved = np.rint((scan / 255) ** 1.4 * 255).astype(np.uint8)
    curved[100:110, 200:220] = 128
    made = change_map(scan, curved)
    assert made.area > 0.8
    assert made.mended < 0.01
    assert made.local[100:110, 200:220].mean() > 10
    assert 0 < made.mean < made.strongest <= 1


def test_it_says_how_far_it_is() -> None:
    told: list[float] = []
    change_map(draw_scene(), draw_scene(), tick=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_faces_are_boxes_in_shares_of_the_picture() -> None:
    scan = np.asarray(data.astronaut())
    [face] = change_map(scan, scan).faces
    assert 0.3 < face.left < 224 / 512 < face.right < 0.6
    assert 0.05 < face.top < 120 / 512 < face.bottom < 0.5


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


def test_softened_grain_is_no_changed_face() -> None:
    sound = np.asarray(data.astronaut())
    grain = np.random.default_rng(2).normal(0, 8, sound.shape)
    scan = np.clip(sound + grain, 0, 255).astype(np.uint8)
    face = np.s_[90:180, 190:260]
    other = sound.copy()
    other[face] = sound[face][:, ::-1]
    softened, exchanged = change_map(scan, sound), change_map(scan, other)
    assert softened.mended > 0.3
    assert softened.in_faces is not None
    assert exchanged.in_faces is not None
    assert softened.in_faces < 0.012 < 0.02 < exchanged.in_faces


def test_a_sound_face_stays_as_it_is() -> None:
    scan = np.asarray(data.astronaut())
    made = change_map(scan, np.asarray(restore(scan, Settings()).picture, np.uint8))
    assert made.in_faces is not None
    assert made.in_faces < 0.002


def test_strangers_are_refused() -> None:
    with pytest.raises(ValueError, match="belong together"):
        change_map(draw_scene(), draw_scene(300, 900))
