"""Where files lie, and how one gets to its place without ever being half there."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

# The database and the renditions need some room, too.
BYTES_KEPT_FREE = 64 * 1024 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT}


class DiskFull(Exception):
    """There is no room. Nothing was left half done, and nothing was lost."""


def media(relative: str) -> Path:
    return Path(settings.MEDIA_ROOT) / relative


def original_path(code: UUID, extension: str) -> str:
    """`extension` begins with its dot, as a format gives it."""
    return f"originals/{code.hex[:2]}/{code.hex}{extension}"


def restoration_path(attempt: UUID, extension: str) -> str:
    """One name for each attempt: whoever repeats a broken step writes it again."""
    return f"restorations/{attempt.hex[:2]}/{attempt.hex}{extension}"


def changes_path(attempt: UUID) -> str:
    return f"changes/{attempt.hex[:2]}/{attempt.hex}.png"


def mask_path(code: UUID) -> str:
    return f"masks/{code.hex[:2]}/{code.hex}.png"


def rendition_path(key: str, size: str, extension: str = ".jpg") -> str:
    return f"renditions/{key[:2]}/{key}-{size}{extension}"


def part_path(code: UUID) -> Path:
    """Where an upload grows."""
    return upload_folder() / f"{code.hex}.part"


def new_part() -> Path:
    return part_path(uuid4())


def upload_folder() -> Path:
    return private_folder(Path(settings.UPLOAD_DIR))


def private_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def has_room_for(size: int) -> bool:
    return shutil.disk_usage(upload_folder()).free >= size + BYTES_KEPT_FREE


@contextmanager
def room_needed() -> Iterator[None]:
    """Raises DiskFull where the system says so."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_to_part(path: Path) -> Path:
    """A copy to hand over, of a file that stays where it is. Raises DiskFull."""
    part = new_part()
    try:
        with room_needed():
            shutil.copyfile(path, part)
    except (OSError, DiskFull):
        part.unlink(missing_ok=True)
        raise
    return part


def put_in_place(part: Path, relative: str, *, mode: int = 0o400) -> Path:
    """Move a finished file to its final name, on disk for good when this returns."""
    target = media(relative)
    if not target.parent.exists():
        private_folder(target.parent)
        sync_folder(target.parent.parent)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.chmod(mode)
    part.replace(target)
    sync_folder(target.parent)
    return target


def take_back(relative: str, part: Path) -> None:
    """Undo `put_in_place`, for when the row that names the file was not kept."""
    media(relative).replace(part)
    part.chmod(0o600)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
