"""What the limited child does for one request."""

from __future__ import annotations

import importlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms

from albums.images.encoding import (
    MAX_JPEG_SIDE,
    sync,
    write_jpeg,
    write_png,
)
from albums.images.inspection import inspect_pages
from albums.images.limits import (
    Budget,
    believable,
    budget_for,
    keep_within,
    start_within,
)
from albums.images.opening import Source, look_at
from albums.images.overlays import as_mask, write_tinted
from albums.images.pictures import Format
from albums.images.pixels import in_memory, read_pixels, to_shallow
from albums.images.sending import Limits, write_sendable
from albums.images.shrinking import fitted, write_parts, write_renditions
from albums.images.wire import Answer, Request

Pixels = NDArray[Any]

# What decoders raise when a picture makes no sense to them.
DECODER_ERRORS = (
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    struct.error,
    cv2.error,
    ImageCms.PyCMSError,
    Image.DecompressionBombError,
)
# Beside Pillow's first few; all it has would only make every fork dearer.
PLUGINS = ("MpoImagePlugin", "TiffImagePlugin", "WebPImagePlugin")
# CPU seconds that a megapixel may take on a slow machine, here and in WORK.
INSPECTION_SECONDS = 0.15
INSPECTION_SECONDS_OF_HEIC = 0.4
ENCODING_SECONDS = 2.0
FULL_QUALITY = 90
BEST_QUALITY = 95


def prepare() -> None:
    """Once, before the first child: what all of them need."""
    # Our own limits are stricter, and are checked before Pillow sees the file.
    Image.MAX_IMAGE_PIXELS = None
    Image.preinit()
    for plugin in PLUGINS:
        importlib.import_module(f"PIL.{plugin}")
    cv2.setNumThreads(1)
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener()


def perform(request: Request) -> Answer:
    start_within()
    if request.work == "encode":
        return _encode(request)
    source = look_at(Path(request.path))
    if request.work == "inspect":
        keep_within(_budget_of_inspection(source))
        return _inspect(source)
    work, seconds = WORK[request.work]
    claim = source.page(request.page)
    pixels = claim.width * claim.height
    keep_within(
        budget_for(
            largest=pixels,
            together=pixels,
            size=source.size,
            seconds_per_megapixel=seconds,
        )
    )
    return work(source, request)


def _budget_of_inspection(source: Source) -> Budget:
    pixels = [page.width * page.height for page in source.declared.pages]
    heic = source.format is Format.HEIC
    return budget_for(
        largest=max(pixels),
        together=believable(sum(pixels), source.size),
        size=source.size,
        seconds_per_megapixel=INSPECTION_SECONDS_OF_HEIC
        if heic
        else INSPECTION_SECONDS,
    )


def _inspect(source: Source) -> Answer:
    lossless = all(page.lossless for page in source.declared.pages)
    pages = tuple(inspect_pages(source))
    return Answer(
        format=source.format, size=source.size, pages=pages, lossless=lossless
    )


def _make_renditions(source: Source, request: Request) -> Answer:
    targets = {side: Path(path) for side, path in request.outputs.items()}
    write_renditions(source, request.page, request.crop, targets)
    return Answer(format=Format.JPEG)


def _make_full(source: Source, request: Request) -> Answer:
    pixels = to_shallow(read_pixels(source, request.page, request.crop, in_memory))
    pixels = fitted(pixels, MAX_JPEG_SIDE)
    write_jpeg(pixels, Path(request.outputs[0]), quality=FULL_QUALITY)
    return Answer(format=Format.JPEG, shape=pixels.shape)


def _cut_out(source: Source, request: Request) -> Answer:
    pixels = to_shallow(read_pixels(source, request.page, request.crop, in_memory))
    targets = {request.boxes[n]: Path(path) for n, path in request.outputs.items()}
    write_parts(pixels, targets)
    return Answer(format=Format.JPEG)


def _tint(source: Source, request: Request) -> Answer:
    pixels = to_shallow(read_pixels(source, 0, None, in_memory))
    write_tinted(pixels, request.layer, request.ramp, Path(request.outputs[0]))
    return Answer(format=Format.PNG, shape=pixels.shape[:2])


def _make_mask(source: Source, request: Request) -> Answer:
    mask = as_mask(to_shallow(read_pixels(source, 0, None, in_memory)))
    path = Path(request.outputs[0])
    write_png(mask, path)
    size = path.stat().st_size
    return Answer(format=Format.PNG, shape=mask.shape, size=size, sha256=sync(path))


def _decode(source: Source, request: Request) -> Answer:
    def on_disk(shape: tuple[int, ...], depth: type[np.unsignedinteger[Any]]) -> Pixels:
        return np.memmap(request.outputs[0], depth, "w+", shape=shape)

    pixels = read_pixels(source, request.page, request.crop, on_disk)
    return Answer(shape=pixels.shape, deep=pixels.dtype == np.uint16)


def _send(source: Source, request: Request) -> Answer:
    limits = Limits(
        tuple(Format(name) for name in request.formats),
        request.max_bytes,
        request.max_width,
        request.max_height,
    )
    path = Path(request.outputs[0])
    copy = write_sendable(source, request.page, request.crop, limits, path)
    return Answer(
        format=copy.format, shape=copy.shape, size=copy.size, scaled=copy.scaled
    )


def _encode(request: Request) -> Answer:
    depth = np.uint16 if request.deep else np.uint8
    area = request.shape[0] * request.shape[1]
    keep_within(
        budget_for(
            largest=area,
            together=area,
            size=0,
            seconds_per_megapixel=ENCODING_SECONDS,
        )
    )
    pixels = np.memmap(request.path, depth, "r", shape=request.shape)
    path = Path(request.outputs[0])
    as_png = request.lossless or request.deep
    if as_png or max(request.shape) > MAX_JPEG_SIDE:
        chosen = Format.PNG
        write_png(pixels, path)
    else:
        chosen = Format.JPEG
        write_jpeg(pixels, path, quality=BEST_QUALITY)
    return Answer(
        format=chosen,
        shape=request.shape,
        size=path.stat().st_size,
        sha256=sync(path),
    )


Work = Callable[[Source, Request], Answer]
WORK: dict[str, tuple[Work, float]] = {
    "renditions": (_make_renditions, 0.5),
    "full": (_make_full, 0.5),
    "decode": (_decode, 0.5),
    "send": (_send, 4.0),
    "cut": (_cut_out, 0.5),
    "tint": (_tint, 1.0),
    "mask": (_make_mask, 1.0),
}
