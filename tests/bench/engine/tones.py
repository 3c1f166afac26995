"""Fading alone, of several kinds: how near does the picture come to what it was?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jobs.engine import Settings, restore
from tests.bench.engine import peers
from tests.bench.engine.pictures import Picture, clean_pictures, psnr
from tests.bench.engine.previous import has_previous, previous
from tests.bench.engine.table import Table
from training.fading import Fading, fade
from training.scanning import to_pixels

AMOUNTS = {"light": 0.25, "medium": 0.55, "severe": 0.85}
KINDS = (Fading.DYES, Fading.CROSSED, Fading.LEVELS, Fading.VEIL)
OTHERS = ("scratches", "grain", "sharpen")

Method = Callable[[Picture], Picture]


def ours(picture: Picture) -> Picture:
    wish = Settings(scratches=False, grain=False, sharpen=False)
    return np.asarray(restore(picture, wish).picture, np.uint8)


def before(picture: Picture) -> Picture:
    return previous(picture, without=OTHERS)


def methods() -> dict[str, Method]:
    found: dict[str, Method] = {
        "nothing": peers.nothing,
        "autocontrast": peers.autocontrast,
    }
    if peers.has_magick():
        found["magick normalize"] = peers.magick_normalize
    if has_previous():
        found["engine before"] = before
    return found | {"engine": ours}


def measure() -> list[Table]:
    tables = []
    for level, amount in AMOUNTS.items():
        table = Table(f"Fading undone, {level}: PSNR of the whole picture (worst)")
        for number, picture in enumerate(clean_pictures().values()):
            for kind in KINDS:
                random = np.random.default_rng([number, 5])
                clean = picture.astype(np.float32) / 255
                faded = to_pixels(fade(clean, amount, random=random, kind=kind))
                _score(table, kind, picture, faded)
        tables.append(table)
    return tables


def _score(table: Table, kind: Fading, picture: Picture, faded: Picture) -> None:
    for name, method in methods().items():
        made = table.timed(name, method, faded)
        table.row(name).add(kind.value, psnr(picture, made))
