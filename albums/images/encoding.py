"""Writing pictures. Every writer starts from bare pixels: no metadata can come along."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from albums.images.colour import srgb_tag

Pixels = NDArray[Any]
# JPEG's own limit (T.81 B.2.2), less what libjpeg keeps back.
MAX_JPEG_SIDE = 65_500
PNG_LEVEL = 4


def write_small_jpeg(pixels: Pixels, path: Path, *, quality: int) -> None:
    """uint8 in OpenCV's order; for renditions, where speed counts."""
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    path.write_bytes(data.tobytes())


def write_jpeg(pixels: Pixels, path: Path, *, quality: int) -> None:
    """uint8 sRGB, colours at full resolution from quality 95 on, tagged as sRGB."""
    Image.fromarray(pixels).save(
        path,
        "JPEG",
        quality=quality,
        subsampling=0 if quality >= 95 else 2,
        # sRGB's profile is of colour and does not fit grey pixels.
        icc_profile=srgb_tag() if pixels.ndim == 3 else None,
    )


def write_png(pixels: Pixels, path: Path) -> None:
    """uint8 or uint16."""
    if pixels.dtype == np.uint16 and pixels.ndim == 3:
        turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        options = [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL]
        _, data = cv2.imencode(".png", turned, options)
        path.write_bytes(data.tobytes())
        return
    note = PngInfo()
    note.add(b"sRGB", b"\0")
    image = Image.fromarray(pixels)
    image.save(path, "PNG", pnginfo=note, compress_level=PNG_LEVEL)


def write_webp(pixels: Pixels, path: Path, *, quality: int) -> None:
    Image.fromarray(pixels).save(path, "WEBP", quality=quality, method=4)


def sync(path: Path) -> str:
    """Bring what was written to the disk; its SHA-256 in hexadecimal."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()
