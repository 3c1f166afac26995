"""Pictures drawn for these tests, and profiles that scanners and printers use."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Pixels = NDArray[Any]


@cache
def scene(width: int = 240, height: int = 160) -> Pixels:
    """Smooth colours without any symmetry, so that a wrong turn shows."""
    across = np.linspace(0, 1, width)[np.newaxis, :]
    down = np.linspace(0, 1, height)[:, np.newaxis]
    red = 40 + 180 * across + 0 * down
    green = 60 + 140 * down + 0 * across
    blue = 200 - 150 * across * down
    pixels = np.stack([red, green, blue], axis=-1).round().astype(np.uint8)
    pixels.setflags(write=False)
    return pixels


def deep_ramp(width: int = 512, height: int = 32) -> Pixels:
    """16-bit grey, every column a tone of its own."""
    tones = np.linspace(1000, 64000, width).round().astype(np.uint16)
    return np.repeat(tones[np.newaxis], height, axis=0)


def saved(path: Path, pixels: Pixels | Image.Image, **options: Any) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def exif(orientation: int, **texts: str) -> Image.Exif:
    notes = Image.Exif()
    notes[0x112] = orientation
    notes[0x10E] = "grandmother's house"
    notes.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0)})
    return notes


def png_chunk(name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + check


def png(width: int, height: int, bits: int, colour: int, *chunks: bytes) -> bytes:
    """A PNG of these dimensions with the chunks given, pixel data among them."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", png_chunk(b"IHDR", header), *chunks]
    return b"".join([*parts, png_chunk(b"IEND", b"")])


def jpeg_bytes(pixels: Pixels, **options: Any) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **{"quality": 90} | options)
    return out.getvalue()


@cache
def scan_bomb(scans: int = 1000, width: int = 4000, height: int = 3000) -> bytes:
    """A valid progressive JPEG that goes over the whole picture again and again.

    Each scan refines the finest detail of all blocks by nothing, in a few bytes.
    """
    grey = np.full((height, width), 128, np.uint8)
    whole = jpeg_bytes(grey, progressive=True)
    # One code, a single 0: "end of band for 2^14 blocks and as many as 14 bits say".
    table = b"\xff\xc4\x00\x14\x10" + b"\1" + bytes(15) + b"\xe0"
    blocks = (-(-width // 8)) * (-(-height // 8))
    bits = "011111111111111" * (-(-blocks // 32767))
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda\x00\x08\1\1\x00\x01\x3f\x10" + coded
    return whole[:-2] + table + scan * scans + whole[-2:]


def display_p3() -> bytes:
    """sRGB's profile with the primaries of Display P3."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    data = bytearray(profile.tobytes())
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    (count,) = struct.unpack_from(">I", data, 128)
    for number in range(count):
        name, place, _ = struct.unpack_from(">4sII", data, 132 + 12 * number)
        if name in primaries:
            fixed = [round(value * 65536) for value in primaries[name]]
            struct.pack_into(">3i", data, place + 8, *fixed)
    return bytes(data).replace("sRGB".encode("utf-16-be"), "P3 P".encode("utf-16-be"))


def pale_press() -> bytes:
    """A CMYK profile of a press whose full black is only a middle grey.

    ICC.1:2001 6.5.7, lut8Type with two grid points for each ink, to CIELAB.
    """
    straight = bytes(range(256))
    grid = bytearray()
    for corner in range(16):
        cyan, magenta, yellow, black = (corner >> shift & 1 for shift in (3, 2, 1, 0))
        light = 255 - 40 * (cyan + magenta + yellow) - 128 * black
        grid += bytes([max(0, light), 128, 128])
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0\4\3\2\0" + matrix + straight * 4 + grid + straight * 3
    texts = {
        b"desc": b"desc\0\0\0\0\0\0\0\x0bpale press\0" + bytes(80),
        b"cprt": b"text\0\0\0\0CC0\0",
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"A2B0": table,
    }
    return _profile(b"prtr", b"CMYK", b"Lab ", texts)


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    index, body = b"", b""
    start = 132 + 12 * len(tags)
    for name, tag in tags.items():
        padded = tag + bytes(-len(tag) % 4)
        index += struct.pack(">4sII", name, start + len(body), len(tag))
        body += padded
    head = bytearray(128)
    struct.pack_into(">I", head, 0, start + len(body))
    head[8:12] = b"\2\x20\0\0"
    head[12:16], head[16:20], head[20:24] = kind, space, pcs
    head[36:40] = b"acsp"
    struct.pack_into(">3i", head, 68, 63190, 65536, 54061)
    return bytes(head) + struct.pack(">I", len(tags)) + index + body
