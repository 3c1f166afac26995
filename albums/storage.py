"""Where files lie, and how one gets to its place without ever being half there."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from django.conf import settings


def media(relative: str) -> Path:
    return Path(settings.MEDIA_ROOT) / relative


def original_path(code: UUID, extension: str) -> str:
    return f"originals/{code.hex[:2]}/{code.hex}.{extension}"


def restoration_path(attempt: UUID, extension: str) -> str:
    """One name for each attempt: whoever repeats a broken step writes it again."""
    return f"restorations/{attempt.hex[:2]}/{attempt.hex}.{extension}"


def put_in_place(part: Path, relative: str, *, mode: int = 0o400) -> Path:
    """Move a finished file to its final name, on disk for good when this returns."""
    target = media(relative)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.chmod(mode)
    part.replace(target)
    sync_folder(target.parent)
    return target


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
