"""Prints that lie aslant on a page: cut out and straightened in one step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from albums.images.pictures import Box

Pixels = NDArray[Any]
Piece = Callable[[Box], Pixels]

# Cut in tiles, so that no second copy of the page is held, and OpenCV's limit of 32767
# pixels a side is never met.
TILE = 512
# What the filter reads around a pixel: Lanczos over 8 by 8.
AROUND = 6


def straighten(
    upright: Pixels,
    piece: Piece,
    page: tuple[int, int],
    middle: tuple[float, float],
    angle: float,
) -> None:
    """Fill `upright` (h, w) with what lies around `middle`, turned clockwise by `angle`
    degrees, on a page of this width and height.

    `piece` gives a part of the upright page. Beyond the page its edge goes on. Raises
    ValueError where the middle is not on the page.
    """
    if not (0 <= middle[0] <= page[0] and 0 <= middle[1] <= page[1]):
        raise ValueError("the crop box lies outside the page")
    place = _placement(upright.shape, middle, angle)
    for tile in _tiles(upright.shape):
        source = _seen_from(tile, place, page)
        shift = place @ [tile.left, tile.top, 1.0] - [source.left, source.top]
        upright[tile.top : tile.bottom, tile.left : tile.right] = cv2.warpAffine(
            piece(source),
            np.column_stack([place[:, :2], shift]),
            (tile.right - tile.left, tile.bottom - tile.top),
            flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )


def _placement(
    shape: tuple[int, ...], middle: tuple[float, float], angle: float
) -> NDArray[np.float64]:
    """(2, 3): from a pixel of the cut to where it lies on the page."""
    turn = math.radians(angle)
    across, down = math.cos(turn), math.sin(turn)
    level = np.array([[across, -down], [down, across]])
    half = np.array([shape[1], shape[0]]) / 2 - 0.5
    shift = np.array(middle) - 0.5 - level @ half
    return np.column_stack([level, shift])


def _tiles(shape: tuple[int, ...]) -> Iterator[Box]:
    height, width = shape[:2]
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield Box(left, top, min(left + TILE, width), min(top + TILE, height))


def _seen_from(tile: Box, place: NDArray[np.float64], page: tuple[int, int]) -> Box:
    """The part of the page that a tile shows; where none, its nearest pixels."""
    sides = [
        (x, y, 1) for x in (tile.left, tile.right) for y in (tile.top, tile.bottom)
    ]
    corners = np.array(sides) @ place.T
    last = np.array(page) - 1
    low = np.clip(np.floor(corners.min(axis=0)) - AROUND, 0, last).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + AROUND, 0, last).astype(int) + 1
    return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
