"""What a file says of itself, read from its first bytes without decoding anything.

Plain arithmetic on bytes, so that it may run where no limits hold. Sources: JPEG ITU-T
T.81 B.2, PNG 11.2.2, RFC 9649 (WebP), TIFF 6.0 and BigTIFF, ISO/IEC 14496-12 and 23008-12.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from albums.images.pictures import Format
from albums.images.refusals import BadPicture
from albums.images.tiff import Claim, read_tiff

NEEDED = 64
# Files that take more steps than these are not from cameras or scanners.
MAX_STEPS = 4096
MAX_BOXES = 64
MAX_META = 1 << 22

MAGIC = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),
    (b"MM\0+", Format.TIFF),
)
UNSUPPORTED = (
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"\0\0\0\x0cjP  ", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"\xff\x0a", "jpegxl"),
    (b"\0\0\0\x0cJXL ", "jpegxl"),
    (b"8BPS", "photoshop"),
    (b"%!PS", "eps"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
    (b"\0\0\1\0", "icon"),
    (b"IIRO", "raw"),
    (b"IIU\0", "raw"),
    (b"FUJIFILM", "raw"),
)
NOT_PICTURES = (
    (b"%PDF", "pdf"),
    (b"PK\3\4", "zip"),
    (b"\xd0\xcf\x11\xe0", "document"),
    (b"{\\rtf", "document"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\0\0\1\xba", "video"),
    (b"ID3", "sound"),
    (b"OggS", "sound"),
)
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Declared:
    """`pages` is empty where the bytes at hand don't tell yet."""

    format: Format
    pages: tuple[Claim, ...]


def read_declared(stream: BinaryIO) -> Declared:
    """Format and pages of what begins in `stream`; BadPicture for any other kind."""
    head = stream.read(NEEDED)
    found = recognise(head)
    try:
        return Declared(found, tuple(READERS[found](stream)))
    except (struct.error, IndexError):
        return Declared(found, ())


def recognise(head: bytes) -> Format:
    """The format by content. BadPicture names every other kind that is known."""
    for magic, found in MAGIC:
        if head.startswith(magic):
            if head[8:10] == b"CR" and found is Format.TIFF:
                raise BadPicture("unsupported", {"kind": "raw"})
            return found
    if head[:4] == b"RIFF":
        return _recognise_riff(head)
    if head[4:8] == b"ftyp":
        return _recognise_brand(head)
    raise _refusal(head)


def _recognise_riff(head: bytes) -> Format:
    if head[8:12] == b"WEBP":
        return Format.WEBP
    kind = {b"AVI ": "video", b"WAVE": "sound"}.get(head[8:12], "unknown")
    raise BadPicture("not_a_picture", {"kind": kind})


def _recognise_brand(head: bytes) -> Format:
    length = min(struct.unpack(">I", head[:4])[0], NEEDED)
    brands = {head[at : at + 4] for at in (8, *range(16, length, 4))}
    if brands & HEIC_BRANDS:
        return Format.HEIC
    if brands & {b"avif", b"avis"}:
        raise BadPicture("unsupported", {"kind": "avif"})
    if b"crx " in brands:
        raise BadPicture("unsupported", {"kind": "raw"})
    if brands & {b"mif1", b"msf1"}:
        return Format.HEIC
    raise BadPicture("not_a_picture", {"kind": "video"})


def _refusal(head: bytes) -> BadPicture:
    for magic, kind in UNSUPPORTED:
        if head.startswith(magic):
            return BadPicture("unsupported", {"kind": kind})
    for magic, kind in NOT_PICTURES:
        if head.startswith(magic):
            return BadPicture("not_a_picture", {"kind": kind})
    if re.match(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*)?<svg", head):
        return BadPicture("unsupported", {"kind": "svg"})
    if head and not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head):
        return BadPicture("not_a_picture", {"kind": "text"})
    return BadPicture("not_a_picture", {"kind": "unknown"})


def _read_jpeg(stream: BinaryIO) -> Iterator[Claim]:
    stream.seek(2)
    for _ in range(MAX_STEPS):
        marker = _next_marker(stream)
        (length,) = struct.unpack(">H", stream.read(2))
        if marker in JPEG_FRAMES:
            _, height, width, channels = struct.unpack(">BHHB", stream.read(6))
            yield Claim(width, height, 8, channels)
            return
        if marker == 0xDA:
            return
        stream.seek(length - 2, 1)


def _next_marker(stream: BinaryIO) -> int:
    """The next marker's second byte; a few stray bytes before it are skipped."""
    before = 0
    for _ in range(MAX_STEPS):
        byte = stream.read(1)[0]
        if before == 0xFF and byte not in {0, 0xFF}:
            return byte
        before = byte
    raise IndexError("no marker")


def _read_png(stream: BinaryIO) -> Iterator[Claim]:
    stream.seek(16)
    width, height, bits, colour = struct.unpack(">IIBB", stream.read(10))
    channels = PNG_CHANNELS.get(colour, 4)
    yield Claim(width, height, 16 if bits == 16 else 8, channels, lossless=True)


def _read_webp(stream: BinaryIO) -> Iterator[Claim]:
    stream.seek(12)
    head = stream.read(18)
    lossless = head[:4] == b"VP8L"
    if head[:4] == b"VP8X":
        width = int.from_bytes(head[12:15], "little") + 1
        height = int.from_bytes(head[15:18], "little") + 1
        lossless = b"VP8L" in stream.read(1 << 16)
    elif lossless:
        (bits,) = struct.unpack("<I", head[9:13])
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[14:18]))
    yield Claim(width, height, 8, 4, lossless=lossless)


def _read_heic(stream: BinaryIO) -> Iterator[Claim]:
    """The largest extent named in the `meta` box, which is that of the whole picture."""
    extents = re.findall(rb"ispe....(.{8})", _read_meta(stream), re.S)
    sides = [struct.unpack(">II", extent) for extent in extents]
    if sides:
        width, height = max(sides, key=lambda side: side[0] * side[1])
        yield Claim(width, height, 8, 3)


def _read_meta(stream: BinaryIO) -> bytes:
    position = 0
    for _ in range(MAX_BOXES):
        stream.seek(position)
        length, name = struct.unpack(">I4s", stream.read(8))
        if name == b"meta":
            return stream.read(min(length, MAX_META))
        if length == 1:
            (length,) = struct.unpack(">Q", stream.read(8))
        position += max(length, 8)
    return b""


READERS = {
    Format.JPEG: _read_jpeg,
    Format.PNG: _read_png,
    Format.WEBP: _read_webp,
    Format.TIFF: read_tiff,
    Format.HEIC: _read_heic,
}
