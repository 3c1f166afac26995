"""The mask of the damage can be looked at, changed and given back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import DTypeLike
from skimage import data

from jobs.engine import EngineError, Progress, Settings, find_marks, mend, restore
from tests.engine.pictures import Picture, draw_scene
from training.damage import Level, damage
from training.fading import Fading

ASTRONAUT = np.asarray(data.astronaut())
FILL = Settings(colour=False, contrast=False, grain=False, sharpen=False)


def scratched() -> Picture:
    scan = draw_scene()
    scan[40:44, 60:400] = 255
    return scan


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_mask_is_what_restoring_fills(kind: DTypeLike) -> None:
    hurt = damage(ASTRONAUT, Level.SEVERE, seed=2, fading=Fading.LEVELS).picture
    scan = hurt if kind is np.uint8 else hurt.astype(np.uint16) * np.uint16(257)
    mask = find_marks(scan, FILL)
    assert mask.shape == scan.shape[:2]
    assert set(np.unique(mask)) == {0, 255}
    made = restore(scan, FILL).picture
    again = restore(scan, replace(FILL, mask=mask)).picture
    assert np.array_equal(made, again)
    assert not np.array_equal(made, scan)


def test_mask_of_a_big_scan_is_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mend, "SEARCHED", 50_000)
    assert find_marks(draw_scene(), FILL).shape == (180, 240)


@pytest.mark.parametrize("scale", [0.5, 1, 2.5])
def test_only_what_was_marked_is_filled(scale: float) -> None:
    scan = scratched()
    height, width = (round(side * scale) for side in scan.shape[:2])
    mask = np.zeros((height, width), np.uint8)
    rows, columns = slice(38, 46), slice(100, 200)
    mask[
        round(rows.start * scale) : round(rows.stop * scale),
        round(columns.start * scale) : round(columns.stop * scale),
    ] = 255
    made = restore(scan, replace(FILL, mask=mask)).picture
    changed = (made != scan).any(axis=2)
    assert changed[40:44, 110:190].all()
    changed[34:50, 94:206] = False
    assert not changed.any()


def test_nothing_marked_is_nothing_filled() -> None:
    scan = scratched()
    outcome = restore(scan, replace(FILL, mask=np.zeros((36, 48), np.uint8)))
    assert np.array_equal(outcome.picture, scan)
    assert outcome.reports[0].note == "Nothing to mend: no place was marked."


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((480, 360), np.uint8),
        np.zeros((360, 480, 1), np.uint8),
        np.zeros((360, 480), np.float32),
        np.zeros((0, 0), np.uint8),
    ],
)
def test_mask_of_another_picture_is_refused(
    mask: Picture,
) -> None:
    for work in (restore, find_marks):
        with pytest.raises(EngineError) as refused:
            work(draw_scene(), Settings(mask=mask))
        assert refused.value.code == "mask_unknown"


def test_looking_for_marks_can_be_stopped_and_switched_off() -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        assert progress.stage == "scratches"
        raise Stopped

    with pytest.raises(Stopped):
        find_marks(draw_scene(), Settings(), stop)
    assert not find_marks(scratched(), Settings(scratches=False)).any()
    assert find_marks(np.zeros((4, 9), np.uint8), Settings()).shape == (4, 9)
