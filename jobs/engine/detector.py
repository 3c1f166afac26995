"""Finding damage with the network that was trained for it (`training/marks.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine import network
from jobs.engine.blocks import to_values
from jobs.engine.contract import Canvas, Damage, Mask, Tick
from jobs.engine.scratches import Found
from jobs.engine.writing import is_writing

NETWORK = "marks.onnx"
# A pixel belongs to a mark from here on; what a mark must reach on the mean, by the
# damage that is expected, stands below. In a picture that shows none beyond doubt, only
# what is all but sure counts: a false alarm costs more than a mark that stays.
PIXEL = 0.5
SOUND, LIGHT, WRECKED = 0.92, 0.9, 0.58
# Light damage is several marks that are nearly sure: the rim of a cup is but one. In a
# wreck all marks may hang together in one; there, sure pixels are counted.
SURE, SURE_PIXEL = 0.8, 0.93
SEVERAL, SURE_AREA, SURE_PIXELS = 10, 0.0008, 0.008
# Fewer pixels are a speck that any texture has.
SPECK = 3
# When somebody says how bad it is, there is less to doubt.
ASKED = {Damage.LIGHT: 0.72, Damage.MEDIUM: 0.6, Damage.SEVERE: 0.5}
# In faces a wrong guess hurts most.
CAREFUL = 0.85
RIM = 0.025
FAR_MORE, CRACKED, NOT_UNLIKELY = 2, 0.02, 0.06
# Half the width of the broadest mark, in parts of the shorter side: what is broader is a
# collar or a cloud.
BROADEST, NARROWEST = 0.012, 6
FINER = 1.5
# A search at half the size finds what is wider than this, in its pixels.
WIDE = 5
SMALLEST = 400


@dataclass(frozen=True)
class Suspects:
    """Connected places that may be marks.

    `labels` (h, w): 0 for none, else one more than the row of `chances` (n), 0..1, and
    of `boxes` (n, 4): left, top, width, height; `areas` (n) are in pixels, as are the
    `sure_pixels` of all together.
    """

    labels: NDArray[np.int32]
    chances: NDArray[np.float64]
    areas: NDArray[np.int64]
    boxes: NDArray[np.float64]
    sure_pixels: int

    def paint(self, chosen: NDArray[np.bool_]) -> Mask:
        """255 where a chosen suspect is."""
        return (np.append(False, chosen)[self.labels] * 255).astype(np.uint8)


def chances_of_damage(picture: Canvas, *, tick: Tick) -> Mask:
    """(h, w), 0..255 for 0..1: how likely each pixel of (h, w, 1 or 3) is damaged.

    A U-Net of 0.7 million weights, see docs/models/marks.md. It looks at the picture as
    it is; enlarged, for what is finer than it has learned; and at half the size, for
    what is too wide to be seen otherwise.
    """
    height, width = picture.shape[:2]
    fine = _chances(picture, tick=lambda part: tick(0.25 * part))
    more = round(height * FINER), round(width * FINER)
    finer = _at_size(picture, *more, tick=lambda part: tick(0.25 + 0.65 * part))
    chances = ((fine.astype(np.uint16) + finer) // 2).astype(np.uint8)
    if min(height, width) < 2 * SMALLEST:
        tick(1.0)
        return chances
    less = height // 2, width // 2
    coarse = _at_size(picture, *less, tick=lambda part: tick(0.9 + 0.1 * part))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WIDE, WIDE))
    wide = cv2.morphologyEx(coarse, cv2.MORPH_OPEN, disc)
    return np.maximum(chances, np.asarray(wide, np.uint8))


def _at_size(picture: Canvas, height: int, width: int, *, tick: Tick) -> Mask:
    """The chances as they are at another size, brought back to the picture's."""
    enlarged = height > picture.shape[0]
    how = cv2.INTER_CUBIC if enlarged else cv2.INTER_AREA
    other = cv2.resize(picture, (width, height), interpolation=how)
    deep = np.asarray(other.reshape(height, width, -1), np.uint16)
    chances = _chances(deep, tick=tick)
    back = cv2.INTER_AREA if enlarged else cv2.INTER_LINEAR
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.resize(chances, size, interpolation=back), np.uint8)


def _chances(picture: Canvas, *, tick: Tick) -> Mask:
    height, width = picture.shape[:2]
    result = np.empty((height, width), np.uint8)
    down, across = network.spans(height), network.spans(width)
    for number, rows in enumerate(down):
        for place, columns in enumerate(across):
            tile = to_values(picture[rows.read, columns.read])
            made = network.run(NETWORK, network.three(tile) - 0.5)[:, :, 0]
            chance = np.rint(made[rows.inner, columns.inner] * 255)
            result[rows.write, columns.write] = chance.astype(np.uint8)
            tick((number + (place + 1) / len(across)) / len(down))
    return result


def suspects(chances: Mask) -> Suspects:
    """The places where `chances` (h, w) are high, without what is too broad."""
    likely = _without_broad((chances >= round(PIXEL * 255)).astype(np.uint8))
    found = cv2.connectedComponentsWithStats(likely, connectivity=8)
    labels, stats = np.asarray(found[1], np.int32), found[2]
    sums = np.bincount(labels.ravel(), chances.ravel(), minlength=len(stats))
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    means = sums[1:] / np.maximum(areas, 1) / 255
    sure = int(np.count_nonzero(likely & (chances >= round(SURE_PIXEL * 255))))
    boxes = stats[1:, :4].astype(np.float64)
    return Suspects(labels, means, areas, boxes, sure)


def _without_broad(likely: Mask) -> Mask:
    """Marks without the collars, clouds and torn rims that they may run into."""
    half = max(round(BROADEST * min(likely.shape)), NARROWEST)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1))
    broad = cv2.morphologyEx(likely, cv2.MORPH_OPEN, disc)
    if not broad.any():
        return likely
    around = cv2.dilate(broad, np.ones((5, 5), np.uint8))
    return np.where(around > 0, 0, likely).astype(np.uint8)


def threshold(found: Suspects, damage: Damage) -> float:
    """The more of the print is damaged beyond doubt, the likelier is what is doubtful."""
    if damage is not Damage.AUTO:
        return ASKED[damage]
    if found.sure_pixels > SURE_PIXELS * found.labels.size:
        return WRECKED
    sure = found.areas[(found.chances >= SURE) & (found.areas >= SPECK)]
    several = len(sure) >= SEVERAL and sure.sum() > SURE_AREA * found.labels.size
    return LIGHT if several else SOUND


def choose(found: Suspects, faces: Mask, damage: Damage) -> Found:
    """Which suspects are marks. `faces` (h, w): not 0 where only sure ones count."""
    wanted = found.chances >= threshold(found, damage)
    wanted &= ~_is_rim(found)
    wanted[wanted] = ~is_writing(found.boxes, np.flatnonzero(wanted))
    touched = np.zeros(len(wanted) + 1, bool)
    touched[found.labels[faces > 0]] = True
    doubtful = wanted & touched[1:] & (found.chances < CAREFUL)
    return Found(found.paint(wanted & ~doubtful), bool(doubtful.any()))


def second_opinion(found: Found, other: Found, chances: Mask) -> Found:
    """What was found, with those marks of the other method that are not unlikely.

    The other method counts only where it sees far more than the network, and that all
    over the print.
    """
    share = float(np.mean(other.mask > 0))
    if share < max(FAR_MORE * float(np.mean(found.mask > 0)), CRACKED):
        return found
    marks = cv2.connectedComponentsWithStats(other.mask, connectivity=8)
    labels, areas = np.asarray(marks[1]), marks[2][:, cv2.CC_STAT_AREA]
    sums = np.bincount(labels.ravel(), chances.ravel(), minlength=len(areas))
    likely = sums / areas / 255 >= NOT_UNLIKELY
    likely[0] = False
    return found | Found((likely[labels] * 255).astype(np.uint8), other.spared)


def _is_rim(found: Suspects) -> NDArray[np.bool_]:
    """What lies along the rim is mostly the end of the print."""
    height, width = found.labels.shape
    rim = np.ones((height, width), bool)
    down, across = int(RIM * height), int(RIM * width)
    rim[down : height - down, across : width - across] = False
    inside = np.bincount(found.labels[rim], minlength=len(found.areas) + 1)[1:]
    return np.asarray(inside > found.areas / 2)
