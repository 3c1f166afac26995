"""Files of several pages, and files that are not taken in, made in memory."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.pictures import drawn


def pages_tiff(count: int) -> bytes:
    pages = [Image.open(io.BytesIO(drawn(seed=seed))) for seed in range(count)]
    file = io.BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    return file.getvalue()


def huge_png() -> bytes:
    """Says that it has 169 megapixels; nothing of them is there."""
    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    body = b"IHDR" + header
    chunk = struct.pack(">I", len(header)) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + bytes(400_000)
