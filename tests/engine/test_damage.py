"""The damage of the bench and of the training is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.pictures import draw_scene, grey_of
from training.damage import Level, damage
from training.fading import Fading
from training.sources import (
    HELD_OUT,
    LEARNED,
    HeldOut,
    held_out,
    learnable,
    refuse_held_out,
)


@pytest.mark.parametrize("level", Level)
def test_same_seed_same_damage(level: Level) -> None:
    first, again = (damage(draw_scene(), level, seed=3) for _ in range(2))
    other = damage(draw_scene(), level, seed=4)
    assert np.array_equal(first.picture, again.picture)
    assert np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.mask, other.mask)


def test_worse_levels_are_worse() -> None:
    areas, errors = [], []
    for level in Level:
        hurt = damage(draw_scene(), level, seed=5)
        areas.append(np.mean(hurt.mask > 0))
        errors.append(np.abs(hurt.picture.astype(float) - draw_scene()).mean())
    assert areas == sorted(areas)
    assert errors == sorted(errors)


@pytest.mark.parametrize("grey", [False, True])
def test_mask_is_where_the_marks_are(grey: bool) -> None:
    clean = grey_of(draw_scene()) if grey else draw_scene()
    hurt = damage(clean, Level.LIGHT, seed=6, fading=Fading.NONE)
    change = np.abs(hurt.picture.astype(float) - hurt.whole)
    change = change.reshape(*clean.shape[:2], -1).max(axis=2)
    assert change[hurt.mask > 0].mean() > 10 * change[hurt.mask == 0].mean()


def test_what_is_learned_from_is_not_measured_on() -> None:
    assert not set(LEARNED) & set(HELD_OUT)
    assert not set(learnable()) & set(held_out())


def test_held_out_picture_under_another_name_is_refused() -> None:
    pictures = held_out()
    with pytest.raises(HeldOut):
        refuse_held_out("camera", learnable()["chelsea"], pictures)
    for name, picture in pictures.items():
        smaller = np.ascontiguousarray(picture[10:-10:2, -12:10:-2])
        with pytest.raises(HeldOut):
            refuse_held_out(f"holiday of {name}", smaller, pictures)
