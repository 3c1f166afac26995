"""Copies for showing: their names are computed, they are made on demand, and any of
them may be deleted at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.urls import reverse

from albums import images, storage
from albums.images import Box
from albums.locks import hold
from albums.models import Photo, Restoration

# Grows when renditions are made differently, so that no browser keeps an old one.
VERSION = 1
LOCK = ".lock"


class Size(StrEnum):
    SMALL = "400"
    LARGE = "1600"
    FULL = "full"


@dataclass(frozen=True)
class Source:
    """What a rendition is made from; equal sources share their renditions."""

    path: str
    sha256: str
    page: int = 0
    crop: Box | None = None

    @property
    def key(self) -> str:
        made_from = f"{self.sha256}:{self.page}:{self.crop}:{VERSION}"
        return hashlib.sha256(made_from.encode()).hexdigest()[:24]

    def file(self, size: Size) -> Path:
        return storage.media(storage.rendition_path(self.key, size))


def photo_url(photo: Photo, size: str) -> str:
    key = source_of(photo).key
    return reverse("albums:photo_file", args=[photo.code, Size(size).value, key])


def restoration_url(restoration: Restoration, size: str) -> str:
    key = source_of(restoration).key
    arguments = [restoration.code, Size(size).value, key]
    return reverse("albums:restoration_file", args=arguments)


def source_of(picture: Photo | Restoration) -> Source:
    if isinstance(picture, Restoration):
        return Source(picture.path, picture.sha256)
    original = picture.original
    return Source(original.path, original.sha256, picture.page, crop_box(picture))


def crop_box(photo: Photo) -> Box | None:
    if photo.crop_left is None:
        return None
    assert photo.crop_top is not None  # noqa: S101  # a database constraint says so
    assert photo.crop_right is not None  # noqa: S101
    assert photo.crop_bottom is not None  # noqa: S101
    return Box(
        photo.crop_left,
        photo.crop_top,
        photo.crop_right,
        photo.crop_bottom,
        photo.crop_angle,
    )


def ensure(picture: Photo | Restoration, size: Size) -> Path:
    """The rendition's file, made now if need be. Both small ones are made together.

    Raises FileNotFoundError when the original is gone, BadPicture when it cannot be
    opened any more, and OSError when the disk is full.
    """
    source = source_of(picture)
    target = source.file(size)
    if not target.exists():
        _make(source, size)
    return target


def _make(source: Source, size: Size) -> None:
    target = source.file(size)
    storage.private_folder(target.parent)
    # Whoever asks for the same one meanwhile waits here and finds it made.
    with hold(target.parent / LOCK, wait=True):
        if not target.exists():
            _write(source, size)


def _write(source: Source, size: Size) -> None:
    original = storage.media(source.path)
    if not original.exists():
        raise FileNotFoundError(source.path)
    if size is Size.FULL:
        target = source.file(size)
        images.make_full(original, page=source.page, crop=source.crop, target=target)
        return
    targets = {int(side): source.file(side) for side in (Size.SMALL, Size.LARGE)}
    images.make_renditions(
        original, page=source.page, crop=source.crop, targets=targets
    )


def prune(wanted: set[str], *, unwanted_before: float, full_before: float) -> int:
    """Delete what no photo or restoration asks for any more (`wanted` are their keys),
    and full-size ones, which are large and quickly made again. Files younger than these
    times stay. How many went is returned."""
    count = 0
    for path in rendition_files():
        key, _dash, size = path.stem.partition("-")
        is_full = size == Size.FULL
        limit = full_before if is_full and key in wanted else unwanted_before
        if (is_full or key not in wanted) and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            count += 1
    return count


def rendition_files() -> Iterator[Path]:
    """Finished ones, and what a broken step left behind."""
    files = storage.media("renditions").glob("*/*")
    return (path for path in files if path.name != LOCK)
