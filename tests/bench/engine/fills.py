"""Holes whose places are known: how near does the filling come to what was there?"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from jobs.engine.bands import fill_canvas, narrow
from jobs.engine.contract import Canvas
from jobs.engine.fill import fill
from tests.bench.engine import peers
from tests.bench.engine.pictures import Picture, clean_pictures, psnr_inside
from tests.bench.engine.table import Table
from training.damage import Level, damage
from training.fading import Fading

Fill = Callable[[Picture, Picture], Picture]


def nothing(picture: Picture, mask: Picture) -> Picture:
    return picture


def ours(picture: Picture, mask: Picture) -> Picture:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    canvas: Canvas = np.empty(deep.shape, np.uint16)
    fill_canvas(deep, canvas, tick=lambda part: None)
    return np.asarray(narrow(fill(canvas, mask)).reshape(picture.shape), np.uint8)


def methods() -> dict[str, Fill]:
    found: dict[str, Fill] = {
        "nothing": nothing,
        "telea": peers.telea_fill,
        "skimage biharmonic": peers.biharmonic_fill,
    }
    if peers.has_gmic():
        found["gmic patch match"] = peers.gmic_fill
    return found | {"engine": ours}


def measure() -> list[Table]:
    table = Table("Holes filled: PSNR inside the mask (worst), against the scan unhurt")
    for number, picture in enumerate(clean_pictures().values()):
        for level in (Level.MEDIUM, Level.SEVERE):
            hurt = damage(picture, level, seed=70 + number, fading=Fading.NONE)
            mask = cv2.dilate(hurt.mask, np.ones((3, 3), np.uint8)).astype(np.uint8)
            for name, method in methods().items():
                made = table.timed(name, method, hurt.picture, mask)
                score = psnr_inside(hurt.whole, made, hurt.mask > 0)
                table.row(name).add(level.value, score)
    return [table]
