"""Clean squares of every kind for networks that give back what was lost."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.samples import TEXTURES
from training.scenes import Artist
from training.sources import learnable

Picture = NDArray[np.uint8]
Real = NDArray[np.floating]

# Bigger photographs are made smaller: what a camera adds to each pixel is lost.
LONGEST = 2000
MOST_SMALLER = 4.0


class Squares:
    """Squares (size, size, 3), float32, 0..1, the same for the same seed."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = np.random.default_rng(seed)
        self.size = size
        pictures = learnable()
        self.photos = [_bounded(picture) for picture in pictures.values()]
        self.artist = Artist([pictures[name] for name in TEXTURES], self.random)

    def clean(self, *, drawn: float = 0.25) -> Real:
        """A part of a photograph or, with the chance `drawn`, of a drawn scene."""
        if self.random.random() < drawn:
            return self.artist.scene(self.size)
        return self._photo()

    def _photo(self) -> Real:
        photo = self.photos[self.random.integers(len(self.photos))]
        most = min(min(photo.shape[:2]) / self.size, MOST_SMALLER)
        factor = np.exp(self.random.uniform(0, np.log(most))) if most > 1 else most
        side = int(self.size * factor)
        y, x = (int(self.random.integers(0, s - side + 1)) for s in photo.shape[:2])
        size = (self.size, self.size)
        how = cv2.INTER_AREA if side > self.size else cv2.INTER_CUBIC
        square = cv2.resize(photo[y : y + side, x : x + side], size, interpolation=how)
        part = np.asarray(square, np.float32) / np.float32(255)
        return np.repeat(part[..., None], 3, axis=2) if part.ndim == 2 else part


def _bounded(picture: Picture) -> Picture:
    factor = LONGEST / max(picture.shape[:2])
    if factor >= 1:
        return picture
    size = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def toned(picture: Real, random: np.random.Generator, *, grey: float) -> Real:
    """With other contrast than it came with; with the chance `grey` without colours."""
    if random.random() < grey:
        plane = picture @ np.array([0.299, 0.587, 0.114], np.float32)
        picture = np.repeat(plane[..., None], 3, axis=2)
    picture = np.clip(picture, 0, 1) ** np.float32(np.exp(random.normal(0, 0.2)))
    low, high = random.uniform(0, 0.12), random.uniform(0.85, 1)
    return np.asarray(low + (high - low) * picture, np.float32)
