"""Grain alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jobs.engine.bands import fill_canvas, narrow
from jobs.engine.contract import Canvas
from jobs.engine.grain import soften_grain
from jobs.engine.noise import measure_noise
from tests.bench.engine import peers
from tests.bench.engine.pictures import Picture, clean_pictures, psnr, ssim
from tests.bench.engine.table import Table
from training.scanning import grain, to_pixels

SIGMA = 12


def ours(picture: Picture) -> Picture:
    """The grain stage at full strength, with the noise that it measures itself."""
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    canvas: Canvas = np.empty(deep.shape, np.uint16)
    fill_canvas(deep, canvas, tick=lambda part: None)
    made = narrow(soften_grain(canvas, measure_noise(deep), strength=1.0))
    return np.asarray(made.reshape(picture.shape), np.uint8)


METHODS: dict[str, Callable[[Picture], Picture]] = {
    "nothing": peers.nothing,
    "opencv means": peers.opencv_means,
    "skimage means": peers.skimage_means,
    "engine": ours,
}


def measure() -> list[Table]:
    table = Table(f"Grain of sigma {SIGMA}: white, and as film has it (worst)")
    for number, picture in enumerate(clean_pictures().values()):
        random = np.random.default_rng([number, 6])
        clean = picture.astype(np.float32) / 255
        white = clean + random.normal(0, SIGMA / 255, clean.shape)
        noisy = {"white": white, "film": grain(clean, SIGMA / 255, random)}
        for kind, scan in noisy.items():
            _score(table, kind, picture, to_pixels(scan))
    return [table]


def _score(table: Table, kind: str, truth: Picture, scan: Picture) -> None:
    for name, method in METHODS.items():
        made = table.timed(name, method, scan)
        table.row(name).add(f"{kind} PSNR", psnr(truth, made))
        table.row(name).add(f"{kind} SSIM", ssim(truth, made))
