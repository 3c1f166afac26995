"""The engine beside doing nothing, autocontrast and a plain chain of filters.

    .venv/bin/python -m tests.bench.engine_bench [FOLDER]

measures on pictures of scikit-image, or on every picture of a folder, and prints ratios
that can be compared within one run.
"""

# A script that prints its table.
# ruff: noqa: T201
from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from jobs.engine import Settings, restore
from tests.engine.damage import Fading, Level, damage

Picture = NDArray[np.uint8]
FADINGS = (Fading.DYES, Fading.VEIL, Fading.LEVELS)
SEED = 7


@dataclass
class Score:
    psnr: list[float]
    ssim: list[float]
    seconds: float = 0.0
    pixels: int = 0


def nothing(picture: Picture) -> Picture:
    return picture


def autocontrast(picture: Picture) -> Picture:
    return np.asarray(ImageOps.autocontrast(Image.fromarray(picture), cutoff=0.5))


def plain_chain(picture: Picture) -> Picture:
    """What a first search would put together: top-hat, Telea, means, CLAHE."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    hat = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, disc)
    mask = ((hat > 40) * 255).astype(np.uint8)
    picture = np.asarray(cv2.inpaint(picture, mask, 3, cv2.INPAINT_TELEA), np.uint8)
    stretch = cv2.createCLAHE(2.0, (8, 8))
    if picture.ndim == 2:
        return np.asarray(
            stretch.apply(cv2.fastNlMeansDenoising(picture, None, 6)), np.uint8
        )
    lab = cv2.cvtColor(
        cv2.fastNlMeansDenoisingColored(picture, None, 6, 6), cv2.COLOR_RGB2LAB
    )
    lab[:, :, 0] = stretch.apply(lab[:, :, 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def engine(picture: Picture) -> Picture:
    return np.asarray(restore(picture, Settings()).picture, np.uint8)


CHAINS: tuple[Callable[[Picture], Picture], ...] = (
    nothing,
    autocontrast,
    plain_chain,
    engine,
)


def pictures(folder: Path | None) -> dict[str, Picture]:
    """Clean pictures by name; grey ones as (h, w)."""
    if folder is None:
        names = ("astronaut", "chelsea", "coffee", "rocket", "camera", "coins")
        return {name: np.asarray(getattr(data, name)()) for name in names}
    return {path.stem: open_picture(path) for path in sorted(folder.iterdir())}


def open_picture(path: Path) -> Picture:
    picture = np.asarray(Image.open(path).convert("RGB"))
    spread = np.ptp(picture.astype(int), axis=2).mean()
    return picture[:, :, 1].copy() if spread < 6 else picture


def measure(clean: dict[str, Picture]) -> dict[str, dict[str, Score]]:
    """Scores by kind of damage, then by chain."""
    table: dict[str, dict[str, Score]] = {}
    for number, picture in enumerate(clean.values()):
        fading = FADINGS[number % len(FADINGS)]
        hurt = {
            level.value: damage(
                picture, level, seed=SEED + number, fading=fading
            ).picture
            for level in Level
        }
        for kind, scan in {"clean": picture, **hurt}.items():
            scores = table.setdefault(kind, {})
            for chain in CHAINS:
                score = scores.setdefault(chain.__name__, Score([], []))
                _add(score, chain, scan, picture)
    return table


def _add(
    score: Score, chain: Callable[[Picture], Picture], scan: Picture, truth: Picture
) -> None:
    began = time.process_time()
    made = chain(scan)
    score.seconds += time.process_time() - began
    score.pixels += scan.shape[0] * scan.shape[1]
    score.psnr.append(_psnr(truth, made))
    axis = 2 if truth.ndim == 3 else None
    score.ssim.append(float(structural_similarity(truth, made, channel_axis=axis)))


def _psnr(truth: Picture, made: Picture) -> float:
    same = np.array_equal(truth, made)
    return 99.0 if same else min(float(peak_signal_noise_ratio(truth, made)), 99.0)


def show(table: dict[str, dict[str, Score]]) -> None:
    print(
        "damage    chain          PSNR   worst   SSIM   worst   s/MP   of nothing: dB   SSIM   beats nothing in"
    )
    for kind, scores in table.items():
        base = scores["nothing"]
        for name, score in scores.items():
            gain = np.subtract(score.psnr, base.psnr)
            print(
                f"{kind:9} {name:13}{np.mean(score.psnr):6.2f}  {min(score.psnr):6.2f}"
                f"  {np.mean(score.ssim):.3f}   {min(score.ssim):.3f}"
                f"  {score.seconds / score.pixels * 1e6:5.2f}"
                f"   {gain.mean():+14.2f}  {np.mean(score.ssim) - np.mean(base.ssim):+.3f}"
                f"   {np.count_nonzero(gain > 0)} of {len(gain)}"
            )


BIG = """
import resource, sys, time
import numpy as np
from jobs.engine import Settings, restore
from tests.bench.engine_bench import big_scan
scan = big_scan(50_000_000, sys.argv[1])
began = time.process_time()
restore(scan, Settings())
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def big_scan(pixels: int, kind: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """A damaged colour scan of about so many pixels, put together from one tile."""
    tile = damage(np.asarray(data.astronaut()), Level.MEDIUM, seed=1).picture
    across = max(round((pixels / tile.shape[0] / tile.shape[1]) ** 0.5), 1)
    scan = np.empty((tile.shape[0] * across, tile.shape[1] * across, 3), kind)
    factor = 257 if scan.dtype == np.uint16 else 1
    for y in range(across):
        for x in range(across):
            place = np.s_[512 * y : 512 * y + 512, 512 * x : 512 * x + 512]
            scan[place] = tile.astype(scan.dtype) * factor
    return scan


def show_big() -> None:
    for kind in ("uint8", "uint16"):
        command = [sys.executable, "-c", BIG, kind]
        words = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.split()  # noqa: S603
        print(
            f"50 MP {kind}: {float(words[0]) / 50:.2f} s of CPU per MP, peak {int(words[1]) / 1024:.0f} MB"
        )


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    show(measure(pictures(folder)))
    show_big()
    print(
        f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    main()
