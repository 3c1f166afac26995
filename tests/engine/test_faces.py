"""Faces are found, and a stage that would change one is held back there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from jobs.engine import Settings, colour, grain, look, restore
from jobs.engine.contract import Canvas
from jobs.engine.faces import Face, faces_in, mask_of
from jobs.engine.guard import Guard, hold_enlarged, is_like, likeness
from jobs.engine.noise import Noise
from jobs.engine.notes import Note
from jobs.engine.skin import off_skin
from tests.engine.pictures import Picture, draw_scene

ASTRONAUT = np.asarray(data.astronaut())
FACE = np.s_[90:150, 195:255]


def quiet(part: float) -> None:
    pass


def found_in(picture: Picture) -> tuple[Face, ...]:
    return faces_in(picture, tick=quiet)


def turned(picture: Picture, degrees: float) -> Picture:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    border = cv2.BORDER_REPLICATE
    made = cv2.warpAffine(picture, turn, (width, height), borderMode=border)
    return np.asarray(made, np.uint8)


def grey_face() -> NDArray[np.float32]:
    return np.asarray(ASTRONAUT[60:190, 160:290].mean(axis=2) / 255, np.float32)


@pytest.mark.parametrize("degrees", [0, 25, -25])
def test_a_face_is_found_upright_and_tilted(degrees: float) -> None:
    mask = mask_of(found_in(turned(ASTRONAUT, degrees)), 512, 512)
    truth = np.zeros((512, 512), np.uint8)
    truth[FACE] = 255
    where = turned(truth, degrees) > 128
    assert np.mean(mask[where] > 0) > 0.8
    assert np.mean(mask > 0) < 0.15


def test_a_faded_face_is_found() -> None:
    faded = (ASTRONAUT * 0.25 + 130).astype(np.uint8)
    assert len(found_in(faded)) == 1


@pytest.mark.parametrize("picture", [draw_scene(), np.asarray(data.coffee())])
def test_no_faces_where_there_are_none(picture: Picture) -> None:
    assert found_in(picture) == ()


def test_brightness_and_contrast_leave_a_face_as_it_is() -> None:
    face = grey_face()
    for moved in (face * 0.4 + 0.3, face**1.6, face * 0.9):
        assert is_like(face, np.asarray(moved, np.float32))


def test_fine_grain_may_go_and_features_may_not() -> None:
    face = grey_face()
    noise = np.random.default_rng(1).normal(0, 0.02, face.shape)
    grainy = np.asarray(face + noise, np.float32)
    calmed = np.asarray(cv2.GaussianBlur(face, (0, 0), 0.5), np.float32)
    assert is_like(grainy, calmed)
    blurred = np.asarray(cv2.GaussianBlur(face, (0, 0), 3), np.float32)
    assert not is_like(face, blurred)
    assert likeness(face, np.asarray(face[:, ::-1], np.float32))[0] < 0.8


def test_a_thin_scratch_may_be_filled_and_an_eye_may_not() -> None:
    face = grey_face()
    scratched = face.copy()
    scratched[:, 60:62] = 1
    assert is_like(scratched, face, marks=True)
    blinded = face.copy()
    blinded[35:75, 25:105] = face[35:75, 25:105].mean()
    assert not is_like(face, blinded, marks=True)


def harmful(rows: Canvas, noise: Noise, *, strength: float) -> Canvas:
    return np.roll(rows, 40, axis=1)


def test_a_harmful_stage_is_held_back_in_the_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grain, "soften_grain", harmful)
    monkeypatch.setattr(look.Look, "grain_strength", lambda *_: 1.0)
    only = Settings(scratches=False, colour=False, contrast=False, sharpen=False)
    outcome = restore(ASTRONAUT, only)
    report = next(each for each in outcome.reports if each.stage == "grain")
    assert report.held_back
    assert report.note == Note.FACES_KEPT
    assert np.array_equal(outcome.picture[FACE], ASTRONAUT[FACE])
    change = np.abs(outcome.picture.astype(int) - ASTRONAUT)
    assert change[300:].mean() > 5


def test_a_stage_that_harms_no_face_is_let_be() -> None:
    canvas = ASTRONAUT.astype(np.uint16) * np.uint16(257)
    guard = Guard(canvas.shape, found_in(ASTRONAUT), np.empty)
    guard.keep(canvas)
    brighter = (canvas * 0.8).astype(np.uint16)
    canvas[:] = brighter
    assert guard.hold(canvas) == 0
    assert np.array_equal(canvas, brighter)


def test_an_enlarged_face_that_is_another_one_is_put_back() -> None:
    canvas = ASTRONAUT.astype(np.uint16) * np.uint16(257)
    faces = found_in(ASTRONAUT)
    picture = np.repeat(np.repeat(ASTRONAUT, 2, axis=0), 2, axis=1)
    assert hold_enlarged(canvas, picture, 2, faces) == 0
    picture[120:360, 340:560] = picture[120:360, 340:560][:, ::-1]
    assert hold_enlarged(canvas, picture, 2, faces) == 1
    small = cv2.resize(picture, (512, 512), interpolation=cv2.INTER_AREA)
    assert np.abs(small[FACE].astype(int) - ASTRONAUT[FACE]).mean() < 4


def test_curves_that_make_skin_blue_are_held_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = np.arange(65536)
    blue = tuple((steps * part).astype(np.uint16) for part in (0.4, 0.6, 1.0))
    monkeypatch.setattr(colour, "plan_colour", lambda tone: blue)
    outcome = restore(ASTRONAUT, Settings(scratches=False, grain=False))
    report = next(each for each in outcome.reports if each.stage == "colour")
    assert report.held_back
    face = outcome.picture[FACE].astype(np.uint16)
    assert off_skin(face * np.uint16(257)) == 0
