"""What a picture's file holds beside the picture, read from its own structure: no reader
of metadata knows all the places where something may hide."""

from __future__ import annotations

import re
from collections.abc import Iterator

# How the picture is coded, and which colours are meant.
JPEG_CODING = {0xC4, 0xDA, 0xDB, 0xDD, *(set(range(0xC0, 0xD0)) - {0xC8})}
JPEG_TOLD = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
PNG_CODING = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sBIT", b"pHYs"}
PNG_COLOURS = {b"gAMA", b"cHRM", b"sRGB", b"iCCP"}
WEBP_CODING = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"}
SCAN, END = 0xDA, 0xD9
# Within a scan, 0xff stands before what is no marker of a segment.
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
PNG_HEAD, RIFF_HEAD = 8, 12


def beside_the_picture(data: bytes) -> list[str]:
    """Names of all parts of a JPEG, PNG or WebP that say something else; also where
    something stands behind the end."""
    if data.startswith(b"\xff\xd8"):
        return list(_in_jpeg(data))
    if data.startswith(b"\x89PNG"):
        return list(_in_png(data))
    if data.startswith(b"RIFF"):
        return list(_in_webp(data))
    return ["another format"]


def _in_jpeg(data: bytes) -> Iterator[str]:
    at = 2
    while at + 2 <= len(data):
        kind = data[at + 1]
        if kind == END:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        begins = JPEG_TOLD.get(kind)
        is_told = begins is not None and data[at + 4 :].startswith(begins)
        if kind not in JPEG_CODING and not is_told:
            yield f"a segment {kind:02x}"
        at += 2 + length
        if kind == SCAN:
            found = MARKER.search(data, at)
            at = found.start() if found else len(data)
    yield from _tail(data, at + 2)


def _in_png(data: bytes) -> Iterator[str]:
    at, kind = PNG_HEAD, b""
    while at < len(data) and kind != b"IEND":
        kind = data[at + 4 : at + 8]
        if kind not in PNG_CODING | PNG_COLOURS:
            yield f"a chunk {kind!r}"
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    yield from _tail(data, at)


def _in_webp(data: bytes) -> Iterator[str]:
    at = RIFF_HEAD
    end = 8 + int.from_bytes(data[4:8], "little")
    while at < end:
        kind = data[at : at + 4]
        if kind not in WEBP_CODING:
            yield f"a chunk {kind!r}"
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    yield from _tail(data, end)


def _tail(data: bytes, end: int) -> Iterator[str]:
    if end != len(data):
        yield f"{len(data) - end} bytes behind its end"
