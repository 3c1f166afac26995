"""Which of the likely places are taken for damage."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from jobs.engine import decision, detector
from jobs.engine.contract import Damage, Mask

SIZE = 400
FACE = np.s_[100:200, 150:250]


def sound() -> Mask:
    return np.zeros((SIZE, SIZE), np.uint8)


def faces() -> Mask:
    mask = sound()
    mask[FACE] = 255
    return mask


def chosen(chances: Mask, expected: Damage = Damage.AUTO) -> Mask:
    found = detector.suspects(chances)
    return decision.choose(found, faces(), expected).mask


def wrecked() -> Mask:
    """Many marks that are sure, so that there is less to doubt."""
    chances = sound()
    for number in range(40):
        x = 12 + 9 * number
        cv2.line(chances, (x, 300), (x + 40, 380 - number), 250, 2)
    return chances


def test_sure_marks_are_taken_and_doubtful_ones_not() -> None:
    chances = sound()
    cv2.line(chances, (20, 20), (120, 60), 250, 2)
    cv2.line(chances, (260, 20), (360, 60), 160, 2)
    mask = chosen(chances)
    assert mask[chances == 250].all()
    assert not mask[chances == 160].any()


def test_in_a_wreck_doubtful_marks_are_taken() -> None:
    chances = wrecked()
    cv2.line(chances, (260, 20), (360, 60), 170, 2)
    assert chosen(chances)[chances == 170].all()


@pytest.mark.parametrize(
    ("expected", "taken"), [(Damage.LIGHT, False), (Damage.SEVERE, True)]
)
def test_who_says_that_damage_is_severe_is_believed(
    expected: Damage, taken: bool
) -> None:
    chances = sound()
    cv2.line(chances, (260, 20), (360, 60), 150, 2)
    assert chosen(chances, expected).any() == taken


def test_crack_that_is_sure_beside_a_face_is_followed_through_it() -> None:
    chances = sound()
    cv2.line(chances, (20, 150), (380, 150), 250, 2)
    inside = sound()
    cv2.line(inside, (152, 150), (248, 150), 255, 2)
    chances[inside > 0] = 90
    mask = chosen(chances)
    assert mask[inside > 0].all()


def test_doubtful_mark_in_a_face_stays_and_is_told() -> None:
    chances = wrecked()
    cv2.line(chances, (180, 130), (220, 170), 200, 2)
    found = decision.choose(detector.suspects(chances), faces(), Damage.AUTO)
    assert found.spared
    assert not found.mask[FACE].any()
    assert found.mask.any()


def test_sure_mark_in_a_face_is_taken() -> None:
    chances = sound()
    cv2.line(chances, (180, 150), (220, 150), 250, 2)
    assert chosen(chances)[FACE].any()


def test_faint_ends_of_a_crack_in_a_wreck_are_taken_too() -> None:
    chances = wrecked()
    cv2.line(chances, (260, 20), (300, 60), 250, 2)
    cv2.line(chances, (302, 62), (360, 62), 90, 2)
    cv2.line(chances, (20, 20), (80, 20), 90, 2)
    mask = chosen(chances)
    assert mask[62, 305:355].all()
    assert not mask[20, 20:80].any()


def test_buttons_are_left_unless_they_are_all_but_sure() -> None:
    chances = wrecked()
    cv2.circle(chances, (60, 60), 4, 215, -1)
    cv2.circle(chances, (60, 120), 4, 250, -1)
    mask = chosen(chances)
    assert not mask[60, 60]
    assert mask[120, 60]


def test_collars_are_too_broad_for_a_mark() -> None:
    chances = wrecked()
    cv2.circle(chances, (80, 120), 40, 200, -1)
    assert not chosen(chances)[70:170, 30:130].any()


def test_letters_in_a_line_are_no_marks() -> None:
    chances = sound()
    for x in range(20, 140, 12):
        cv2.line(chances, (x, 30), (x + 6, 42), 250, 2)
    assert not chosen(chances).any()


def test_cracks_of_about_one_height_are_no_letters() -> None:
    chances = sound()
    for x in range(20, 380, 40):
        cv2.line(chances, (x, 220), (x + 20, 280), 250, 2)
    assert chosen(chances).any()


def test_rim_of_the_print_is_no_mark() -> None:
    chances = sound()
    chances[:, 2:5] = 250
    assert not chosen(chances).any()


@pytest.mark.parametrize(("wide", "taken"), [(2, True), (9, False)])
def test_thick_lines_in_sound_prints_belong_to_the_scene(
    wide: int, taken: bool
) -> None:
    chances = sound()
    cv2.line(chances, (260, 240), (380, 240), 250, wide)
    assert chosen(chances).any() == taken
