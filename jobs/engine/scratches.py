"""Finding scratches, hairs, creases, dust and spots."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.blocks import to_canvas
from jobs.engine.contract import Damage, Mask, Plane
from jobs.engine.grain import clean
from jobs.engine.marks import AROUND, Marks, Numbers, measure_marks
from jobs.engine.noise import measure_noise
from jobs.engine.odds import odds
from jobs.engine.writing import is_writing

Choice = NDArray[np.bool_]

WIDEST = 9
FAINTEST = 0.03
STANDS_OUT = 2.0
# What stands out more than this is itself a mark, and must not count as unrest.
TEXTURE = 0.06
# A search at half the size finds what is wider; below this nothing is left to search.
SMALLEST = 400
# How likely a candidate must be, by the damage that is expected: the more marks a print
# has beyond doubt, the likelier are the doubtful ones.
THRESHOLDS = {Damage.LIGHT: 0.5, Damage.MEDIUM: 0.42, Damage.SEVERE: 0.33}
MEDIUM_AREA, SEVERE_AREA = 0.004, 0.012
# In faces and for text a wrong guess hurts most.
CAREFUL = 0.85


@dataclass(frozen=True)
class Found:
    """`mask` (h, w): 255 to be filled. `spared`: likely marks left alone in faces."""

    mask: Mask
    spared: bool


def find_damage(grey: Plane, faces: Mask, *, damage: Damage) -> Found:
    """Search grey values (h, w), 0..1, at full size and at halves of it.

    `faces` (h, w) is not 0 where only the surest marks may be touched. Thin things
    that are lighter or darker than both their sides (Serra's top-hat) are candidates;
    a logistic regression on their shape and surroundings decides.
    """
    found = _search(grey, faces, damage)
    height, width = grey.shape
    if min(height, width) < 2 * SMALLEST:
        return found
    half = cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    half_faces = cv2.resize(faces, half.shape[::-1], interpolation=cv2.INTER_NEAREST)
    wider = find_damage(
        np.asarray(half, np.float32), np.asarray(half_faces, np.uint8), damage=damage
    )
    mask = cv2.resize(wider.mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return Found(found.mask | np.asarray(mask, np.uint8), found.spared or wider.spared)


def find_marks(grey: Plane) -> tuple[Marks, Marks]:
    """Bright and dark candidates in grey values (h, w), 0..1."""
    noise = measure_noise(to_canvas(grey[:, :, None]))
    calm = clean(grey, grey, noise.spectra[0], noise.tones)
    bright, dark = _top_hat(calm), _top_hat(1 - calm)
    texture = np.minimum(bright, TEXTURE) + np.minimum(dark, TEXTURE)
    unrest = 0.01 + 0.5 * noise.sigma + cv2.blur(texture, (AROUND, AROUND))
    return (
        measure_marks(calm, bright, unrest, _candidates(bright, unrest)),
        measure_marks(1 - calm, dark, unrest, _candidates(dark, unrest)),
    )


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


def _search(grey: Plane, faces: Mask, damage: Damage) -> Found:
    both = find_marks(grey)
    likely = [odds(marks.features) for marks in both]
    threshold = THRESHOLDS[_expected(both, likely) if damage is Damage.AUTO else damage]
    mask = np.zeros(grey.shape, np.uint8)
    spared = False
    for marks, chances in zip(both, likely, strict=True):
        chosen = chances > threshold
        chosen[chosen] = ~is_writing(marks.boxes, np.flatnonzero(chosen))
        doubtful = chosen & (chances < CAREFUL) & _inside(marks, faces)
        spared |= bool(doubtful.any())
        mask |= _paint(marks, chosen & ~doubtful)
    return Found(np.asarray(cv2.dilate(mask, _disc(3)), np.uint8), spared)


def _expected(both: tuple[Marks, Marks], likely: list[Numbers]) -> Damage:
    sure = sum(
        np.count_nonzero(_paint(marks, chances > THRESHOLDS[Damage.LIGHT]))
        for marks, chances in zip(both, likely, strict=True)
    )
    share = sure / both[0].labels.size
    if share > SEVERE_AREA:
        return Damage.SEVERE
    return Damage.MEDIUM if share > MEDIUM_AREA else Damage.LIGHT


def _inside(marks: Marks, faces: Mask) -> Choice:
    touched = np.zeros(len(marks.features) + 1, bool)
    touched[marks.labels[faces > 0]] = True
    return touched[:-1]


def _paint(marks: Marks, chosen: Choice) -> Mask:
    return (np.append(chosen, False)[marks.labels] * 255).astype(np.uint8)
