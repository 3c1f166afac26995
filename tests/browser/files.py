"""Files as people have them, drawn in memory, for Playwright's file pickers."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image
from playwright.sync_api import FilePayload

from tests.pictures import drawn

KINDS = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".heic": "image/heic",
}


def payload(name: str, content: bytes) -> FilePayload:
    kind = KINDS.get(Path(name).suffix, "application/octet-stream")
    return {"name": name, "mimeType": kind, "buffer": content}


def photo(name: str, *, seed: int = 0) -> FilePayload:
    return payload(name, drawn(seed=seed))


def twelve_files() -> list[FilePayload]:
    """One of each kind that is taken in; the last two broken, and there already."""
    first = drawn(640, 480, seed=1)
    return [
        payload("01 veranda.jpg", first),
        payload("02 wedding.jpg", drawn(480, 640, seed=2)),
        payload("03 grey.jpg", _saved(_grey(seed=3), "JPEG")),
        payload("04 card.png", drawn(seed=4, format="PNG")),
        payload("05 deep grey.png", _saved(_deep_grey(), "PNG")),
        payload("06 see-through.png", _saved(_see_through(), "PNG")),
        payload("07 web.webp", drawn(seed=7, format="WEBP")),
        payload("08 scan.tif", drawn(seed=8, format="TIFF")),
        payload("09 two pages.tif", _two_pages()),
        payload("10 phone.heic", _heic()),
        payload("11 broken.jpg", first[: len(first) // 2]),
        payload("12 again.jpg", first),
    ]


def _opened(seed: int) -> Image.Image:
    return Image.open(io.BytesIO(drawn(seed=seed, format="PNG")))


def _saved(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def _grey(seed: int) -> Image.Image:
    return _opened(seed).convert("L")


def _deep_grey() -> Image.Image:
    ramp = np.linspace(2000, 60000, 320).astype(np.uint16)
    return Image.fromarray(np.repeat(ramp[np.newaxis], 240, axis=0))


def _see_through() -> Image.Image:
    picture = _opened(6).convert("RGBA")
    picture.putalpha(180)
    return picture


def _two_pages() -> bytes:
    file = io.BytesIO()
    _opened(9).save(file, "TIFF", save_all=True, append_images=[_opened(90)])
    return file.getvalue()


def _heic() -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(_opened(10)).save(file, quality=80)
    return file.getvalue()
