"""What the networks learn from: clean squares, damaged at random, without end."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training import damage, scanning
from training.fading import Fading
from training.scenes import Artist
from training.sources import learnable
from training.surface import Marks
from training.things import thin_things

Picture = NDArray[np.uint8]
Real = NDArray[np.floating]
Random = np.random.Generator

SIZE = 192
# Of these only the surface is used, as a texture.
TEXTURES = ("brick", "grass", "gravel", "moon")


class Samples:
    """Clean and damaged squares of 192 pixels, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        pictures = learnable()
        self.photos = list(pictures.values())
        self.artist = Artist([pictures[name] for name in TEXTURES], self.random)

    def clean(self) -> Picture:
        """(192, 192, 3), drawn or a part of a photograph, in many tones and sizes."""
        picture = (
            self.artist.scene(SIZE) if self.random.random() < 0.25 else self._photo()
        )
        if self.random.random() < 0.4:
            picture = scanning.blur(picture, self.random.uniform(0.3, 1.2))
        return scanning.to_pixels(_toned(picture, self.random))

    def damaged(self) -> damage.Damaged:
        """A clean square, and now and then nothing at all is wrong with its surface."""
        dose = _dose(self.random)
        kind = list(Fading)[self.random.integers(len(Fading))]
        unit = float(np.exp(self.random.uniform(np.log(0.45), np.log(2.4))))
        made = damage.apply(self.clean(), dose, kind, self.random, unit=unit)
        if self.random.random() < 0.35:
            return replace(made, picture=_grey(made.picture), whole=_grey(made.whole))
        return made

    def _photo(self) -> Real:
        photo = self.photos[self.random.integers(len(self.photos))]
        most = min(photo.shape[:2])
        side = int(min(SIZE * np.exp(self.random.uniform(-0.3, 1.5)), most))
        y, x = (int(self.random.integers(0, s - side + 1)) for s in photo.shape[:2])
        part = photo[y : y + side, x : x + side].astype(np.float32) / 255
        if part.ndim == 2:
            part = np.repeat(part[..., None], 3, axis=2)
        how = cv2.INTER_AREA if side > SIZE else cv2.INTER_CUBIC
        part = np.asarray(cv2.resize(part, (SIZE, SIZE), interpolation=how))
        part = np.rot90(part, int(self.random.integers(4)))
        part = np.ascontiguousarray(part[:, :: self.random.choice([-1, 1])])
        if self.random.random() < 0.25:
            thin_things(part, self.random)
        return np.clip(part, 0, 1)


def _grey(picture: Picture) -> Picture:
    """A scanner set to black and white."""
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _toned(picture: Real, random: Random) -> Real:
    """Black and white, brown, or with other contrast than it came with."""
    if random.random() < 0.5:
        grey = picture @ np.array([0.299, 0.587, 0.114], np.float32)
        tint = np.ones(3, np.float32)
        if random.random() < 0.5:
            tint = np.array([1, 0.9, 0.75], np.float32) ** random.uniform(0, 1.5)
        picture = grey[..., None] * tint
    picture = np.clip(picture, 0, 1) ** np.float32(np.exp(random.normal(0, 0.3)))
    low, high = random.uniform(0, 0.15), random.uniform(0.85, 1)
    return np.asarray(low + (high - low) * picture, np.float32)


def _dose(random: Random) -> damage.Dose:
    """Anything from a clean scan to a wreck; most are in between."""
    wrong = 0.0 if random.random() < 0.15 else random.beta(1.0, 1.6) + 0.08
    old = random.beta(1, 1.5)

    def some(most: float, chance: float = 0.5) -> int:
        return int(random.poisson(most * wrong)) if random.random() < chance else 0

    marks = Marks(
        scratches=some(4),
        bundles=some(0.7),
        hairs=some(2.5),
        dust=some(35),
        creases=some(0.8),
        cracks=some(2.2),
        spots=some(2.5),
        tears=some(0.5),
        craquelure=int(random.random() < 0.45 * wrong),
        flakes=some(5),
        folds=some(1.0, 0.3),
        rips=some(0.6),
        corners=some(0.5, 0.3),
        faint=random.uniform(0, 0.5),
    )
    return damage.Dose(
        marks=marks,
        fading=old,
        cast=old,
        uneven=old * random.uniform(0, 0.5),
        stains=int(random.random() < 0.1),
        grain=random.uniform(0, 14) * random.random(),
        blur=random.uniform(0, 0.9) * (random.random() < 0.5),
        rescan=random.uniform(0.55, 1.0) if random.random() < 0.6 else 1.0,
        quality=int(random.integers(70, 99)),
        sharpened=random.uniform(0.2, 1.6) if random.random() < 0.3 else 0.0,
    )
