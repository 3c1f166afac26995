"""The whole recipe, on clean and on damaged pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jobs.engine import Settings, restore
from tests.bench.engine import peers
from tests.bench.engine.pictures import Picture, clean_pictures, psnr, ssim
from tests.bench.engine.previous import has_previous, previous
from tests.bench.engine.table import Table
from training.damage import Level, damage
from training.fading import Fading

FADINGS = (Fading.DYES, Fading.VEIL, Fading.LEVELS, Fading.CROSSED)

Method = Callable[[Picture], Picture]


def ours(picture: Picture) -> Picture:
    return np.asarray(restore(picture, Settings()).picture, np.uint8)


def methods() -> dict[str, Method]:
    found: dict[str, Method] = {
        "nothing": peers.nothing,
        "autocontrast": peers.autocontrast,
    }
    if peers.has_magick():
        found["magick normalize"] = peers.magick_normalize
    found |= {"peer chain": peers.peer_chain, "plain chain": peers.plain_chain}
    if has_previous():
        found["engine before"] = previous
    return found | {"engine": ours}


def measure_clean() -> list[Table]:
    table = Table("Clean pictures through the default recipe (worst)")
    for picture in clean_pictures().values():
        _score(table, picture, picture)
    return [table]


def measure_damaged() -> list[Table]:
    tables = []
    for level in Level:
        table = Table(f"The whole recipe, {level.value} damage (worst)")
        for number, picture in enumerate(clean_pictures().values()):
            fading = FADINGS[number % len(FADINGS)]
            hurt = damage(picture, level, seed=7 + number, fading=fading)
            _score(table, picture, hurt.picture)
        tables.append(table)
    return tables


def _score(table: Table, truth: Picture, scan: Picture) -> None:
    before = psnr(truth, scan)
    for name, method in methods().items():
        made = table.timed(name, method, scan)
        table.row(name).add("PSNR", psnr(truth, made))
        table.row(name).add("SSIM", ssim(truth, made))
        table.row(name).add("no worse", float(psnr(truth, made) >= before - 0.01))
