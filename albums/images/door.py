"""What the rest of the house calls. All decoding and encoding is done by the helper."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albums.images.declared import read_declared
from albums.images.helper import helper
from albums.images.pictures import Box, Encoded, Format, Page, Picture, Sendable
from albums.images.verdict import refuse_by_claims, refuse_by_size
from albums.images.wire import Request

if TYPE_CHECKING:
    from numpy.typing import NDArray

WRITABLE = frozenset({Format.JPEG, Format.PNG, Format.WEBP})
# Below this no picture fits, whatever is done to it.
LEAST_BYTES = 16_384


def check_head(head: bytes, size: int) -> Format:
    """The real format of a file of `size` bytes that begins with `head`.

    Nothing is decoded. BadPicture for what is not taken in, as far as the head tells.
    """
    refuse_by_size(size)
    declared = read_declared(io.BytesIO(head))
    refuse_by_claims(declared, size)
    return declared.format


def inspect(path: Path) -> Picture:
    """What the file holds, after every page was decoded. BadPicture with the reason."""
    answer = helper.ask(Request("inspect", str(path.absolute())))
    pages = tuple(
        Page(number, page.width, page.height, page.bits, page.grey)
        for number, page in enumerate(answer.pages)
    )
    return Picture(Format(answer.format), answer.size, pages, answer.lossless)


def make_renditions(
    path: Path,
    *,
    page: int = 0,
    crop: Box | None = None,
    targets: Mapping[int, Path],
) -> None:
    """Write one JPEG for each longest side in pixels, upright, sRGB, no metadata.

    Smaller pages are not enlarged. Each file appears whole or not at all.
    """
    with _parts(targets.values()) as parts:
        outputs = {side: str(parts[target]) for side, target in targets.items()}
        helper.ask(Request("renditions", str(path.absolute()), page, crop, outputs))


def make_full(
    path: Path, *, page: int = 0, crop: Box | None = None, target: Path
) -> None:
    """Write the page as an upright sRGB JPEG of quality 90 in its own size."""
    with _parts([target]) as parts:
        outputs = {0: str(parts[target])}
        helper.ask(Request("full", str(path.absolute()), page, crop, outputs))


def cut_out(
    path: Path,
    *,
    page: int = 0,
    crop: Box | None = None,
    targets: Mapping[Box, Path],
) -> None:
    """Write a small JPEG of each box, which counts in the upright, cropped page."""
    with _parts(targets.values()) as parts:
        outputs = {n: str(parts[path]) for n, path in enumerate(targets.values())}
        boxes = tuple(targets)
        helper.ask(
            Request("cut", str(path.absolute()), page, crop, outputs, boxes=boxes)
        )


def tint(path: Path, *, ramp: str, layer: int = 0, target: Path) -> None:
    """Write one channel of a picture as a PNG to lay over a photo: coloured by `ramp`
    ("changes", "marks"), transparent where it is black."""
    with _parts([target]) as parts:
        outputs = {0: str(parts[target])}
        asked = Request("tint", str(path.absolute()), outputs=outputs)
        helper.ask(replace(asked, ramp=ramp, layer=layer))


def make_mask(path: Path, into: Path) -> Encoded:
    """Write what a person drew as a mask of our own: a grey PNG, 255 where the drawing
    is light, else 0, synced to the disk. BadPicture with the reason."""
    with _parts([into]) as parts:
        outputs = {0: str(parts[into])}
        answer = helper.ask(Request("mask", str(path.absolute()), outputs=outputs))
    height, width = answer.shape
    return Encoded(Format(answer.format), width, height, answer.size, answer.sha256)


def decode(
    path: Path, *, page: int = 0, crop: Box | None = None, into: Path
) -> NDArray[Any]:
    """The upright page in sRGB, on white: uint8, or uint16 for a 16-bit page.

    (h,w) for grey, (h,w,3) else: a read-only view of the raw file `into`, which the
    caller removes when done.
    """
    import numpy as np  # noqa: PLC0415  # only the engine's processes hold pixels

    with _parts([into]) as parts:
        outputs = {0: str(parts[into])}
        request = Request("decode", str(path.absolute()), page, crop, outputs)
        answer = helper.ask(request)
    depth = np.uint16 if answer.deep else np.uint8
    return np.memmap(into, depth, "r", shape=answer.shape)


def encode(picture: NDArray[Any], path: Path, *, lossless: bool) -> Encoded:
    """Write sRGB pixels, uint8 or uint16, (h,w) or (h,w,3), and sync them to the disk.

    PNG if lossless or of 16 bits, else JPEG of quality 95 with full colour resolution.
    """
    if picture.dtype.name not in {"uint8", "uint16"}:
        raise ValueError("only 8 and 16 bits can be written")
    with _parts([path, path.with_name(path.name + ".raw")]) as parts:
        written, raw = parts.values()
        picture.tofile(raw)
        answer = helper.ask(
            Request(
                "encode",
                str(raw.absolute()),
                outputs={0: str(written)},
                shape=picture.shape,
                deep=picture.dtype.name == "uint16",
                lossless=lossless,
            )
        )
        raw.unlink()
    height, width = picture.shape[:2]
    return Encoded(Format(answer.format), width, height, answer.size, answer.sha256)


def sendable(
    path: Path,
    *,
    page: int = 0,
    crop: Box | None = None,
    formats: Sequence[Format],
    max_bytes: int | None,
    max_width: int | None,
    max_height: int | None,
    into: Path,
) -> Sendable:
    """Write the copy that leaves the house: upright, sRGB, no metadata, within limits.

    Lossless pages stay lossless where PNG is among `formats` and the limit allows it.
    An upright JPEG within the limits keeps its coded picture bit for bit.
    """
    if not WRITABLE & set(formats):
        raise ValueError("none of the formats can be written")
    if max_bytes is not None and max_bytes < LEAST_BYTES:
        raise ValueError("no picture fits into so few bytes")
    with _parts([into]) as parts:
        answer = helper.ask(
            Request(
                "send",
                str(path.absolute()),
                page,
                crop,
                {0: str(parts[into])},
                formats=tuple(formats),
                max_bytes=max_bytes,
                max_width=max_width,
                max_height=max_height,
            )
        )
    height, width = answer.shape[:2]
    return Sendable(Format(answer.format), width, height, answer.size, answer.scaled)


@contextmanager
def _parts(targets: Iterable[Path]) -> Iterator[dict[Path, Path]]:
    """A name beside each target to write to, renamed at the end if all went well."""
    token = secrets.token_hex(4)
    parts = {
        target: target.absolute().with_name(f"{target.name}.{os.getpid()}-{token}.part")
        for target in targets
    }
    try:
        yield parts
        for target, part in parts.items():
            if part.exists():
                part.replace(target)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
