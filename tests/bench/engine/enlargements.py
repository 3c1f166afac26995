"""Pictures made small, and enlarged again."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from jobs.engine.bands import narrow
from jobs.engine.enlarge import enlarge
from tests.bench.engine import peers
from tests.bench.engine.classical import without_networks
from tests.bench.engine.pictures import Picture, clean_pictures, psnr, ssim
from tests.bench.engine.table import Table
from training.scanning import grain, to_pixels

GRAIN = 4


def ours(picture: Picture, factor: int) -> Picture:
    deep = picture if picture.ndim == 3 else picture[:, :, None]
    made = narrow(enlarge(deep.astype(np.uint16) * np.uint16(257), factor))
    shape = (picture.shape[0] * factor, picture.shape[1] * factor, *picture.shape[2:])
    return np.asarray(made.reshape(shape), np.uint8)


def by_lanczos(picture: Picture, factor: int) -> Picture:
    """Ours without the network: Lanczos with back-projection."""
    with without_networks():
        return ours(picture, factor)


Method = Callable[[Picture, int], Picture]

METHODS: dict[str, Method] = {
    "bicubic": peers.cubic,
    "Lanczos": peers.lanczos,
    "engine, Lanczos": by_lanczos,
    "engine": ours,
}


def measure() -> list[Table]:
    return [_table(factor) for factor in (2, 4)]


def _table(factor: int) -> Table:
    table = Table(f"Enlarged {factor} times (worst)", beside="Lanczos")
    for number, picture in enumerate(clean_pictures().values()):
        height, width = (side // factor * factor for side in picture.shape[:2])
        truth = picture[:height, :width]
        size = (width // factor, height // factor)
        area = np.asarray(
            cv2.resize(truth, size, interpolation=cv2.INTER_AREA), np.uint8
        )
        blurred = cv2.GaussianBlur(truth, (0, 0), 0.25 * factor)
        soft = cv2.resize(blurred, size, interpolation=cv2.INTER_CUBIC)
        random = np.random.default_rng([number, factor])
        grainy = grain(area.astype(np.float32) / 255, GRAIN / 255, random)
        small = {
            "means": area,
            "softly": np.asarray(soft, np.uint8),
            "grainy": to_pixels(grainy),
        }
        for kind, scan in small.items():
            _score(table, kind, truth, scan, factor)
    return table


def _score(table: Table, kind: str, truth: Picture, scan: Picture, factor: int) -> None:
    for name, method in METHODS.items():

        def work(picture: Picture, method: Method = method) -> Picture:
            return method(picture, factor)

        made = table.timed(name, work, scan)
        table.row(name).add(f"{kind} PSNR", psnr(truth, made))
        table.row(name).add(f"{kind} SSIM", ssim(truth, made))
