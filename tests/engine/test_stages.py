from __future__ import annotations

import cv2
import numpy as np
import pytest

from jobs.engine import Settings, bands, grain, mend, restore, smooth
from jobs.engine.bands import cut, narrow, sweep
from jobs.engine.contract import Canvas, Damage, Mask
from jobs.engine.noise import measure_noise
from jobs.engine.tone import Kind, measure_tone, shrink
from tests.engine.pictures import Picture, draw_scene, grey_of
from training.damage import Level, damage
from training.fading import Fading, fade

WORDS = "Grandma Erna and uncle Karl by the lake, summer 1958"


def quiet(part: float) -> None:
    pass


def widen(picture: Picture) -> Canvas:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    return deep.astype(np.uint16) * np.uint16(257)


def found_in(picture: Picture, expected: Damage = Damage.AUTO) -> Mask:
    return mend.find(widen(picture), expected, tick=quiet).mask


def test_bands_cover_every_row_once() -> None:
    rows = [
        y
        for band in cut(1003, 700, halo=20, pixels=1)
        for y in range(band.start, band.stop)
    ]
    assert rows == list(range(1003))


def test_sweep_shows_rows_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND_PIXELS", 400)
    canvas = np.arange(200, dtype=np.uint16)[:, None, None].repeat(10, axis=1).copy()
    before = canvas.copy()

    def work(rows: Canvas, band: bands.Band) -> Canvas:
        assert np.array_equal(rows, before[band.top : band.bottom])
        return rows + np.uint16(1)

    changed = sweep(canvas, work, halo=13, tick=quiet)
    assert np.array_equal(canvas, before + 1)
    assert changed.mean == pytest.approx(1 / 65535)
    assert changed.area == 0


def test_narrowing_undoes_widening() -> None:
    values = np.arange(256, dtype=np.uint8)
    assert np.array_equal(narrow(values.astype(np.uint16) * 257), values)


@pytest.mark.parametrize("enlarge", [1, 2])
def test_bands_leave_no_seams(enlarge: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = damage(draw_scene(), Level.SEVERE, seed=5).picture
    settings = Settings(enlarge=enlarge)
    whole = restore(scan, settings).picture
    monkeypatch.setattr(bands, "BAND_PIXELS", 1)
    banded = restore(scan, settings).picture
    difference = np.abs(whole.astype(int) - banded.astype(int))
    assert np.mean(difference > 1) < 0.004
    assert np.mean(difference > 8) < 0.0001


def test_grain_is_measured() -> None:
    random = np.random.default_rng(1)
    for sigma in (4, 10):
        noisy = draw_scene() + random.normal(0, sigma, (360, 480, 1))
        pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        assert measure_noise(pixels).sigma * 255 == pytest.approx(sigma, rel=0.3)


def test_grain_goes_and_edges_stay() -> None:
    clean = draw_scene()
    random = np.random.default_rng(2)
    noisy = clean + random.normal(0, 10, clean.shape)
    scan = widen(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    softened = grain.soften_grain(
        scan, measure_noise(scan), strength=grain.Strength(1.0, 1.0)
    )
    error = np.abs(softened.astype(float) / 257 - clean)
    assert error.mean() < 0.6 * np.abs(noisy - clean).mean()
    edges = cv2.Canny(grey_of(clean), 80, 160) > 0
    assert error[edges].mean() < 12


def test_scratches_are_found_and_little_else() -> None:
    hurt = damage(draw_scene(), Level.SEVERE, seed=6, fading=Fading.NONE)
    mask = found_in(hurt.picture) > 0
    truth = cv2.dilate(hurt.mask, np.ones((5, 5), np.uint8)) > 0
    assert np.mean(truth[mask]) > 0.7
    assert np.mean(mask[hurt.mask > 0]) > 0.4


def test_thin_writing_is_no_scratch() -> None:
    picture = draw_scene()
    for number, y in enumerate(range(20, 360, 22)):
        colour = (255 * (number % 2),) * 3
        cv2.putText(picture, WORDS, (4, y), 0, 0.4, colour, 1, cv2.LINE_AA)
    assert np.mean(found_in(picture) > 0) < 0.0005


def test_clean_picture_has_no_scratches() -> None:
    assert np.mean(found_in(draw_scene(seed=3)) > 0) < 0.0005


def test_filling_takes_from_around() -> None:
    scan = widen(np.full((300, 300, 3), 100, np.uint8))
    mask = np.zeros((300, 300), np.uint8)
    mask[148:153, 20:280] = 255
    scan[mask > 0] = 65535
    mend.mend(scan, mask, tick=quiet)
    assert np.abs(scan.astype(int) - 100 * 257).max() <= 257


def test_filling_goes_on_with_what_rises_and_falls() -> None:
    y, x = np.mgrid[:160, :160].astype(np.float32) / 160
    truth = 0.2 + 0.5 * x + 0.2 * np.sin(5 * y)
    holes = np.zeros((160, 160), np.uint8)
    holes[70:90, 30:130] = 255
    plane = np.where(holes > 0, 1, truth).astype(np.float32)
    filled = smooth.fill_smoothly(plane, holes)
    assert np.array_equal(filled[holes == 0], plane[holes == 0])
    assert np.abs(filled - truth).max() < 0.02
    assert np.array_equal(smooth.fill_smoothly(plane, np.full_like(holes, 255)), plane)


def test_kinds_are_told_apart() -> None:
    picture = draw_scene()
    grey = grey_of(picture)
    sepia = np.clip(grey[:, :, None] * [1.0, 0.86, 0.68], 0, 255).astype(np.uint8)
    assert measure_tone(shrink(picture)).kind is Kind.COLOUR
    assert measure_tone(shrink(sepia)).kind is Kind.TONED
    assert measure_tone(shrink(grey[:, :, None])).kind is Kind.MONOCHROME


@pytest.mark.parametrize("kind", [Fading.DYES, Fading.VEIL, Fading.LEVELS])
def test_faded_colours_come_back(kind: Fading) -> None:
    clean = draw_scene().astype(np.float32) / 255
    faded = fade(clean, 0.8, random=np.random.default_rng(3), kind=kind)
    scan = np.rint(np.clip(faded, 0, 1) * 255).astype(np.uint8)
    made = restore(scan, Settings()).picture.astype(np.float32) / 255
    assert np.mean((made - clean) ** 2) < 0.8 * np.mean((faded - clean) ** 2)


def test_faded_grey_stays_grey() -> None:
    faded = (grey_of(draw_scene()) * 0.4 + 80).astype(np.uint8)
    made = restore(np.stack([faded] * 3, axis=2), Settings()).picture
    assert np.ptp(made) > 1.5 * np.ptp(faded)
    assert np.array_equal(made[:, :, 0], made[:, :, 1])
    assert np.array_equal(made[:, :, 0], made[:, :, 2])


def test_toned_print_keeps_its_tone() -> None:
    grey = grey_of(draw_scene()) * 0.5 + 60
    sepia = np.clip(grey[:, :, None] * [1.0, 0.86, 0.68], 0, 255).astype(np.uint8)
    made = restore(sepia, Settings()).picture.astype(float)
    before = (sepia[:, :, 0].astype(float) - sepia[:, :, 2]).mean()
    assert (made[:, :, 0] - made[:, :, 2]).mean() == pytest.approx(before, rel=0.15)
    assert np.ptp(made) > np.ptp(sepia)


def test_sharpening_makes_soft_edges_steeper() -> None:
    soft = np.asarray(cv2.GaussianBlur(draw_scene(), (0, 0), 2.5), np.uint8)
    outcome = restore(soft, Settings(colour=False, contrast=False))
    report = next(each for each in outcome.reports if each.stage == "sharpen")
    steepness = [
        np.abs(np.diff(grey_of(picture).astype(float), axis=1)).max()
        for picture in (soft, np.asarray(outcome.picture, np.uint8))
    ]
    assert report.applied
    assert steepness[1] > 1.05 * steepness[0]


@pytest.mark.parametrize("kind", [Fading.DYES, Fading.CROSSED, Fading.LEVELS])
def test_fading_is_undone_whichever_way_the_print_has_faded(kind: Fading) -> None:
    clean = draw_scene().astype(np.float32) / 255
    faded = fade(clean, 0.55, random=np.random.default_rng(8), kind=kind)
    scan = np.rint(np.clip(faded, 0, 1) * 255).astype(np.uint8)
    made = restore(scan, Settings()).picture.astype(np.float32) / 255
    assert np.mean((made - clean) ** 2) < 0.5 * np.mean((faded - clean) ** 2)
