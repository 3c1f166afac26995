"""Opening a picture file with Pillow, after what it declares was judged."""

from __future__ import annotations

import io
import mmap
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from albums.images.declared import Declared, read_declared
from albums.images.pictures import Format
from albums.images.refusals import BadPicture
from albums.images.tiff import Claim
from albums.images.verdict import refuse_by_claims, refuse_by_size

# A progressive JPEG has about ten; each costs a pass over the whole picture.
MAX_SCANS = 64
SCAN = re.compile(rb"\xff\xda")
AFTER_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")
END_OF_IMAGE = 0xD9
START_OF_SCAN = 0xDA

PILLOW_NAMES = {
    Format.JPEG: "JPEG",
    Format.PNG: "PNG",
    Format.WEBP: "WEBP",
    Format.TIFF: "TIFF",
    Format.HEIC: "HEIF",
}
EXIF_ORIENTATION = 0x112


@dataclass(frozen=True)
class Source:
    """A file that was judged by what it declares; `data` are its bytes, not copied."""

    path: Path
    data: mmap.mmap
    declared: Declared

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def format(self) -> Format:
        return self.declared.format

    def page(self, number: int) -> Claim:
        return self.declared.pages[number]


def look_at(path: Path) -> Source:
    """Judge a file by its bytes alone. BadPicture when it breaks a limit."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        refuse_by_size(size)
        declared = read_declared(stream)
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    if not declared.pages:
        raise BadPicture("broken", detail="no page declared")
    refuse_by_claims(declared, size)
    if declared.format is Format.JPEG:
        _refuse_many_scans(data)
    return Source(path, data, declared)


def _refuse_many_scans(data: mmap.mmap) -> None:
    # Two bytes that look like a scan's start also turn up in attached videos and the
    # like, so that only a suspicious file is walked through.
    if len(SCAN.findall(data)) > MAX_SCANS and _scans(data) > MAX_SCANS:
        raise BadPicture("bomb", detail="too many scans")


def _scans(data: mmap.mmap) -> int:
    count = 0
    position = 2
    while found := AFTER_SCAN.search(data, position):
        marker = data[found.start() + 1]
        if marker == END_OF_IMAGE or len(data) < found.end() + 2:
            break
        count += marker == START_OF_SCAN
        (length,) = struct.unpack(">H", data[found.end() : found.end() + 2])
        position = found.end() + length
    return count


@contextmanager
def opened(source: Source, page: int) -> Iterator[Image.Image]:
    """The page as stored, not yet decoded, not turned."""
    claim = source.page(page)
    name = PILLOW_NAMES[source.format]
    with Image.open(_readable(source, claim), formats=[name]) as image:
        if claim.directory:
            image.seek(claim.directory)
        if source.format is Format.TIFF:
            # Pillow would turn the picture by these notes as it decodes.
            image.info.pop("xmp", None)
        if image.width * image.height > claim.width * claim.height:
            raise BadPicture("bomb", detail="larger than declared")
        yield image


def _readable(source: Source, claim: Claim) -> Path | io.BytesIO:
    if claim.orientation_place:
        return io.BytesIO(without_orientation(source, claim))
    return source.path


def without_orientation(source: Source, claim: Claim) -> bytearray:
    """A TIFF's bytes with this page marked as upright.

    Pillow 13 garbles sideways greyscale pages and OpenCV 4.14 fails on sideways ones,
    when left to turn them themselves.
    """
    data = bytearray(source.data)
    order = "<H" if data[:1] == b"I" else ">H"
    struct.pack_into(order, data, claim.orientation_place, 1)
    return data


def orientation_of(image: Image.Image, source: Source, page: int) -> int:
    """1 to 8; whatever is unreadable or unknown counts as upright."""
    if source.format is Format.HEIC:
        # libheif has turned the picture already; its EXIF only repeats that.
        return 1
    if source.format is Format.TIFF:
        found: object = source.page(page).orientation
    else:
        found = _exif_orientation(image)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _exif_orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(EXIF_ORIENTATION)
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return None
