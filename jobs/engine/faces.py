"""Finding faces, only so as to be more careful in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Mask, Pixels, Plane, Tick
from jobs.engine.tone import shrink

SMALLEST = 24
NEIGHBOURS = 4
TILT = 25.0
# The plain search sees small faces in groups; the others are for single heads.
SIDE, LESS = 900, 520
# Small faces take most of the time: they are looked for in strips.
SMALL, STRIPS = 60, 3
# A flat picture is not stretched until its grain looks like faces.
FLATTEST = 0.1
# Two boxes are the same face from this overlap on.
SAME = 0.3


@dataclass(frozen=True)
class Face:
    """A box in parts of the picture's width and height, 0..1."""

    left: float
    top: float
    right: float
    bottom: float

    def pixels(self, height: int, width: int, *, around: float = 0.0) -> Box:
        """Rows and columns, with `around` times the box's size more on each side."""
        wide, high = self.right - self.left, self.bottom - self.top
        return Box(
            max(round((self.top - around * high) * height), 0),
            min(round((self.bottom + around * high) * height), height),
            max(round((self.left - around * wide) * width), 0),
            min(round((self.right + around * wide) * width), width),
        )


@dataclass(frozen=True)
class Box:
    """Rows `top:bottom` and columns `left:right`."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def times(self, factor: int) -> Box:
        """The same place in a picture enlarged by a factor."""
        edges = (self.top, self.bottom, self.left, self.right)
        return Box(*(edge * factor for edge in edges))


@dataclass(frozen=True)
class Search:
    """One cascade, and how sure it must be: votes of neighbours, weight of the last
    stage. Chosen on pictures that may be tuned on, so that a flower, a coat and forty
    landscapes have no face."""

    cascade: str
    votes: int
    weight: float
    tilt: float = 0.0
    mirrored: bool = False
    side: int = LESS


SEARCHES = (
    Search("frontalface_alt2", 4, 55.9, side=SIDE),
    Search("frontalface_alt2", 12, 55.8, tilt=-TILT),
    Search("frontalface_alt2", 12, 55.8, tilt=TILT),
    Search("frontalface_default", 10, 5.4),
    Search("profileface", 6, 2.2),
    Search("profileface", 6, 2.2, mirrored=True),
)

SURE = Search("frontalface_alt2", 10, 56.5)


def find_faces(grey: Plane, *, tick: Tick, sure: bool = False) -> tuple[Face, ...]:
    """Faces in grey values (h, w), 0..1, of any size; upright ones, tilted ones up to
    about 40 degrees, and profiles. `sure`: only upright ones beyond doubt.

    Cascades of Viola and Jones, "Rapid object detection using a boosted cascade of
    simple features", 2001, as OpenCV 4 ships them.
    """
    found: list[Face] = []
    searches = (SURE,) if sure else SEARCHES
    for number, search in enumerate(searches):
        done = number / len(searches)
        for face in _search(grey, search, partial(tick, done)):
            if all(_overlap(face, other) < SAME for other in found):
                found.append(face)
        tick((number + 1) / len(searches))
    return tuple(found)


def faces_in(scan: Pixels, *, tick: Tick) -> tuple[Face, ...]:
    """Faces in a scan (h, w, 1 or 3), 8 or 16 bits, however faded."""
    grey = shrink(scan).mean(axis=2)
    low, high = np.percentile(grey, [0.5, 99.5])
    stretched = np.clip((grey - low) / max(float(high - low), FLATTEST), 0, 1)
    return find_faces(np.asarray(stretched, np.float32), tick=tick)


def face_mask(grey: Plane, height: int, width: int) -> Mask:
    """(height, width), 255 in the faces found in grey values 0..1 of any size."""
    return mask_of(find_faces(grey, tick=_ignore), height, width)


def mask_of(faces: tuple[Face, ...], height: int, width: int) -> Mask:
    """(height, width), 255 in the faces."""
    mask = np.zeros((height, width), np.uint8)
    for face in faces:
        mask[face.pixels(height, width).slices] = 255
    return mask


def _ignore(part: float) -> None:
    pass


def _search(grey: Plane, search: Search, sign: Callable[[], None]) -> Iterator[Face]:
    pixels = _prepared(grey, search.side)
    height, width = pixels.shape
    middle = (width / 2, height / 2)
    turn = cv2.getRotationMatrix2D(middle, search.tilt, 1.0)
    if search.tilt:
        border = cv2.BORDER_REPLICATE
        turned = cv2.warpAffine(pixels, turn, (width, height), borderMode=border)
        pixels = np.asarray(turned, np.uint8)
    if search.mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    back = cv2.invertAffineTransform(turn)
    for x, y, wide, high in _boxes(pixels, search, sign):
        across = x + wide / 2
        centre = np.array([width - across if search.mirrored else across, y + high / 2])
        across, down = back @ np.append(centre, 1.0)
        left, right = (across - wide / 2) / width, (across + wide / 2) / width
        top, bottom = (down - high / 2) / height, (down + high / 2) / height
        yield Face(*(float(np.clip(v, 0, 1)) for v in (left, top, right, bottom)))


def _prepared(grey: Plane, side: int) -> Mask:
    factor = min(side / max(grey.shape), 1.0)
    size = tuple(max(round(length * factor), 1) for length in grey.shape[::-1])
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


def _boxes(
    pixels: Mask, search: Search, sign: Callable[[], None]
) -> Iterator[NDArray[np.intp]]:
    """The boxes that the cascade is sure of: left, top, width, height."""
    yield from _detected(pixels, search, least=SMALL * 3 // 4, most=max(pixels.shape))
    sign()
    height = pixels.shape[0]
    for strip in range(STRIPS):
        top = max(strip * height // STRIPS - SMALL, 0)
        rows = pixels[top : (strip + 1) * height // STRIPS]
        for box in _detected(rows, search, least=SMALLEST, most=SMALL):
            yield box + np.array([0, top, 0, 0])
        sign()


def _detected(
    pixels: Mask, search: Search, *, least: int, most: int
) -> Iterator[NDArray[np.intp]]:
    if min(pixels.shape) <= least:
        return
    cascade, sizes = _cascade(search.cascade), ((least, least), (most, most))
    boxes, votes = cascade.detectMultiScale2(pixels, 1.1, NEIGHBOURS, 0, *sizes)
    if len(boxes) == 0:
        return
    # The same boxes in the same order, with their weights in place of their votes.
    _, _, weights = cascade.detectMultiScale3(pixels, 1.1, NEIGHBOURS, 0, *sizes, True)
    for box, count, weight in zip(boxes, votes, np.ravel(weights), strict=True):
        if count >= search.votes and weight >= search.weight:
            yield np.asarray(box, np.intp)


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    path = Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"
    return cv2.CascadeClassifier(str(path))


def _overlap(one: Face, other: Face) -> float:
    """The part of the smaller box that both have, 0..1."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min(_area(one), _area(other))
    return max(wide, 0) * max(high, 0) / max(smaller, 1e-9)


def _area(face: Face) -> float:
    return (face.right - face.left) * (face.bottom - face.top)
