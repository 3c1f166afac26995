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


# A change of the encoded values of 0..1 that can just be seen on a smooth surface, and
# how far above the spread of the grain it must be.
JUST_SEEN, ABOVE_GRAIN = 0.03, 1.5


class Level(StrEnum):
    LIGHT = "light"
    MEDIUM = "medium"
    SEVERE = "severe"


@dataclass(frozen=True)
class Damaged:
    """`whole` is the same scan unhurt.

    `mask` (h, w) is 255 where marks have changed the print visibly: by more than a step
    that can just be seen and the grain. `unsure` is 255 where they have by half as much
    or more; that is neither truth nor false alarm. What has changed less is sound.
    """

    picture: Picture
    mask: Picture
    whole: Picture
    unsure: Picture


@dataclass(frozen=True)
class Dose:
    """`fading`, `cast`, `uneven` 0..1; `grain` of 255; `rescan` 1 leaves every pixel;
    `sharpened` is what the scanner adds of the detail, 0..2."""

    marks: Marks
    fading: float
    cast: float
    uneven: float
    stains: int
    grain: float
    blur: float
    rescan: float
    quality: int
    sharpened: float = 0.0


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
    plain = scanning.blur(clean.astype(np.float32) / 255, dose.blur)
    plain = fade(plain, dose.fading, random=random, kind=fading)
    if fading is not Fading.NONE:
        plain = cast(plain, dose.cast, random)
        plain = uneven(plain, dose.uneven, random) if dose.uneven else plain
    for _ in range(dose.stains):
        plain = stain(plain, random)
    grained = scanning.grain(plain, dose.grain / 255, random)
    worn = hurt(clean.shape, dose.marks, random, unit=unit)
    plain, whole, bare, marked = (
        scanning.scan(picture, dose.rescan, dose.sharpened)
        for picture in (plain, grained, worn.over(plain), worn.over(grained))
    )
    change = np.abs(np.clip(bare, 0, 1) - np.clip(plain, 0, 1))
    change = change.reshape(*clean.shape[:2], -1).max(axis=2)
    step = JUST_SEEN + ABOVE_GRAIN * float((whole - plain).std())
    seen, half_seen = change > step, change > step / 2
    return Damaged(
        scanning.jpeg(marked, dose.quality),
        (seen * 255).astype(np.uint8),
        scanning.jpeg(whole, dose.quality),
        ((half_seen & ~seen) * 255).astype(np.uint8),
    )
