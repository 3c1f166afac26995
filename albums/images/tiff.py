"""The pages that a TIFF says it has: a walk along its directories, nothing decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from albums.images.pictures import MAX_PAGES
from albums.images.refusals import BadPicture

# Previews and masks count as directories, not as pages.
MAX_DIRECTORIES = 4 * MAX_PAGES
MAX_ENTRIES = 4096
MAX_VALUES = 1 << 18

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
ORIENTATION, CHANNELS, STRIPS, PLANAR, TILES, EXTRA = 274, 277, 279, 284, 325, 338
SAMPLE_FORMAT, DNG = 339, 50706
WANTED = frozenset(
    {SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, CHANNELS}
    | {STRIPS, PLANAR, TILES, EXTRA, SAMPLE_FORMAT, DNG}
)
TYPES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
SHORT = 3
PREVIEW_OR_MASK = 1 | 4
GREY_OR_RGB = frozenset({0, 1, 2})
LOSSY = frozenset({6, 7, 34712, 34892})
DEPTHS = frozenset({1, 2, 4, 8, 16})
FLOAT = 3
SEPARATE = 2


@dataclass(frozen=True)
class Claim:
    """What one page says of itself, as it lies in the file: not yet upright.

    The rest is of TIFF only: `directory`, `stored` (bytes of pixel data), `alpha` (what
    TIFF calls extra samples: 0 is a channel that is not part of the picture, such as
    infrared), `orientation`, and where in the file its value lies.
    """

    width: int
    height: int
    bits: int
    channels: int
    lossless: bool = False
    directory: int = 0
    stored: int = 0
    alpha: int = 2
    inverted: bool = False
    orientation: int = 1
    orientation_place: int = 0


@dataclass(frozen=True)
class Layout:
    order: str
    big: bool

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    @property
    def offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))


Tags = dict[int, tuple[int, ...]]


def read_tiff(stream: BinaryIO) -> Iterator[Claim]:
    """Every picture in the file; previews and masks are left out."""
    for number, tags in enumerate(_directories(stream)):
        if DNG in tags:
            raise BadPicture("unsupported", {"kind": "raw"})
        if not tags.get(SUBFILE, (0,))[0] & PREVIEW_OR_MASK:
            yield _claim(number, tags)


def _directories(stream: BinaryIO) -> Iterator[Tags]:
    layout, position = _read_header(stream)
    seen: set[int] = set()
    values = 0
    while position and position not in seen:
        if len(seen) == MAX_DIRECTORIES:
            raise BadPicture("too_many_pages")
        seen.add(position)
        tags, position = _read_directory(stream, layout, position)
        values += sum(map(len, tags.values()))
        if values > MAX_VALUES:
            raise BadPicture("bomb", detail="directories too long")
        yield tags


def _read_header(stream: BinaryIO) -> tuple[Layout, int]:
    stream.seek(0)
    head = stream.read(16)
    layout = Layout("<" if head[:1] == b"I" else ">", b"+" in head[2:4])
    return layout, layout.offset.unpack_from(head, 8 if layout.big else 4)[0]


def _read_directory(
    stream: BinaryIO, layout: Layout, position: int
) -> tuple[Tags, int]:
    stream.seek(position)
    (count,) = layout.count.unpack(stream.read(layout.count.size))
    if count > MAX_ENTRIES:
        raise BadPicture("broken", detail="directory too long")
    entries = stream.read(count * layout.entry.size)
    (following,) = layout.offset.unpack(stream.read(layout.offset.size))
    tags: Tags = {}
    place = position + layout.count.size
    for tag, kind, number, field in layout.entry.iter_unpack(entries):
        place += layout.entry.size
        if tag in WANTED - tags.keys() and kind in TYPES and number:
            tags[tag] = _values(stream, layout, kind, number, field)
            if tag == ORIENTATION and kind == SHORT:
                tags[tag] = (tags[tag][0], place - len(field))
    return tags, following


def _values(
    stream: BinaryIO, layout: Layout, kind: int, number: int, field: bytes
) -> tuple[int, ...]:
    if number > MAX_VALUES:
        raise BadPicture("broken", detail="directory entry too long")
    values = struct.Struct(f"{layout.order}{number}{TYPES[kind]}")
    if values.size <= len(field):
        return values.unpack_from(field)
    stream.seek(layout.offset.unpack(field)[0])
    return values.unpack(stream.read(values.size))


def _claim(number: int, tags: Tags) -> Claim:
    bits = max(tags.get(BITS, (1,)))
    channels = tags.get(CHANNELS, (1,))[0]
    if bits not in DEPTHS or FLOAT in tags.get(SAMPLE_FORMAT, ()):
        raise BadPicture("unsupported", {"kind": "depth"})
    if bits == 16 and channels > 1 and tags.get(PLANAR) == (SEPARATE,):
        raise BadPicture("unsupported", {"kind": "planes"})
    photometric = tags.get(PHOTOMETRIC, (1,))[0]
    orientation, place = (*tags.get(ORIENTATION, ()), 1, 0)[:2]
    return Claim(
        width=tags.get(WIDTH, (0,))[0],
        height=tags.get(HEIGHT, (0,))[0],
        bits=16 if bits == 16 and photometric in GREY_OR_RGB else 8,
        channels=channels,
        lossless=tags.get(COMPRESSION, (1,))[0] not in LOSSY,
        directory=number,
        stored=sum(tags.get(STRIPS, ())) + sum(tags.get(TILES, ())),
        alpha=tags.get(EXTRA, (0,))[0],
        inverted=photometric == 0,
        orientation=orientation,
        orientation_place=place,
    )
