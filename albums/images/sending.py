"""The copy that leaves the house: no metadata, changed only as far as limits demand."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from albums.images.encoding import MAX_JPEG_SIDE, write_jpeg, write_png, write_webp
from albums.images.opening import AFTER_SCAN, Source, opened, orientation_of
from albums.images.pictures import Box, Format
from albums.images.pixels import in_memory, read_pixels, to_shallow
from albums.images.refusals import BadPicture
from albums.images.shrinking import fitted, resized

Pixels = NDArray[Any]

QUALITIES = (95, 90, 85, 80)
LONGEST_SIDES = {Format.JPEG: MAX_JPEG_SIDE, Format.WEBP: 16_383}
STEP = 0.8
SMALLEST = 64

JFIF = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
ADOBE = b"Adobe"
ADOBE_LENGTH = 12
# Tables, frame headers and scans; all else in a JPEG is notes.
OF_THE_PICTURE = frozenset(range(0xC0, 0xD0)) | {0xDA, 0xDB, 0xDC, 0xDD}
START_OF_SCAN, END_OF_IMAGE, APP0, APP14 = 0xDA, 0xD9, 0xE0, 0xEE


@dataclass(frozen=True)
class Limits:
    formats: tuple[Format, ...]
    max_bytes: int | None
    max_width: int | None
    max_height: int | None

    def factor(self, width: int, height: int) -> float:
        wide = self.max_width / width if self.max_width else 1.0
        high = self.max_height / height if self.max_height else 1.0
        return min(1.0, wide, high)

    def allow(self, size: int) -> bool:
        return self.max_bytes is None or size <= self.max_bytes


@dataclass(frozen=True)
class Copy:
    format: Format
    shape: tuple[int, ...]
    size: int
    scaled: bool


def write_sendable(
    source: Source, page: int, crop: Box | None, limits: Limits, path: Path
) -> Copy:
    """`path` holds the best copy that keeps to `limits`."""
    if crop is None and Format.JPEG in limits.formats:
        copy = _write_stripped(source, limits, path)
        if copy:
            return copy
    pixels = to_shallow(read_pixels(source, page, crop, in_memory))
    return _write_fitting(pixels, source.page(page).lossless, limits, path)


def _write_fitting(pixels: Pixels, lossless: bool, limits: Limits, path: Path) -> Copy:
    height, width = pixels.shape[:2]
    smaller = resized(pixels, limits.factor(width, height))
    while max(smaller.shape[:2]) >= min(SMALLEST, width, height):
        for chosen, quality in _attempts(lossless, limits.formats):
            tried = fitted(smaller, LONGEST_SIDES.get(chosen, max(width, height)))
            _write(tried, chosen, quality, path)
            size = path.stat().st_size
            if limits.allow(size):
                scaled = tried.shape != pixels.shape
                return Copy(chosen, tried.shape, size, scaled)
        smaller = resized(smaller, STEP)
    raise BadPicture("broken", detail="no copy fits the limits")


def _attempts(
    lossless: bool, formats: Sequence[Format]
) -> Iterator[tuple[Format, int]]:
    lossy = [found for found in (Format.JPEG, Format.WEBP) if found in formats]
    if Format.PNG in formats and (lossless or not lossy):
        yield Format.PNG, 0
    for found in lossy[:1]:
        for quality in QUALITIES:
            yield found, quality


def _write(pixels: Pixels, chosen: Format, quality: int, path: Path) -> None:
    if chosen is Format.PNG:
        write_png(pixels, path)
    elif chosen is Format.WEBP:
        write_webp(pixels, path, quality=quality)
    else:
        write_jpeg(pixels, path, quality=quality)


def _write_stripped(source: Source, limits: Limits, path: Path) -> Copy | None:
    """A JPEG that is upright and in sRGB keeps its coded picture, bit for bit."""
    claim = source.page(0)
    if source.format is not Format.JPEG or claim.channels not in {1, 3}:
        return None
    with opened(source, 0) as image:
        upright = orientation_of(image, source, 0) == 1
        if not upright or "icc_profile" in image.info:
            return None
    if limits.factor(claim.width, claim.height) < 1:
        return None
    bare = without_notes(source.data)
    if not limits.allow(len(bare)):
        return None
    path.write_bytes(bare)
    return Copy(Format.JPEG, (claim.height, claim.width), len(bare), scaled=False)


def without_notes(data: mmap.mmap | bytes) -> bytes:
    """A JPEG's first picture without application data, comments and what follows it."""
    kept = [b"\xff\xd8"]
    position = 2
    while found := AFTER_SCAN.search(data, position):
        start, marker = found.start(), data[found.start() + 1]
        if marker == END_OF_IMAGE:
            break
        (length,) = struct.unpack_from(">H", data, start + 2)
        end = start + 2 + length
        if marker == START_OF_SCAN:
            following = AFTER_SCAN.search(data, end)
            end = following.start() if following else len(data)
        kept.append(_kept(marker, data[start:end]))
        position = end
    return b"".join([*kept, b"\xff\xd9"])


def _kept(marker: int, segment: bytes) -> bytes:
    if marker in OF_THE_PICTURE:
        return segment
    if marker == APP0 and segment[4:8] == b"JFIF":
        return JFIF
    if marker == APP14 and segment[4:9] == ADOBE:
        # How the colours are coded; nothing may hide behind it.
        body = segment[4 : 4 + ADOBE_LENGTH]
        return b"\xff\xee" + struct.pack(">H", 2 + len(body)) + body
    return b""
