"""Tidying up after crashes and after people who went away in mid-upload."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from albums import storage
from albums.models import Original, Restoration, Upload

logger = logging.getLogger(__name__)

UPLOADS_WAIT = timedelta(days=7)
UNKNOWN_FILES_WAIT = timedelta(hours=1)


def sweep_uploads(now: datetime | None = None) -> int:
    """Delete uploads that nobody went on with for a week, and files that no row has
    named for an hour. How many files went is returned; nothing that a row names is
    ever touched."""
    now = now or timezone.now()
    Upload.objects.filter(touched__lt=now - UPLOADS_WAIT).delete()
    unknown = [*_unknown_uploads(), *_unknown_originals(), *_unknown_restorations()]
    before = (now - UNKNOWN_FILES_WAIT).timestamp()
    swept = [path for path in unknown if _swept(path, before)]
    if swept:
        logger.warning("swept up %d files that nothing refers to", len(swept))
    return len(swept)


def _swept(path: Path, before: float) -> bool:
    """Its change time tells when a file got its name, or was last written to."""
    try:
        if path.stat().st_ctime >= before:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _unknown_uploads() -> Iterable[Path]:
    receiving = Upload.objects.filter(state=Upload.State.RECEIVING)
    known = {code.hex for code in receiving.values_list("code", flat=True)}
    folder = storage.upload_folder()
    return [path for path in folder.iterdir() if path.stem not in known]


def _unknown_originals() -> Iterable[Path]:
    for folder, paths in _by_folder("originals"):
        known = Original.objects.filter(path__startswith=folder)
        yield from paths - _files(known.values_list("path", flat=True))


def _unknown_restorations() -> Iterable[Path]:
    for folder, paths in _by_folder("restorations"):
        known = Restoration.objects.filter(path__startswith=folder)
        yield from paths - _files(known.values_list("path", flat=True))


def _by_folder(kind: str) -> Iterable[tuple[str, set[Path]]]:
    # The files are listed before the rows are read: a row made in between is seen.
    for folder in sorted(storage.media(kind).glob("*")):
        relative = folder.relative_to(settings.MEDIA_ROOT).as_posix()
        yield f"{relative}/", set(folder.iterdir())


def _files(paths: Iterable[str]) -> set[Path]:
    return {storage.media(path) for path in paths}
