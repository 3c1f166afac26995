from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from jobs.engine import EngineError, Progress, Settings, restore
from jobs.engine.contract import Pixels
from tests.engine.pictures import Picture, draw_scene, grey_of
from training.damage import Level, damage
from training.fading import Fading

CLEAN = {
    "drawn": draw_scene(),
    "drawn grey": grey_of(draw_scene(seed=1)),
    "cat": np.asarray(data.chelsea()),
    "astronaut": np.asarray(data.astronaut()),
    "rocket": np.asarray(data.rocket()),
    "cameraman": np.asarray(data.camera()),
}
GAINS = {Level.LIGHT: -0.5, Level.MEDIUM: 0.0, Level.SEVERE: 1.0}
STAGES = ["look", "scratches", "grain", "colour", "contrast", "sharpen"]


def likeness(first: Picture, second: Picture) -> float:
    axis = 2 if first.ndim == 3 else None
    return float(structural_similarity(first, second, channel_axis=axis))


@pytest.mark.parametrize("name", CLEAN)
def test_clean_photo_is_left_alone(name: str) -> None:
    made = restore(CLEAN[name], Settings()).picture
    assert likeness(CLEAN[name], made) >= 0.97


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("name", ["drawn", "drawn grey", "astronaut"])
def test_damaged_photo_gets_better_and_light_damage_no_worse(
    name: str, level: Level
) -> None:
    scan = damage(CLEAN[name], level, seed=4, fading=Fading.LEVELS).picture
    made = restore(scan, Settings()).picture
    before = peak_signal_noise_ratio(CLEAN[name], scan)
    assert peak_signal_noise_ratio(CLEAN[name], made) > before + GAINS[level]


def test_same_bytes_in_same_bytes_out_with_any_number_of_threads() -> None:
    scan = damage(CLEAN["astronaut"], Level.SEVERE, seed=2).picture
    threads = cv2.getNumThreads()
    try:
        made = []
        for count in (1, 2, 4):
            cv2.setNumThreads(count)
            made.append(restore(scan, Settings()).picture.tobytes())
    finally:
        cv2.setNumThreads(threads)
    assert made[0] == made[1] == made[2]


def test_progress_never_goes_back_and_ends_at_the_end() -> None:
    heard: list[Progress] = []
    restore(CLEAN["drawn"], Settings(enlarge=2), progress=heard.append)
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == pytest.approx(1)


def test_progress_may_abort() -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.stage == "grain":
            raise Stopped

    with pytest.raises(Stopped):
        restore(CLEAN["drawn"], Settings(), progress=stop)


def test_stages_report_in_order_and_can_be_switched_off() -> None:
    scan = damage(CLEAN["drawn"], Level.SEVERE, seed=3).picture
    outcome = restore(scan, Settings())
    assert [report.stage for report in outcome.reports] == STAGES
    assert any(report.applied and report.changed > 0 for report in outcome.reports)
    off = Settings(
        colour=False, contrast=False, scratches=False, grain=False, sharpen=False
    )
    outcome = restore(scan, off)
    assert not any(report.applied for report in outcome.reports)
    assert np.array_equal(outcome.picture, scan)


@pytest.mark.parametrize("factor", [2, 4])
def test_enlarging(factor: int) -> None:
    truth = CLEAN["astronaut"]
    small = cv2.resize(truth, (0, 0), fx=1 / factor, fy=1 / factor, interpolation=3)
    settings = Settings(enlarge=factor, colour=False, contrast=False, scratches=False)
    made = restore(np.asarray(small, np.uint8), settings).picture
    cubic = cv2.resize(small, truth.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    assert made.shape == truth.shape
    assert peak_signal_noise_ratio(truth, made) > peak_signal_noise_ratio(truth, cubic)


def test_result_too_big_is_refused_with_what_to_do() -> None:
    scan = np.zeros((4000, 6000), np.uint8)
    with pytest.raises(EngineError, match="Enlarge it by 2 instead") as refused:
        restore(scan, Settings(enlarge=4))
    assert refused.value.code == "enlarge_too_big"


@pytest.mark.parametrize("shape", [(0, 4), (4, 4, 4), (2, 2, 3, 1)])
def test_strange_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EngineError):
        restore(np.zeros(shape, np.uint8), Settings())


def test_scan_is_only_read_and_workspace_is_used() -> None:
    scan = CLEAN["drawn"].copy()
    scan.setflags(write=False)
    asked: list[tuple[int, ...]] = []

    def workspace(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[np.generic]:
        asked.append(shape)
        return np.empty(shape, dtype)

    restore(scan, Settings(), workspace=workspace)
    assert asked == [scan.shape, scan.shape]


def test_deep_gradients_stay_deep() -> None:
    ramp = np.linspace(9000, 52000, 600).astype(np.uint16)
    scan = np.broadcast_to(ramp, (400, 600)).copy()
    made = restore(scan, Settings()).picture
    assert made.dtype == np.uint16
    assert len(np.unique(made)) > 500
    assert int(made.max()) - int(made.min()) > 48000


RANDOM = np.random.default_rng(0)
EXTREMES: dict[str, Pixels] = {
    "one pixel": np.full((1, 1, 3), 7, np.uint8),
    "a row": RANDOM.integers(0, 255, (1, 4000), np.uint8),
    "a column": RANDOM.integers(0, 65535, (4000, 1, 3), np.uint16),
    "thin": RANDOM.integers(0, 255, (17, 900, 3), np.uint8),
    "black": np.zeros((300, 300, 3), np.uint8),
    "white": np.full((300, 300), 65535, np.uint16),
    "flat": np.full((300, 200, 3), 90, np.uint8),
    "noise": RANDOM.integers(0, 255, (300, 300, 3), np.uint8),
    "checkerboard": (np.indices((300, 300)).sum(axis=0) % 2 * 255).astype(np.uint8),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("factor", [1, 2])
def test_extremes_survive(name: str, factor: int) -> None:
    scan = EXTREMES[name]
    made = restore(scan, Settings(enlarge=factor)).picture
    assert made.dtype == scan.dtype
    assert made.shape[:2] == (scan.shape[0] * factor, scan.shape[1] * factor)
    assert made.shape[2:] == scan.shape[2:]


@pytest.mark.parametrize("name", ["black", "white", "flat", "checkerboard"])
def test_what_is_no_photo_stays_as_it_is(name: str) -> None:
    assert np.array_equal(restore(EXTREMES[name], Settings()).picture, EXTREMES[name])
