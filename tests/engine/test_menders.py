"""The networks that give back what was lost, beside what does their work without them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from jobs.engine import cleaner, enlarge, fill, grain, network
from jobs.engine.bands import narrow
from jobs.engine.contract import Canvas, Damage
from jobs.engine.noise import measure_noise
from jobs.engine.regrain import regrain
from tests.engine.pictures import Picture, draw_scene, grey_of
from training import scanning
from training.damage import Level, damage
from training.fading import Fading

LARGEST = {cleaner.NETWORK: 500_000, fill.NETWORK: 4_000_000, enlarge.NETWORK: 500_000}
FACE = np.asarray(data.astronaut()[:256, 80:336], np.uint8)
FULL = grain.Strength(1.0, 1.0)


def widen(picture: Picture) -> Canvas:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    return deep.astype(np.uint16) * np.uint16(257)


def likeness(truth: Picture, made: Canvas) -> float:
    """dB."""
    pixels = narrow(made).reshape(truth.shape)
    return float(peak_signal_noise_ratio(truth, pixels))


@contextmanager
def without_networks(monkeypatch: pytest.MonkeyPatch, empty: Path) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(network, "WEIGHTS", empty)
        network._session.cache_clear()
        try:
            yield
        finally:
            network._session.cache_clear()


@pytest.mark.parametrize("name", LARGEST)
def test_networks_are_there_and_small(name: str) -> None:
    assert network.is_there(name)
    assert (network.WEIGHTS / name).stat().st_size <= LARGEST[name]


def noisy(picture: Picture, kind: str) -> Picture:
    random = np.random.default_rng(5)
    clean = picture.astype(np.float32) / 255
    if kind == "film":
        return scanning.to_pixels(scanning.grain(clean, 12 / 255, random))
    white = random.normal(0, 12 / 255, clean.shape).astype(np.float32)
    return scanning.to_pixels(clean + white)


def softened(scan: Picture) -> Canvas:
    return grain.soften_grain(widen(scan), measure_noise(scan), strength=FULL)


@pytest.mark.parametrize("kind", ["white", "film"])
@pytest.mark.parametrize("grey", [False, True])
def test_grain_is_told_from_the_picture_better_than_by_cosines(
    kind: str, grey: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clean = grey_of(FACE)[:, :, None] if grey else FACE
    scan = noisy(clean, kind)
    made = likeness(clean, softened(scan))
    with without_networks(monkeypatch, tmp_path):
        by_cosines = likeness(clean, softened(scan))
    assert by_cosines > peak_signal_noise_ratio(clean, scan) + 2
    assert made > by_cosines + 0.25


def test_blotches_of_colour_go_and_the_luminance_stays() -> None:
    clean = np.asarray(cv2.GaussianBlur(draw_scene(seed=6), (0, 0), 2.0), np.uint8)
    random = np.random.default_rng(7)
    soft = cv2.GaussianBlur(random.normal(0, 40, clean.shape), (0, 0), 1.5)
    blotches = soft - (np.asarray(soft) @ [0.299, 0.587, 0.114])[..., None]
    scan = np.clip(np.rint(clean + blotches), 0, 255).astype(np.uint8)
    noise = measure_noise(scan)
    strength = grain.strength_for(noise, Damage.AUTO)
    assert strength is not None
    assert strength.luminance == 0
    softer = grain.soften_grain(widen(scan), noise, strength=strength)
    made = np.asarray(narrow(softer), np.uint8)
    assert np.abs(grey_of(made) - grey_of(scan).astype(int)).max() <= 1
    before, after = (np.abs(p.astype(float) - clean).mean() for p in (scan, made))
    assert after < 0.7 * before


def test_calm_pictures_need_no_softening() -> None:
    clean = np.asarray(cv2.GaussianBlur(draw_scene(), (0, 0), 2.0), np.uint8)
    assert grain.strength_for(measure_noise(clean), Damage.AUTO) is None


def inside(truth: Picture, made: Canvas, mask: NDArray[np.bool_]) -> float:
    """dB of what was filled."""
    error = truth[mask] - narrow(made).reshape(truth.shape)[mask].astype(float)
    return float(-10 * np.log10(np.mean(error**2)))


@pytest.mark.parametrize("level", [Level.MEDIUM, Level.SEVERE])
@pytest.mark.parametrize("grey", [False, True])
def test_holes_are_filled_better_than_by_equations(
    level: Level, grey: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clean = draw_scene(seed=21)
    clean = grey_of(clean) if grey else clean
    hurt = damage(clean, level, seed=31, fading=Fading.NONE)
    holes = np.asarray(cv2.dilate(hurt.mask, np.ones((3, 3), np.uint8)), np.uint8)
    truth = hurt.mask > 0
    made = inside(hurt.whole, fill.fill(widen(hurt.picture), holes), truth)
    with without_networks(monkeypatch, tmp_path):
        smooth = inside(hurt.whole, fill.fill(widen(hurt.picture), holes), truth)
    assert made > smooth + 0.5


def test_what_lies_under_a_broad_mask_does_not_matter() -> None:
    picture = draw_scene(seed=9)
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(mask, (200, 180), (50, 34), 20, 0, 360, 255, -1)
    made = []
    for colour in ((255, 0, 0), (0, 60, 90)):
        scan = picture.copy()
        scan[mask > 0] = colour
        made.append(fill.fill(widen(scan), mask))
    assert np.array_equal(made[0], made[1])


def test_only_the_marked_pixels_change() -> None:
    hurt = damage(draw_scene(), Level.MEDIUM, seed=3, fading=Fading.NONE)
    scan = widen(hurt.picture)
    made = fill.fill(scan, hurt.mask)
    assert np.array_equal(made[hurt.mask == 0], scan[hurt.mask == 0])
    assert not np.array_equal(made, scan)


def test_filling_is_the_same_to_the_byte_and_wherever_a_picture_is_cut() -> None:
    hurt = damage(draw_scene(), Level.SEVERE, seed=3, fading=Fading.NONE)
    scan = widen(hurt.picture)
    made = fill.fill(scan, hurt.mask)
    assert made.tobytes() == fill.fill(scan.copy(), hurt.mask.copy()).tobytes()
    lower = fill.fill(scan[96:], hurt.mask[96:])[fill.HALO :]
    differs = np.abs(lower.astype(int) - made[96 + fill.HALO :]) > 257
    assert np.mean(differs) < 0.002


def grainy_with_a_hole() -> tuple[Picture, Picture, Picture]:
    random = np.random.default_rng(12)
    plain = np.full((300, 300, 3), 0.45, np.float32)
    scan = scanning.to_pixels(scanning.grain(plain, 9 / 255, random))
    mask = np.zeros((300, 300), np.uint8)
    mask[90:130, 40:260] = 255
    filled = scan.copy()
    filled[mask > 0] = 115
    return scan, filled, mask


def test_what_was_filled_gets_the_grain_of_its_surroundings() -> None:
    scan, filled, mask = grainy_with_a_hole()
    noise = measure_noise(scan)
    made = narrow(regrain(widen(filled), mask, noise, top=0))
    assert np.array_equal(made[mask == 0], filled[mask == 0])
    hole, beside = made[94:126, 44:256], made[150:280, 44:256]
    for step in (1, 2):
        rough, wanted = (
            np.diff(part.astype(float), step, axis=1).std() for part in (hole, beside)
        )
        assert rough == pytest.approx(wanted, rel=0.25)
    again = narrow(regrain(widen(filled), mask, noise, top=0))
    assert made.tobytes() == again.tobytes()


def test_grain_does_not_depend_on_where_a_picture_is_cut() -> None:
    scan, filled, mask = grainy_with_a_hole()
    noise = measure_noise(scan)
    whole = regrain(widen(filled), mask, noise, top=0)
    part = regrain(widen(filled[40:]), mask[40:], noise, top=40)
    assert np.abs(whole[40:].astype(int) - part).max() <= 257


def test_a_print_without_grain_gets_none() -> None:
    picture = np.asarray(cv2.GaussianBlur(draw_scene(), (0, 0), 2.0), np.uint8)
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[50:60, 50:200] = 255
    made = regrain(widen(picture), mask, measure_noise(picture), top=0)
    assert np.array_equal(made, widen(picture))


@pytest.mark.parametrize("factor", [2, 4])
def test_enlarging_beats_lanczos(
    factor: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    truth = draw_scene(480, 640, seed=14)
    size = (640 // factor, 480 // factor)
    small = np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_AREA), np.uint8)
    made = likeness(truth, enlarge.enlarge(widen(small), factor))
    with without_networks(monkeypatch, tmp_path):
        by_lanczos = likeness(truth, enlarge.enlarge(widen(small), factor))
    assert made > by_lanczos + 0.1


def test_enlarged_edges_do_not_ring_and_calm_stays_calm() -> None:
    small = np.full((60, 60, 3), 60, np.uint8)
    small[:, 30:] = 200
    made = narrow(enlarge.enlarge(widen(small), 4)).astype(int)
    assert made.min() >= 59
    assert made.max() <= 201
    assert np.abs(made[:, :100] - 60).max() <= 2
    assert np.abs(made[:, 140:] - 200).max() <= 2


def test_enlarging_does_not_make_grain_coarser() -> None:
    random = np.random.default_rng(15)
    plain = np.full((120, 120), 0.5, np.float32)
    scan = scanning.to_pixels(scanning.grain(plain, 4 / 255, random))
    made = narrow(enlarge.enlarge(widen(scan), 2)).astype(float)
    assert made.std() < 1.05 * scan.std()
