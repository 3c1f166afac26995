"""The networks: what they add, and that the engine does without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from jobs.engine import Progress, Settings, detector, network, restore
from jobs.engine.contract import Canvas, Damage
from jobs.engine.mend import find
from tests.engine.pictures import Picture, draw_scene, grey_of
from training.damage import Level, damage
from training.fading import Fading

ASTRONAUT = np.asarray(data.astronaut())


def widen(picture: Picture) -> Canvas:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    return deep.astype(np.uint16) * np.uint16(257)


def quiet(part: float) -> None:
    pass


@pytest.fixture
def without_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(network, "WEIGHTS", tmp_path)
    network._session.cache_clear()
    yield
    network._session.cache_clear()


@pytest.mark.parametrize("name", [detector.NETWORK])
def test_networks_are_there_and_small(name: str) -> None:
    assert network.is_there(name)
    assert (network.WEIGHTS / name).stat().st_size < 5_000_000


def test_broken_weights_are_as_good_as_none(
    without_networks: None, tmp_path: Path
) -> None:
    (tmp_path / detector.NETWORK).write_bytes(b"no network")
    assert not network.is_there(detector.NETWORK)


def test_without_networks_the_classical_methods_do_the_work(
    without_networks: None,
) -> None:
    scan = damage(ASTRONAUT, Level.SEVERE, seed=2, fading=Fading.LEVELS).picture
    made = restore(scan, Settings()).picture
    before = peak_signal_noise_ratio(ASTRONAUT, scan)
    assert peak_signal_noise_ratio(ASTRONAUT, made) > before + 0.5


@pytest.mark.parametrize("length", [1, 640, 641, 2000])
def test_spans_cover_a_side_once(length: int) -> None:
    written = [
        number
        for span in network.spans(length)
        for number in range(length)[span.read][span.inner]
    ]
    assert written == list(range(length))


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = widen(damage(ASTRONAUT, Level.MEDIUM, seed=3).picture)
    whole = detector.chances_of_damage(scan, tick=quiet)
    monkeypatch.setattr(network, "TILE", 160)
    tiled = detector.chances_of_damage(scan, tick=quiet)
    differs = np.abs(whole.astype(int) - tiled.astype(int)) > 26
    assert np.mean(differs) < 0.002


@pytest.mark.parametrize("grey", [False, True])
def test_damage_is_found_pixel_by_pixel(grey: bool) -> None:
    clean = grey_of(draw_scene()) if grey else draw_scene()
    hurt = damage(clean, Level.MEDIUM, seed=9, fading=Fading.NONE)
    found = find(widen(hurt.picture), Damage.AUTO, tick=quiet).mask > 0
    truth = hurt.mask > 0
    hit = np.count_nonzero(found & truth)
    assert 2 * hit / (np.count_nonzero(found) + np.count_nonzero(truth)) > 0.6


def test_white_cloth_is_not_torn_paper() -> None:
    picture = draw_scene()
    cv2.ellipse(picture, (240, 300), (60, 40), 0, 0, 360, (250, 250, 245), -1)
    cv2.rectangle(picture, (300, 0), (480, 30), (255, 255, 255), -1)
    assert np.mean(find(widen(picture), Damage.AUTO, tick=quiet).mask > 0) < 0.001


def test_whoever_aborts_is_asked_for_every_tile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "TILE", 96)
    scan = damage(ASTRONAUT, Level.SEVERE, seed=2).picture
    heard: list[Progress] = []
    restore(scan, Settings(), progress=heard.append)
    assert sum(progress.stage == "scratches" for progress in heard) > 36
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
