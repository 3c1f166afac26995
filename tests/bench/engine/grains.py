"""Grain alone."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from jobs.engine.bands import fill_canvas, narrow
from jobs.engine.contract import Canvas
from jobs.engine.grain import Strength, soften_grain
from jobs.engine.noise import measure_noise
from tests.bench.engine import peers
from tests.bench.engine.classical import without_networks
from tests.bench.engine.pictures import Picture, clean_pictures, psnr, ssim
from tests.bench.engine.table import Table
from training.scanning import Real, grain, jpeg, to_pixels

SIGMA = 12
FULL = Strength(1.0, 1.0)


def ours(picture: Picture) -> Picture:
    """The grain stage at full strength, with the noise that it measures itself."""
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    canvas: Canvas = np.empty(deep.shape, np.uint16)
    fill_canvas(deep, canvas, tick=lambda part: None)
    made = narrow(soften_grain(canvas, measure_noise(deep), strength=FULL))
    return np.asarray(made.reshape(picture.shape), np.uint8)


def by_cosines(picture: Picture) -> Picture:
    """The same without the network."""
    with without_networks():
        return ours(picture)


METHODS: dict[str, Callable[[Picture], Picture]] = {
    "nothing": peers.nothing,
    "opencv means": peers.opencv_means,
    "skimage means": peers.skimage_means,
    "engine, cosines": by_cosines,
    "engine": ours,
}


def measure() -> list[Table]:
    table = Table(
        f"Grain of sigma {SIGMA}: white, and as film has it (worst)",
        beside="skimage means",
    )
    for number, picture in enumerate(clean_pictures().values()):
        random = np.random.default_rng([number, 6])
        clean = picture.astype(np.float32) / 255
        white = clean + random.normal(0, SIGMA / 255, clean.shape)
        film = grain(clean, SIGMA / 255, random)
        blotchy = _blotchy(film, random)
        noisy = {"white": white, "film": film, "blotches, JPEG": blotchy}
        for kind, scan in noisy.items():
            _score(table, kind, picture, to_pixels(scan))
    return [table]


def _blotchy(film: Real, random: np.random.Generator) -> Real:
    """Grain with soft blotches of colour, and what a JPEG file makes of it."""
    blotches = random.normal(0, 1, film.shape).astype(np.float32)
    blotches = np.asarray(cv2.GaussianBlur(blotches, (0, 0), 2.0), np.float32)
    if film.ndim == 3:
        blotches -= blotches.mean(axis=2, keepdims=True)
    soft = film + blotches / blotches.std() * np.float32(SIGMA / 255)
    return jpeg(soft, 80) / np.float32(255)


def _score(table: Table, kind: str, truth: Picture, scan: Picture) -> None:
    for name, method in METHODS.items():
        made = table.timed(name, method, scan)
        table.row(name).add(f"{kind} PSNR", psnr(truth, made))
        table.row(name).add(f"{kind} SSIM", ssim(truth, made))
