"""Holes whose places are known: how near does the filling come to what was there?"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from jobs.engine.bands import fill_canvas, narrow
from jobs.engine.contract import Canvas
from jobs.engine.fill import fill
from jobs.engine.noise import measure_noise
from jobs.engine.regrain import regrain
from tests.bench.engine import peers
from tests.bench.engine.classical import without_networks
from tests.bench.engine.pictures import Picture, clean_pictures, psnr_inside
from tests.bench.engine.table import Table
from training.damage import Level, damage
from training.fading import Fading

Fill = Callable[[Picture, Picture], Picture]

TITLE = "Holes filled: PSNR inside the mask (worst), against the scan unhurt"


def nothing(picture: Picture, mask: Picture) -> Picture:
    return picture


def ours(picture: Picture, mask: Picture) -> Picture:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    canvas: Canvas = np.empty(deep.shape, np.uint16)
    fill_canvas(deep, canvas, tick=lambda part: None)
    return np.asarray(narrow(fill(canvas, mask)).reshape(picture.shape), np.uint8)


def by_equations(picture: Picture, mask: Picture) -> Picture:
    """Ours without the network."""
    with without_networks():
        return ours(picture, mask)


def with_grain(picture: Picture, mask: Picture) -> Picture:
    """Ours with grain for what was filled, as the recipe has it."""
    filled = ours(picture, mask)
    deep = filled.reshape(*filled.shape[:2], -1)
    noise = measure_noise(picture.reshape(deep.shape))
    canvas = deep.astype(np.uint16) * np.uint16(257)
    made = narrow(regrain(canvas, mask, noise, top=0))
    return np.asarray(made.reshape(picture.shape), np.uint8)


def methods() -> dict[str, Fill]:
    found: dict[str, Fill] = {
        "nothing": nothing,
        "telea": peers.telea_fill,
        "skimage biharmonic": peers.biharmonic_fill,
    }
    if peers.has_gmic():
        found["gmic patch match"] = peers.gmic_fill
    if peers.has_fsr():
        found["opencv FSR"] = peers.fsr_fill
    own = {"engine, equations": by_equations, "engine": ours, "with grain": with_grain}
    return found | own


def measure() -> list[Table]:
    table = Table(TITLE, beside="skimage biharmonic")
    for number, picture in enumerate(clean_pictures().values()):
        for level in (Level.MEDIUM, Level.SEVERE):
            hurt = damage(picture, level, seed=70 + number, fading=Fading.NONE)
            mask = cv2.dilate(hurt.mask, np.ones((3, 3), np.uint8)).astype(np.uint8)
            for name, method in methods().items():
                made = table.timed(name, method, hurt.picture, mask)
                score = psnr_inside(hurt.whole, made, hurt.mask > 0)
                table.row(name).add(level.value, score)
    return [table]
