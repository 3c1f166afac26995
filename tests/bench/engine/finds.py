"""Finding damage: the mask beside the truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jobs.engine import Settings, detector, find_marks
from jobs.engine.bands import fill_canvas
from jobs.engine.contract import Canvas
from tests.bench.engine import peers
from tests.bench.engine.pictures import Picture, clean_pictures
from tests.bench.engine.table import Table
from training.damage import Damaged, Level, damage
from training.fading import Fading

FADINGS = (Fading.DYES, Fading.NONE, Fading.LEVELS, Fading.VEIL)
SEEDS = (1,)

Method = Callable[[Picture], Picture]


def automatic(picture: Picture) -> Picture:
    """What the default recipe would fill."""
    return find_marks(picture, Settings())


def network(picture: Picture) -> Picture:
    """Every pixel that the network finds likelier than not, without any further rule."""
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    canvas: Canvas = np.empty(deep.shape, np.uint16)
    fill_canvas(deep, canvas, tick=lambda part: None)
    chances = detector.chances_of_damage(canvas, tick=lambda part: None)
    return np.asarray((chances >= round(detector.PIXEL * 255)) * 255, np.uint8)


def methods() -> dict[str, Method]:
    found: dict[str, Method] = {
        "top-hat": peers.top_hat,
        "median difference": peers.median_difference,
    }
    if peers.has_magick():
        found["magick -lat"] = peers.magick_threshold
    return found | {"network alone": network, "engine": automatic}


def measure() -> list[Table]:
    table = Table("Damage found: strict F1, and area of false alarms on clean pictures")
    for number, picture in enumerate(clean_pictures().values()):
        for name, method in methods().items():
            found = table.timed(name, method, picture)
            table.row(name).add("clean, % of area", float(np.mean(found > 0) * 100))
        for level in Level:
            for seed in SEEDS:
                fading = FADINGS[(number + seed) % len(FADINGS)]
                hurt = damage(picture, level, seed=seed * 100 + number, fading=fading)
                for name, method in methods().items():
                    found = table.timed(name, method, hurt.picture)
                    _score(table, name, level, found, hurt)
    return [table]


def _score(
    table: Table, name: str, level: Level, found: Picture, hurt: Damaged
) -> None:
    """Pixel by pixel; those whose change can hardly be seen are left out."""
    truth, told = hurt.mask > 0, (found > 0) & (hurt.unsure == 0)
    hit = float((told & truth).sum())
    precision = hit / max(float(told.sum()), 1.0)
    recall = hit / max(float(truth.sum()), 1.0)
    row = table.row(name)
    row.add(f"{level} F1", 2 * precision * recall / max(precision + recall, 1e-9))
    row.add(f"{level} precision", precision)
    row.add(f"{level} recall", recall)
