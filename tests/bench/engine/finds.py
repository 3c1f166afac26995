"""Finding damage: the mask beside the truth."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.bands import fill_canvas
from jobs.engine.contract import Canvas, Damage
from jobs.engine.mend import find
from tests.bench.engine.pictures import Picture, clean_pictures
from tests.bench.engine.table import Table
from training.damage import Level, damage
from training.fading import Fading

FADINGS = (Fading.DYES, Fading.NONE, Fading.LEVELS, Fading.VEIL)
SEEDS = (1, 2)


def top_hat(picture: Picture) -> Picture:
    """Light things thinner than nine pixels that stand out from the unrest around."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    hats = [
        cv2.morphologyEx(grey, kind, disc).astype(np.float32)
        for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    ]
    unrest = 6 + 2.5 * cv2.blur(hats[0] + hats[1], (41, 41))
    return (np.maximum(*hats) > unrest).astype(np.uint8) * 255


def ours(picture: Picture) -> Picture:
    """What the default recipe would fill."""
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    canvas: Canvas = np.empty(deep.shape, np.uint16)
    fill_canvas(deep, canvas, tick=lambda part: None)
    return find(canvas, Damage.AUTO, tick=lambda part: None).mask


METHODS: dict[str, Callable[[Picture], Picture]] = {"top-hat": top_hat, "engine": ours}


def measure() -> list[Table]:
    table = Table("Damage found: strict F1, and area of false alarms on clean pictures")
    for number, picture in enumerate(clean_pictures().values()):
        for name, method in METHODS.items():
            found = table.timed(name, method, picture)
            table.row(name).add("clean, % of area", float(np.mean(found > 0) * 100))
        for level in Level:
            for seed in SEEDS:
                fading = FADINGS[(number + seed) % len(FADINGS)]
                hurt = damage(picture, level, seed=seed * 100 + number, fading=fading)
                for name, method in METHODS.items():
                    found = table.timed(name, method, hurt.picture)
                    _score(table, name, level, found > 0, hurt.mask > 0)
    return [table]


def _score(
    table: Table,
    name: str,
    level: Level,
    found: NDArray[np.bool_],
    truth: NDArray[np.bool_],
) -> None:
    hit = float((found & truth).sum())
    precision = hit / max(float(found.sum()), 1.0)
    recall = hit / max(float(truth.sum()), 1.0)
    row = table.row(name)
    row.add(f"{level} F1", 2 * precision * recall / max(precision + recall, 1e-9))
    row.add(f"{level} precision", precision)
    row.add(f"{level} recall", recall)
