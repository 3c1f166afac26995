"""An old print made from a clean picture and a seed, with the truth kept.

Pictures are (h, w) or (h, w, 3), uint8, sRGB-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from training import scanning
from training.fading import Fading, cast, fade, stain, uneven
from training.surface import Marks, hurt

Picture = NDArray[np.uint8]


class Level(StrEnum):
    LIGHT = "light"
    MEDIUM = "medium"
    SEVERE = "severe"


@dataclass(frozen=True)
class Damaged:
    """`mask` is 255 where the surface is hurt. `whole` is the same scan unhurt."""

    picture: Picture
    mask: Picture
    whole: Picture


@dataclass(frozen=True)
class Dose:
    """`fading`, `cast`, `uneven` 0..1; `grain` of 255; `rescan` 1 leaves every pixel."""

    marks: Marks
    fading: float
    cast: float
    uneven: float
    stains: int
    grain: float
    blur: float
    rescan: float
    quality: int


DOSES = {
    Level.LIGHT: Dose(
        marks=Marks(scratches=3, hairs=1, dust=25, faint=0.1),
        fading=0.25,
        cast=0.3,
        uneven=0.0,
        stains=0,
        grain=2.0,
        blur=0.0,
        rescan=1.0,
        quality=95,
    ),
    Level.MEDIUM: Dose(
        marks=Marks(
            scratches=8, bundles=1, hairs=3, dust=80, creases=1, cracks=1, spots=3
        ),
        fading=0.55,
        cast=0.6,
        uneven=0.15,
        stains=1,
        grain=6.0,
        blur=0.5,
        rescan=0.9,
        quality=90,
    ),
    Level.SEVERE: Dose(
        marks=Marks(
            scratches=14,
            bundles=2,
            hairs=6,
            dust=180,
            creases=2,
            cracks=4,
            spots=8,
            tears=2,
        ),
        fading=0.85,
        cast=1.0,
        uneven=0.3,
        stains=3,
        grain=11.0,
        blur=0.8,
        rescan=0.8,
        quality=82,
    ),
}


def damage(
    clean: Picture, level: Level, *, seed: int, fading: Fading = Fading.DYES
) -> Damaged:
    """The picture as an old scan of it, and where its surface is hurt."""
    random = np.random.default_rng([seed, list(Level).index(level)])
    return apply(clean, DOSES[level], fading, random)


def apply(
    clean: Picture,
    dose: Dose,
    fading: Fading,
    random: np.random.Generator,
    *,
    unit: float | None = None,
) -> Damaged:
    """Softness, fading and grain belong to the print; marks lie on it; then the scan."""
    picture = scanning.blur(clean.astype(np.float32) / 255, dose.blur)
    picture = fade(picture, dose.fading, random=random, kind=fading)
    if fading is not Fading.NONE:
        picture = cast(picture, dose.cast, random)
        picture = uneven(picture, dose.uneven, random) if dose.uneven else picture
    for _ in range(dose.stains):
        picture = stain(picture, random)
    picture = scanning.grain(picture, dose.grain / 255, random)
    marked, mask = hurt(picture, dose.marks, random, unit=unit)
    truth = mask.astype(np.float32)
    whole = picture
    if dose.rescan < 1:
        whole, _ = scanning.rescan(picture, truth, dose.rescan)
        marked, truth = scanning.rescan(marked, truth, dose.rescan)
    return Damaged(
        scanning.jpeg(marked, dose.quality),
        ((truth > 0.5) * 255).astype(np.uint8),
        scanning.jpeg(whole, dose.quality),
    )
