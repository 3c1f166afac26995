"""The first stage: what kind of picture a scan is, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from jobs.engine import negative, raster, sharpen
from jobs.engine.blocks import to_planes
from jobs.engine.contract import Damage, Pixels, Plane, Tick
from jobs.engine.faces import Face, faces_in, find_faces
from jobs.engine.fading import fading
from jobs.engine.grain import Strength, strength_for
from jobs.engine.noise import Noise, measure_noise
from jobs.engine.tone import Kind, Tone, measure_tone, shrink

# Squares of the scan in which dots of print are looked for, on each side.
TILES = 4
# A print so hurt is not sharpened: what is left of its marks would be as well.
HURT = 0.02


class Medium(StrEnum):
    PRINT = "print"
    NEGATIVE = "negative"
    RASTER = "raster"


@dataclass(frozen=True)
class Look:
    """What was seen; the parameters of all later stages come from here.

    `faded` 0..1, as `fading` has it. `soft`: how much to sharpen, 0..0.7. `faces`: boxes
    in parts of the picture. `damaged`: the share of the surface that is hurt, 0..1, once
    that has been searched.
    """

    kind: Kind
    medium: Medium
    faded: float
    noise: Noise
    soft: float
    faces: tuple[Face, ...]
    damaged: float = 0.0

    def grain_strength(self, damage: Damage) -> Strength | None:
        """How much grain to take away; None where it may be dots of print, too."""
        if self.medium is Medium.RASTER:
            return None
        return strength_for(self.noise, damage)

    @property
    def sharpening(self) -> float:
        """How much to sharpen, 0..0.7."""
        if self.medium is Medium.RASTER:
            return 0.0
        return self.soft * float(np.clip(2 - self.damaged / HURT, 0, 1))


def look_at(scan: Pixels, *, tick: Tick) -> Look:
    """Look at a scan (h, w, 1 or 3), 8 or 16 bits; it is only read."""
    noise = measure_noise(scan)
    tick(0.2)
    soft = sharpen.softness(scan, noise.sigma)
    tick(0.25)
    small = shrink(scan)
    tone = measure_tone(small)
    tick(0.3)
    faces = faces_in(scan, tick=lambda part: tick(0.3 + 0.5 * part))
    medium = _medium(scan, tone, small, faces, tick=tick)
    return Look(
        kind=tone.kind,
        medium=medium,
        faded=_faded(tone),
        noise=noise,
        soft=soft,
        faces=faces,
    )


def _faded(tone: Tone) -> float:
    if tone.kind is Kind.COLOUR:
        return fading(tone.quantiles, tone.darkest)
    return fading(tone.quantiles.mean(axis=0, keepdims=True))


def _medium(
    scan: Pixels, tone: Tone, small: Plane, faces: tuple[Face, ...], *, tick: Tick
) -> Medium:
    if raster.has_raster(_tiles(scan)):
        return Medium.RASTER
    tick(0.85)
    if negative.is_masked(tone) or (not faces and _has_dark_faces(small, tick=tick)):
        return Medium.NEGATIVE
    return Medium.PRINT


def _has_dark_faces(small: Plane, *, tick: Tick) -> bool:
    """Whether people appear when light and dark change places.

    Only those count that the plain search is sure of, and that are no specks.
    """
    grey = small.mean(axis=2)
    turned = np.asarray(grey.max() + grey.min() - grey, np.float32)
    faces = find_faces(turned, tick=lambda part: tick(0.85 + 0.1 * part), sure=True)
    return any(face.bottom - face.top > 0.08 for face in faces)


def _tiles(scan: Pixels) -> list[Plane]:
    height, width = scan.shape[:2]
    side = raster.TILE
    if min(height, width) < side:
        return []
    tops = sorted({int(y) for y in np.linspace(0, height - side, TILES)})
    lefts = sorted({int(x) for x in np.linspace(0, width - side, TILES)})
    full = np.uint16(257 if scan.dtype == np.uint8 else 1)
    return [
        to_planes(scan[y : y + side, x : x + side].astype(np.uint16) * full)[0]
        for y in tops
        for x in lefts
    ]
