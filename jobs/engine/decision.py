"""Which of the places that may be damage are taken for it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Damage, Mask
from jobs.engine.detector import Suspects, without_broad
from jobs.engine.scratches import Found
from jobs.engine.writing import is_writing

Choice = NDArray[np.bool_]

# What is enough where little is sure.
SOUND, WRECK = 0.89, 0.6
# The more of a print is sure to be hurt, the likelier is what is doubtful: from which
# share of sure pixels on, and from which on it is a wreck.
SURE_PIXEL = 0.94
SHARES = (0.011, 0.014)
# When somebody says how bad it is, there is less to doubt.
ASKED = {Damage.LIGHT: 0.75, Damage.MEDIUM: 0.6, Damage.SEVERE: 0.5}
# In faces a wrong guess hurts most; but a crack that is sure beside a face belongs to it
# inside as well.
CAREFUL = 0.85
BESIDE, LONG = 0.68, 25
# Such cracks, and in a wreck all long ones, are followed to where they can hardly be seen.
FOLLOWED = 0.35
RIM = 0.025
# The biggest letters, in parts of the shorter side, and in pixels.
LETTER, LETTER_PIXELS = 0.06, 24
# In sound prints what is long and broader than this, in parts of the shorter side, and in
# pixels, is rather the leg of a tripod, or a rope.
THICK, THICK_PIXELS = 0.006, 4.0
# Round places are buttons and eyes as often as flakes, unless they are dust.
ROUND, ROUND_AREA = 0.9, 20


def choose(found: Suspects, faces: Mask, damage: Damage) -> Found:
    """Which suspects are marks. `faces` (h, w): not 0 where only sure ones count."""
    least = threshold(found, damage)
    wanted = found.means >= least
    wanted &= ~_is_rim(found)
    if damage is Damage.AUTO:
        wanted &= ~_is_round(found) | (found.means >= ROUND)
        if least > (SOUND + WRECK) / 2:
            wanted &= ~_is_thick(found)
    wanted &= ~_is_letter(found, wanted)
    inside = faces > 0
    through, doubtful = _in_faces(found, wanted, inside)
    mask = found.paint(wanted)
    mask[inside & (found.paint(doubtful) > 0)] = 0
    mask |= _followed(found, through, inside)
    if least <= WRECK:
        sure = wanted & ~doubtful & (found.means >= BESIDE) & (found.areas >= LONG)
        mask |= _followed(found, sure, ~inside)
    return Found(mask, bool(doubtful.any()))


def threshold(found: Suspects, damage: Damage) -> float:
    """The mean chance from which on a suspect is a mark."""
    if damage is not Damage.AUTO:
        return ASKED[damage]
    pixels = (found.labels > 0) & (found.chances >= round(SURE_PIXEL * 255))
    return float(np.interp(np.mean(pixels), SHARES, (SOUND, WRECK)))


def _in_faces(found: Suspects, wanted: Choice, inside: Choice) -> tuple[Choice, Choice]:
    """What is sure beside a face and goes through it, and what is doubtful in it."""
    count = len(wanted) + 1
    here = np.bincount(found.labels[inside], minlength=count)[1:]
    beside = found.areas - here
    labels, chances = found.labels[~inside], found.chances[~inside]
    sums = np.bincount(labels, chances, minlength=count)[1:]
    sure = sums / np.maximum(beside, 1) / 255 >= BESIDE
    long = beside >= np.maximum(here / 2, LONG)
    touching = wanted & (here > 0)
    through = touching & sure & long
    return through, touching & ~through & (found.means < CAREFUL)


def _followed(found: Suspects, cracks: Choice, where: Choice) -> Mask:
    """What goes on from these cracks in some places, as far as it is not unlikely."""
    stems = found.paint(cracks) > 0
    if not stems.any():
        return stems.astype(np.uint8)
    faint = (found.chances >= round(FOLLOWED * 255)).astype(np.uint8)
    thin = where & (without_broad(faint) > 0)
    both = (thin | stems).astype(np.uint8)
    labels = np.asarray(cv2.connectedComponents(both, connectivity=8)[1])
    reached = np.zeros(int(labels.max()) + 1, bool)
    reached[labels[stems]] = True
    reached[0] = False
    return np.asarray(reached[labels] * 255, np.uint8)


def _is_letter(found: Suspects, asked: Choice) -> Choice:
    """Small things in a line; cracks of a wreck may be as high as one another too."""
    most = max(LETTER * min(found.labels.shape), LETTER_PIXELS)
    small = asked & (found.boxes[:, 2:].max(axis=1, initial=0) <= most)
    letters = np.zeros(len(asked), bool)
    letters[small] = is_writing(found.boxes, np.flatnonzero(small))
    return letters


def _is_thick(found: Suspects) -> Choice:
    """A line has two sides: its area is half its outline times its breadth."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode((found.labels > 0).astype(np.uint8), cross) > 0
    within = np.bincount(found.labels[inner], minlength=len(found.areas) + 1)[1:]
    breadth = 2 * found.areas / np.maximum(found.areas - within, 1)
    most = max(THICK * min(found.labels.shape), THICK_PIXELS)
    return np.asarray(breadth > most)


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
