"""Finding scratches, hairs, creases, dust and spots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.blocks import to_canvas
from jobs.engine.contract import Damage, Mask, Plane
from jobs.engine.cracks import find_cracks
from jobs.engine.grain import clean
from jobs.engine.marks import AROUND, FEATURES, Marks, Numbers, measure_marks
from jobs.engine.noise import measure_noise
from jobs.engine.odds import chances_of
from jobs.engine.writing import is_writing

Choice = NDArray[np.bool_]

WIDEST = 9
FAINTEST = 0.03
STANDS_OUT = 2.0
# What stands out more than this is itself a mark, and must not count as unrest.
TEXTURE = 0.06
# A search at half the size finds what is wider; below this nothing is left to search.
SMALLEST = 400
# How likely a candidate must be, by the damage that is expected: the more of the print
# is marked beyond doubt, the likelier are the doubtful marks.
THRESHOLDS = {Damage.LIGHT: 0.6, Damage.MEDIUM: 0.45, Damage.SEVERE: 0.33}
SOUND = 0.85
SURE = 0.8
SURE_AREAS = ((0.012, Damage.SEVERE), (0.003, Damage.MEDIUM), (0.001, Damage.LIGHT))
# In faces and for text a wrong guess hurts most.
CAREFUL = 0.85
# What lies along the rim is mostly the end of the print.
RIM, ENDS = FEATURES.index("rim"), 0.5


@dataclass(frozen=True)
class Found:
    """`mask` (h, w): 255 to be filled. `spared`: likely marks left alone in faces."""

    mask: Mask
    spared: bool

    def __or__(self, other: Found) -> Found:
        return Found(self.mask | other.mask, self.spared or other.spared)


def find_damage(
    grey: Plane,
    chroma: Plane,
    faces: Mask,
    *,
    damage: Damage,
    coloured: bool,
    sign: Callable[[], None] | None = None,
) -> Found:
    """Search grey values and chroma (h, w), 0..1, at full size and at halves of it.

    `faces` (h, w) is not 0 where only the surest marks may be touched. Thin things
    that are lighter or darker than both their sides (Serra's top-hat) are candidates;
    a logistic regression on their shape and surroundings decides. `sign` is called now
    and then, and may raise to abort.
    """
    sign = sign or _ignore
    both = find_marks(grey, chroma, sign)
    sign()
    found = _choose(both, faces, damage)
    if not coloured:
        found = found | _cracks(both[0], faces, sure=damage is Damage.SEVERE)
    sign()
    height, width = grey.shape
    if min(height, width) < 2 * SMALLEST:
        return found
    size = (width // 2, height // 2)
    planes = [cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (grey, chroma)]
    half_grey, half_chroma = (np.asarray(plane, np.float32) for plane in planes)
    half_faces = np.asarray(cv2.resize(faces, size, interpolation=cv2.INTER_NEAREST))
    wider = find_damage(
        half_grey,
        half_chroma,
        half_faces.astype(np.uint8),
        damage=damage,
        coloured=coloured,
        sign=sign,
    )
    mask = cv2.resize(wider.mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return found | Found(np.asarray(mask, np.uint8), wider.spared)


def _ignore() -> None:
    pass


def find_marks(
    grey: Plane, chroma: Plane, sign: Callable[[], None] = _ignore
) -> tuple[Marks, Marks]:
    """Bright and dark candidates in grey values and their chroma (h, w), 0..1."""
    noise = measure_noise(to_canvas(grey[:, :, None]))
    sign()
    calm = clean(grey, grey, noise.spectra[0], noise.tones)
    sign()
    bright, dark = _top_hat(calm), _top_hat(1 - calm)
    texture = np.minimum(bright, TEXTURE) + np.minimum(dark, TEXTURE)
    unrest = 0.01 + 0.5 * noise.sigma + cv2.blur(texture, (AROUND, AROUND))
    sign()
    light = measure_marks(calm, bright, unrest, chroma, _candidates(bright, unrest))
    sign()
    calm = 1 - calm
    return light, measure_marks(calm, dark, unrest, chroma, _candidates(dark, unrest))


def _top_hat(grey: Plane) -> Plane:
    return np.asarray(
        grey - cv2.morphologyEx(grey, cv2.MORPH_OPEN, _disc(WIDEST)), np.float32
    )


def _disc(size: int) -> Mask:
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8
    )


def _candidates(hat: Plane, unrest: Plane) -> Mask:
    return ((hat > STANDS_OUT * unrest) & (hat > FAINTEST)).astype(np.uint8)


def _choose(both: tuple[Marks, Marks], faces: Mask, damage: Damage) -> Found:
    likely = [chances_of(marks.features) for marks in both]
    automatic = damage is Damage.AUTO
    threshold = _threshold(both, likely) if automatic else THRESHOLDS[damage]
    mask = np.zeros(faces.shape, np.uint8)
    spared = False
    for marks, chances in zip(both, likely, strict=True):
        chosen = (chances > threshold) & (marks.features[:, RIM] < ENDS)
        chosen[chosen] = ~is_writing(marks.boxes, np.flatnonzero(chosen))
        doubtful = chosen & (chances < CAREFUL) & _inside(marks, faces)
        spared |= bool(doubtful.any())
        mask |= _paint(marks, chosen & ~doubtful)
    return Found(np.asarray(cv2.dilate(mask, _disc(3)), np.uint8), spared)


def _cracks(bright: Marks, faces: Mask, *, sure: bool) -> Found:
    cracks = cv2.dilate(_paint(bright, find_cracks(bright, sure=sure)), _disc(5))
    outside = np.where(faces > 0, 0, cracks).astype(np.uint8)
    return Found(outside, bool(np.any(cracks[faces > 0])))


def _threshold(both: tuple[Marks, Marks], likely: list[Numbers]) -> float:
    pairs = zip(both, likely, strict=True)
    sure = sum(np.count_nonzero(_paint(marks, odds > SURE)) for marks, odds in pairs)
    for share, damage in SURE_AREAS:
        if sure > share * both[0].labels.size:
            return THRESHOLDS[damage]
    return SOUND


def _inside(marks: Marks, faces: Mask) -> Choice:
    touched = np.zeros(len(marks.features) + 1, bool)
    touched[marks.labels[faces > 0]] = True
    return touched[:-1]


def _paint(marks: Marks, chosen: Choice) -> Mask:
    return (np.append(chosen, False)[marks.labels] * 255).astype(np.uint8)
