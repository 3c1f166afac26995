"""Which of the places that may be damage are taken for it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Damage, Mask
from jobs.engine.detector import Suspects
from jobs.engine.scratches import Found
from jobs.engine.writing import is_writing

Choice = NDArray[np.bool_]

# The more marks of a print are sure, the likelier is what is doubtful: beside how many
# sure marks, and beside what share of sure pixels, which mean chance is enough.
SURE, SPECK = 0.8, 6
COUNTS, BY_COUNT = (8, 16, 32), (0.9, 0.8, 0.6)
SURE_PIXEL = 0.94
SHARES, BY_SHARE = (0.005, 0.01), (0.9, 0.6)
# More pixels have more places to be mistaken about.
PIXELS = 500_000
# When somebody says how bad it is, there is less to doubt.
ASKED = {Damage.LIGHT: 0.75, Damage.MEDIUM: 0.6, Damage.SEVERE: 0.5}
# In faces a wrong guess hurts most. A crack that is sure beside a face is followed
# inside, to where it can hardly be seen.
CAREFUL = 0.85
BESIDE, LONG, FOLLOWED = 0.75, 25, 0.25
RIM = 0.025
# Round places are buttons and eyes as often as flakes, unless they are dust.
ROUND, ROUND_AREA = 0.9, 20


def choose(found: Suspects, faces: Mask, damage: Damage) -> Found:
    """Which suspects are marks. `faces` (h, w): not 0 where only sure ones count."""
    wanted = found.means >= threshold(found, damage)
    wanted &= ~_is_rim(found)
    if damage is Damage.AUTO:
        wanted &= ~_is_round(found) | (found.means >= ROUND)
    wanted[wanted] = ~is_writing(found.boxes, np.flatnonzero(wanted))
    if not faces.any():
        return Found(found.paint(wanted), False)
    return _spare_faces(found, wanted, faces > 0)


def threshold(found: Suspects, damage: Damage) -> float:
    """The mean chance from which on a suspect is a mark."""
    if damage is not Damage.AUTO:
        return ASKED[damage]
    sure = np.count_nonzero((found.means >= SURE) & (found.areas >= SPECK))
    count = sure / max(found.labels.size / PIXELS, 1) ** 0.5
    pixels = (found.labels > 0) & (found.chances >= round(SURE_PIXEL * 255))
    share = float(np.mean(pixels))
    by_count = float(np.interp(count, COUNTS, BY_COUNT))
    return min(by_count, float(np.interp(share, SHARES, BY_SHARE)))


def _spare_faces(found: Suspects, wanted: Choice, inside: Choice) -> Found:
    """What is chosen, but in faces only what is sure or comes in from beside."""
    count = len(wanted)
    here = np.bincount(found.labels[inside], minlength=count + 1)[1:]
    outside = ~inside
    beside = found.areas - here
    sums = np.bincount(
        found.labels[outside], found.chances[outside], minlength=count + 1
    )[1:]
    sure_beside = sums / np.maximum(beside, 1) / 255 >= BESIDE
    through = wanted & (here > 0) & sure_beside & (beside >= np.maximum(here, LONG))
    doubtful = wanted & (here > 0) & ~through & (found.means < CAREFUL)
    mask = found.paint(wanted)
    mask[inside & (found.paint(doubtful) > 0)] = 0
    if through.any():
        mask |= _followed(found, found.paint(through), inside)
    return Found(mask, bool(doubtful.any()))


def _followed(found: Suspects, cracks: Mask, inside: Choice) -> Mask:
    """What in faces goes on from these cracks, as far as it is not unlikely."""
    faint = inside & (found.chances >= round(FOLLOWED * 255))
    both = (faint | (cracks > 0)).astype(np.uint8)
    labels = np.asarray(cv2.connectedComponents(both, connectivity=8)[1])
    reached = np.zeros(int(labels.max()) + 1, bool)
    reached[labels[cracks > 0]] = True
    reached[0] = False
    return np.asarray(reached[labels] * 255, np.uint8)


def _is_round(found: Suspects) -> Choice:
    wide, tall = found.boxes[:, 2], found.boxes[:, 3]
    near_square = np.maximum(wide, tall) < 1.8 * np.minimum(wide, tall)
    full = found.areas > 0.5 * wide * tall
    return np.asarray(near_square & full & (found.areas >= ROUND_AREA))


def _is_rim(found: Suspects) -> Choice:
    """What lies along the rim is mostly the end of the print."""
    height, width = found.labels.shape
    rim = np.ones((height, width), bool)
    down, across = int(RIM * height), int(RIM * width)
    rim[down : height - down, across : width - across] = False
    inside = np.bincount(found.labels[rim], minlength=len(found.areas) + 1)[1:]
    return np.asarray(inside > found.areas / 2)
