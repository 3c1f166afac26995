"""The words of this room: what is taken in, what is known of it, what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MAX_BYTES = 100 * 1024 * 1024
MAX_PIXELS = 150_000_000
# All pages of one file together.
MAX_PIXELS_OF_ALL_PAGES = 1_500_000_000
MAX_PAGES = 200


class Format(StrEnum):
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    HEIC = "heic"

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        return {"jpeg": ".jpg", "tiff": ".tif"}.get(self.value, f".{self.value}")


class Box(NamedTuple):
    """A part of a page, in its upright pixels; right and bottom are outside. A print
    that lies aslant is a box turned about its middle, `angle` degrees clockwise: its
    corners may then be counted beyond the page."""

    left: int
    top: int
    right: int
    bottom: int
    angle: float = 0.0

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Page:
    """One picture of a file; `width` and `height` are those of the upright picture.

    `number` counts pictures from 0: small previews and masks, which some scanners
    store as pages of their own, are not counted.
    """

    number: int
    width: int
    height: int
    bits: int
    grey: bool


@dataclass(frozen=True)
class Picture:
    format: Format
    size: int
    pages: tuple[Page, ...]
    lossless: bool

    @property
    def media_type(self) -> str:
        return self.format.media_type

    @property
    def extension(self) -> str:
        return self.format.extension


@dataclass(frozen=True)
class Encoded:
    format: Format
    width: int
    height: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Sendable:
    """The copy that leaves the house; `scaled` when it has fewer pixels than the page."""

    format: Format
    width: int
    height: int
    size: int
    scaled: bool
