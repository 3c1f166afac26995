"""What the sandbox gives back as a restored picture, and what only looks like one."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageOps


def restored(data: bytes) -> bytes:
    """The photo with its contrast stretched, so that one sees that something came."""
    with Image.open(BytesIO(data)) as picture:
        better = ImageOps.autocontrast(picture.convert("RGB"))
    out = BytesIO()
    better.save(out, "JPEG", quality=90)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of 30,000 x 30,000 pixels in less than 200 kB."""
    side = 30_000
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", packed)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum
