"""Prints found on drawn album pages, beside a threshold and a model of the page's paper.

    .venv/bin/python -m tests.bench.pages_bench [PAGES [FIRST SEED [FOLDER]]]

draws so many pages of each level and prints recall and precision at an intersection over
union of 0.9, and seconds of CPU a page; then how many single photos are cut apart. The
photos on the pages are drawn, of scikit-image, and those of a folder.
"""

# A script that prints its table.
# ruff: noqa: T201
from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from jobs.engine.prints import find_prints
from jobs.engine.rectangles import Rectangle, likeness, upright
from tests.engine.album_pages import (
    AlbumPage,
    Level,
    Lies,
    draw_album_page,
    draw_one_print,
)

Picture = NDArray[np.uint8]
Finder = Callable[[Picture], list[Rectangle]]
AS_IT_LIES = 0.9
SMALLEST = 0.002


@dataclass
class Score:
    prints: int = 0
    found: int = 0
    right: int = 0
    seconds: float = 0.0

    def count(self, page: AlbumPage, found: list[Rectangle]) -> None:
        self.prints += len(page.prints)
        self.found += len(found)
        left = list(found)
        for lies in map(_rectangle, page.prints):
            best = max(left, key=lambda one: likeness(lies, one), default=None)
            if best and likeness(lies, best) >= AS_IT_LIES:
                self.right += 1
                left.remove(best)


def ours(picture: Picture) -> list[Rectangle]:
    return [
        Rectangle(one.x, one.y, one.width, one.height, one.angle)
        for one in find_prints(picture)
    ]


def otsu(picture: Picture) -> list[Rectangle]:
    """A threshold between two lightnesses; whichever of them lies in the corners is
    the page."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    _level, mask = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    corners = [mask[row, column] for row in (2, -3) for column in (2, -3)]
    if np.mean(corners) > 127:
        mask = cv2.bitwise_not(mask)
    return _around(np.asarray(mask, np.uint8))


def paper_model(picture: Picture) -> list[Rectangle]:
    """What is far from a plane fitted to the colours along the edges of the page."""
    height, width = picture.shape[:2]
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    rim = np.ones((height, width), bool)
    wide = max(3, round(0.02 * max(height, width)))
    rim[wide:-wide, wide:-wide] = False
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.dstack([np.ones_like(down), across, down])
    plane, *_rest = np.linalg.lstsq(terms[rim], lab[rim], rcond=None)
    away = np.linalg.norm(lab - terms @ plane, axis=2)
    limit = max(6.0, 4 * float(np.median(away[rim])))
    return _around((away > limit).astype(np.uint8) * np.uint8(255))


def _around(mask: Picture) -> list[Rectangle]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), np.uint8)
    contours, _tree = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [one for one in contours if cv2.contourArea(one) > SMALLEST * mask.size]
    return [upright(cv2.minAreaRect(one)) for one in large]


def _rectangle(lies: Lies) -> Rectangle:
    return Rectangle(lies.x, lies.y, lies.width, lies.height, lies.angle)


FINDERS: dict[str, Finder] = {
    "Otsu's threshold": otsu,
    "paper model, minAreaRect": paper_model,
    "ours": ours,
}


def photos_of(folder: Path | None) -> list[Picture]:
    found = [data.astronaut(), data.coffee(), data.stereo_motorcycle()[0]]
    for path in sorted(folder.iterdir()) if folder else ():
        picture = cv2.imread(str(path))
        if picture is not None:
            found.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    return [_small(np.asarray(one, np.uint8)) for one in found]


def _small(picture: Picture) -> Picture:
    scale = 700 / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), np.uint8)


def show_level(level: Level, seeds: Sequence[int], photos: list[Picture]) -> None:
    scores = {name: Score() for name in FINDERS}
    for seed in seeds:
        page = draw_album_page(seed, level, photos=photos)
        for name, find in FINDERS.items():
            began = time.process_time()
            found = find(page.picture)
            scores[name].seconds += time.process_time() - began
            scores[name].count(page, found)
    for name, score in scores.items():
        recall = score.right / score.prints
        precision = score.right / max(score.found, 1)
        print(
            f"| {level.value} | {name} | {recall:.3f} | {precision:.3f} "
            f"| {score.seconds / len(seeds):.2f} |",
            flush=True,
        )


def single_photos(seeds: Sequence[int], photos: list[Picture]) -> Iterator[Picture]:
    for number, seed in enumerate(seeds):
        chosen = photos[number % len(photos)] if number % 4 else None
        yield draw_one_print(seed, chosen)
    for photo in photos:
        yield np.asarray(cv2.resize(photo, None, fx=2, fy=2), np.uint8)


def main() -> None:
    cv2.setNumThreads(1)
    number = int(sys.argv[1]) if sys.argv[1:] else 20
    first = int(sys.argv[2]) if sys.argv[2:] else 5000
    photos = photos_of(Path(sys.argv[3]) if sys.argv[3:] else None)
    seeds = range(first, first + number)
    print("| pages | finder | recall | precision | s |\n|---|---|---|---|---|")
    for level in Level:
        show_level(level, seeds, photos)
    singles = list(single_photos(seeds, photos))
    cut = sum(len(find_prints(one)) > 1 for one in singles)
    print(f"single photos cut apart: {cut} of {len(singles)}")


if __name__ == "__main__":
    main()
