"""What training learns from, and going on from a network that is there."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.engine.pictures import draw_scene
from training import photographs
from training.sources import HELD_OUT, learnable, tunable


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(photographs, "FOLDER", tmp_path / "photographs")
    return tmp_path / "photographs"


def unpack(folder: Path, package: str, name: str, *, wide: int) -> None:
    place = (photographs.LEARNED | photographs.TUNED)[package][0].format(name)
    path = folder / package / place
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), draw_scene(wide // 2, wide, seed=3))


def test_photographs_that_are_there_are_learned_from(folder: Path) -> None:
    unpack(folder, "mate-backgrounds", "Storm", wide=2000)
    unpack(folder, "mate-backgrounds", "TwoWings", wide=400)
    assert learnable()["mate-backgrounds/Storm"].shape == (800, 1600, 3)
    assert "mate-backgrounds/TwoWings" not in learnable()
    assert tunable()["mate-backgrounds/TwoWings"].shape == (200, 400, 3)


def test_without_photographs_training_has_the_others(folder: Path) -> None:
    assert "chelsea" in learnable()
    assert not any("/" in name for name in learnable())


def test_nothing_is_both_learned_from_and_tuned_on() -> None:
    names = [
        {
            (package, name)
            for package, (_, all_of_it) in wanted.items()
            for name in all_of_it
        }
        for wanted in (photographs.LEARNED, photographs.TUNED)
    ]
    assert not names[0] & names[1]
    assert not set(HELD_OUT) & set(tunable())


def test_package_that_cannot_be_fetched_is_done_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    photographs.fetch()
    assert "mate-backgrounds cannot be fetched" in caplog.text
    assert list(folder.iterdir()) == []


def test_package_is_fetched_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in {*photographs.LEARNED, *photographs.TUNED}:
        (folder / package).mkdir(parents=True)
    monkeypatch.setenv("PATH", str(folder))
    photographs.fetch()
    assert np.all([not any(each.iterdir()) for each in folder.iterdir()])
