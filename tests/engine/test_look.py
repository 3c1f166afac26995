"""What the first stage sees, and what follows from it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from jobs.engine import Settings, restore
from jobs.engine.look import Look, Medium, look_at
from jobs.engine.notes import Note
from jobs.engine.tone import Kind
from tests.engine.pictures import Picture, draw_scene, grey_of
from training.damage import Level, damage
from training.fading import Fading, fade, to_encoded, to_linear
from training.scanning import to_pixels


def look(picture: Picture) -> Look:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    return look_at(deep, tick=lambda part: None)


def as_negative(picture: Picture) -> Picture:
    """As colour negative film with its orange mask would be scanned."""
    light = np.maximum(to_linear(picture.astype(np.float32) / 255), 0.01)
    film = np.array([0.9, 0.5, 0.28], np.float32) * 10 ** (-0.6 * (2 + np.log10(light)))
    return to_pixels(to_encoded(np.asarray(film, np.float32)))


def as_print(picture: Picture, *, period: float = 5.0, turn: float = 0.8) -> Picture:
    """Black dots of a raster that is turned by `turn` radians."""
    grey = grey_of(picture) / 255
    y, x = np.indices(grey.shape)
    across = (x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period
    down = (y * np.cos(turn) - x * np.sin(turn)) * 2 * np.pi / period
    dots = (grey > (np.cos(across) + np.cos(down)) / 4 + 0.5) * 255.0
    return np.asarray(np.rint(cv2.GaussianBlur(dots, (0, 0), 0.8)), np.uint8)


def note_of(picture: Picture, stage: str, wish: Settings | None = None) -> str:
    reports = restore(picture, wish or Settings()).reports
    return next(report.note for report in reports if report.stage == stage)


def test_a_sound_picture_needs_nothing_and_keeps_every_byte() -> None:
    for picture in (np.asarray(data.chelsea()), np.asarray(data.astronaut())):
        outcome = restore(picture, Settings())
        assert np.array_equal(outcome.picture, picture)
        assert outcome.reports[0].note == Note.NOTHING_NEEDED
        assert not any(report.applied for report in outcome.reports)


def test_a_faded_picture_is_seen_to_be_faded() -> None:
    clean = draw_scene().astype(np.float32) / 255
    faded = fade(clean, 0.7, random=np.random.default_rng(1), kind=Fading.DYES)
    assert look(to_pixels(faded)).faded > 0.8
    assert look(draw_scene()).faded < 0.2


def test_a_scene_without_black_is_not_faded() -> None:
    leaves = draw_scene().astype(np.float32) / 255
    leaves = leaves * [0.75, 0.6, 0.4] + [0.25, 0.08, 0.0]
    assert look(to_pixels(np.asarray(leaves, np.float32))).faded < 0.3


def test_noise_and_softness_are_seen() -> None:
    clean = draw_scene()
    noise = np.random.default_rng(2).normal(0, 12, clean.shape)
    noisy = look(np.clip(clean + noise, 0, 255).astype(np.uint8))
    assert noisy.noise.sigma == pytest.approx(12 / 255, rel=0.5)
    assert look(np.asarray(cv2.GaussianBlur(clean, (0, 0), 3), np.uint8)).soft > 0.2


def test_a_colour_negative_is_told_of_and_left() -> None:
    film = as_negative(draw_scene())
    assert look(film).medium is Medium.NEGATIVE
    outcome = restore(film, Settings(colour=False, contrast=False))
    assert outcome.reports[0].held_back
    assert outcome.reports[0].note == Note.NEGATIVE
    likeness = np.corrcoef(grey_of(outcome.picture).ravel(), grey_of(film).ravel())
    assert likeness[0, 1] > 0.99


def test_a_grey_negative_with_a_face_is_told_of() -> None:
    turned = 255 - grey_of(np.asarray(data.astronaut()))
    assert look(turned).medium is Medium.NEGATIVE
    assert look(grey_of(np.asarray(data.astronaut()))).medium is Medium.PRINT


def test_a_negative_becomes_a_picture_when_that_is_asked_for() -> None:
    clean = draw_scene()
    outcome = restore(as_negative(clean), Settings(negative=True))
    assert outcome.reports[0].note == Note.TURNED
    assert outcome.reports[0].applied
    for channel in range(3):
        made, truth = outcome.picture[:, :, channel], clean[:, :, channel]
        assert np.corrcoef(made.ravel(), truth.ravel())[0, 1] > 0.9


def test_dots_of_print_are_seen_and_neither_calmed_nor_sharpened() -> None:
    dots = as_print(draw_scene(600, 800))
    assert look(dots).medium is Medium.RASTER
    assert note_of(dots, "grain") == Note.RASTER
    assert note_of(dots, "sharpen") == Note.RASTER


@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "camera", "coins"])
def test_texture_is_no_raster(name: str) -> None:
    assert look(np.asarray(getattr(data, name)())).medium is Medium.PRINT


def test_a_toned_print_becomes_grey_only_when_that_is_asked_for() -> None:
    grey = grey_of(draw_scene()) * 0.5 + 60
    sepia = np.clip(grey[:, :, None] * [1.0, 0.86, 0.68], 0, 255).astype(np.uint8)
    assert look(sepia).kind is Kind.TONED
    kept = restore(sepia, Settings()).picture.astype(int)
    assert np.abs(kept[:, :, 0] - kept[:, :, 2]).mean() > 10
    made = restore(sepia, Settings(neutral=True))
    assert np.ptp(made.picture.astype(int), axis=2).max() == 0
    assert note_of(sepia, "colour", Settings(neutral=True)) == Note.TONE_OUT


def test_reports_say_how_much_was_changed() -> None:
    scan = damage(draw_scene(), Level.MEDIUM, seed=3, fading=Fading.LEVELS).picture
    reports = {report.stage: report for report in restore(scan, Settings()).reports}
    assert 0.5 < reports["colour"].area <= 1
    assert 0.01 < reports["colour"].changed < 0.5
    assert reports["look"].area == reports["look"].changed == 0
