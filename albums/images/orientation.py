"""Turning pictures upright, as EXIF's orientation 1 to 8 says (EXIF 2.32, 4.6.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from albums.images.pictures import Box

Pixels = NDArray[Any]
SIDEWAYS = frozenset({5, 6, 7, 8})


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    return (height, width) if orientation in SIDEWAYS else (width, height)


def stored_view(upright: Pixels, orientation: int) -> Pixels:
    """A view on `upright` in which the picture lies as it is stored in the file.

    What is written to the view is upright in the array below it.
    """
    if orientation in SIDEWAYS:
        upright = np.swapaxes(upright, 0, 1)
    rows = slice(None, None, -1 if orientation in {3, 4, 6, 7} else 1)
    columns = slice(None, None, -1 if orientation in {2, 3, 7, 8} else 1)
    return upright[rows, columns]


def upright_view(stored: Pixels, orientation: int) -> Pixels:
    """A view on `stored` that is upright."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    return stored_view(stored, inverse)


def stored_box(box: Box, width: int, height: int, orientation: int) -> Box:
    """Where the part `box` of an upright page of this size lies in the file."""
    left, top, right, bottom = box[:4]
    if orientation in {2, 3, 7, 6}:
        left, right = width - right, width - left
    if orientation in {3, 4, 7, 8}:
        top, bottom = height - bottom, height - top
    if orientation in SIDEWAYS:
        return Box(top, left, bottom, right)
    return Box(left, top, right, bottom)
