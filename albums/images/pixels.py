"""A page's pixels: upright, in sRGB, without transparency, 16 bits where it has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from albums.images.aslant import straighten
from albums.images.colour import Colours, colours_of
from albums.images.opening import Source, opened, orientation_of, without_orientation
from albums.images.orientation import stored_box, stored_view, upright_size
from albums.images.pictures import Box, Format
from albums.images.refusals import BadPicture
from albums.images.tiff import Claim

Pixels = NDArray[Any]
Allocate = Callable[[tuple[int, ...], type[np.unsignedinteger[Any]]], Pixels]

BAND_PIXELS = 1 << 20
GREY_MODES = frozenset({"1", "L", "LA", "La"})
ALPHA_MODES = frozenset({"LA", "La", "RGBA", "RGBa", "PA"})
UNASSOCIATED, ASSOCIATED = 2, 1


class Raster(Protocol):
    """A decoded page as it lies in the file; its rows come out in sRGB."""

    grey: bool
    depth: type[np.unsignedinteger[Any]]

    def rows(self, box: Box) -> Pixels: ...


class ShallowRaster:
    depth = np.uint8

    def __init__(self, image: Image.Image) -> None:
        if image.mode.startswith(("I", "F")):
            raise BadPicture("unsupported", {"kind": "depth"})
        self.image = image
        self.grey = image.mode in GREY_MODES
        self.colours = colours_of(image, _plain_mode(image.mode))

    def rows(self, box: Box) -> Pixels:
        return np.asarray(self.colours.shallow(flattened(self.image.crop(box[:4]))))


class DeepRaster:
    depth = np.uint16

    def __init__(self, stored: Pixels, claim: Claim, colours: Colours) -> None:
        self.stored = stored
        self.claim = claim
        self.grey = stored.ndim == 2
        self.colours = colours

    def rows(self, box: Box) -> Pixels:
        band = self.stored[box.top : box.bottom, box.left : box.right]
        return self.colours.deep(_flattened_deep(band, self.claim))


def _plain_mode(mode: str) -> str:
    if mode in GREY_MODES:
        return "L"
    return mode if mode in {"CMYK", "LAB"} else "RGB"


def flattened(image: Image.Image) -> Image.Image:
    """In RGB, L, CMYK or LAB; what was transparent is white."""
    if image.mode in ALPHA_MODES or (
        image.mode == "P" and "transparency" in image.info
    ):
        grey = image.mode in GREY_MODES
        image = image.convert("LA" if grey else "RGBA")
        paper = Image.new("L" if grey else "RGB", image.size, "white")
        paper.paste(image.convert(paper.mode), mask=image.getchannel("A"))
        return paper
    plain = _plain_mode(image.mode)
    return image if image.mode == plain else image.convert(plain)


def _flattened_deep(band: Pixels, claim: Claim) -> Pixels:
    """From OpenCV's blue, green, red, alpha to red, green, blue on white."""
    if band.ndim == 2:
        return 65535 - band if claim.inverted else band
    colour = band[..., 2::-1]
    if band.shape[2] < 4 or claim.alpha not in {UNASSOCIATED, ASSOCIATED}:
        return np.ascontiguousarray(colour)
    alpha = band[..., 3:].astype(np.float32) / 65535
    ink = colour.astype(np.float32)
    if claim.alpha == UNASSOCIATED:
        ink *= alpha
    return np.rint(ink + (1 - alpha) * 65535).clip(0, 65535).astype(np.uint16)


@contextmanager
def decoded(source: Source, page: int) -> Iterator[tuple[Image.Image, Raster]]:
    """The page, decoded, and the open image that tells of it."""
    claim = source.page(page)
    with opened(source, page) as image:
        deep = read_deep(source, claim) if claim.bits == 16 else None
        if deep is None:
            image.load()
            yield image, ShallowRaster(image)
        else:
            mode = "L" if deep.ndim == 2 else "RGB"
            yield image, DeepRaster(deep, claim, colours_of(image, mode))


def read_deep(source: Source, claim: Claim) -> Pixels | None:
    """uint16 as stored, (h,w) or (h,w,3 or 4); None if OpenCV has no 16 bits for it.

    Pillow reduces 16-bit colour to 8 bits without a word.
    """
    marked = claim.orientation_place
    bytes_at_hand = without_orientation(source, claim) if marked else source.data
    data = np.frombuffer(bytes_at_hand, np.uint8)
    if source.format is Format.TIFF:
        pages = (claim.directory, claim.directory + 1)
        _, found = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=pages)
        stored = found[0] if found else None
    else:
        stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16:
        return None
    if stored.shape[:2] != (claim.height, claim.width):
        raise BadPicture("broken", detail="not the declared size")
    return stored


def read_pixels(
    source: Source, page: int, crop: Box | None, allocate: Allocate
) -> Pixels:
    """The upright page, or the part `crop` of it, in an array that `allocate` makes."""
    with decoded(source, page) as (image, raster):
        orientation = orientation_of(image, source, page)
        width, height = upright_size(image.width, image.height, orientation)
        if crop and crop.angle:
            return _straightened(raster, orientation, (width, height), crop, allocate)
        box = within(crop, width, height)
        size = (box.bottom - box.top, box.right - box.left)
        upright = allocate(size if raster.grey else (*size, 3), raster.depth)
        stored = stored_box(box, width, height, orientation)
        _fill(stored_view(upright, orientation), raster, stored)
    return upright


def _straightened(
    raster: Raster,
    orientation: int,
    page: tuple[int, int],
    crop: Box,
    allocate: Allocate,
) -> Pixels:
    def piece(box: Box) -> Pixels:
        shape = (box.height, box.width) if raster.grey else (box.height, box.width, 3)
        part = np.empty(shape, raster.depth)
        stored = stored_box(box, *page, orientation)
        stored_view(part, orientation)[...] = raster.rows(stored)
        return part

    size = (crop.height, crop.width)
    upright = allocate(size if raster.grey else (*size, 3), raster.depth)
    straighten(upright, piece, page, crop.middle, crop.angle)
    return upright


def _fill(view: Pixels, raster: Raster, box: Box) -> None:
    """Band by band, so that no second copy of the whole page is held."""
    step = max(1, BAND_PIXELS // (box.right - box.left))
    for top in range(box.top, box.bottom, step):
        bottom = min(top + step, box.bottom)
        band = Box(box.left, top, box.right, bottom)
        view[top - box.top : bottom - box.top] = raster.rows(band)


def within(crop: Box | None, width: int, height: int) -> Box:
    """`crop` cut to the page; ValueError when nothing is left of it."""
    if crop is None:
        return Box(0, 0, width, height)
    box = Box(
        max(0, crop.left),
        max(0, crop.top),
        min(width, crop.right),
        min(height, crop.bottom),
    )
    if box.left >= box.right or box.top >= box.bottom:
        raise ValueError("the crop box lies outside the page")
    return box


def in_memory(shape: tuple[int, ...], depth: type[np.unsignedinteger[Any]]) -> Pixels:
    return np.empty(shape, depth)


def to_shallow(pixels: Pixels) -> Pixels:
    """8 bits, rounded; the same array if it has 8 already."""
    if pixels.dtype == np.uint8:
        return pixels
    shallow = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), 256):
        band = pixels[top : top + 256].astype(np.uint32)
        shallow[top : top + 256] = (band + 128) // 257
    return shallow
