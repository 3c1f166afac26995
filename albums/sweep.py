"""Tidying up after crashes and after people who went away in mid-upload."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from albums import storage
from albums.models import Changes, Mask, Original, Restoration, Upload

logger = logging.getLogger(__name__)

UPLOADS_WAIT = timedelta(days=7)
UNKNOWN_FILES_WAIT = timedelta(hours=1)
Kept = type[Original] | type[Restoration] | type[Changes] | type[Mask]
FOLDERS: dict[str, Kept] = {
    "originals": Original,
    "restorations": Restoration,
    "changes": Changes,
    "masks": Mask,
}


def sweep_uploads(now: datetime | None = None) -> int:
    """Delete uploads that nobody went on with for a week, and files that no row has
    named for an hour. How many files went is returned; nothing that a row names is
    ever touched."""
    now = now or timezone.now()
    Upload.objects.filter(touched__lt=now - UPLOADS_WAIT).delete()
    unknown = _unknown_uploads()
    for folder, kind in FOLDERS.items():
        unknown |= _unknown(folder, kind)
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


def _unknown_uploads() -> set[Path]:
    files = set(storage.upload_folder().glob(f"{'[0-9a-f]' * 32}.*"))
    receiving = Upload.objects.filter(state=Upload.State.RECEIVING)
    known = {code.hex for code in receiving.values_list("code", flat=True)}
    return {path for path in files if path.stem not in known}


def _unknown(folder: str, kind: Kept) -> set[Path]:
    # The files are listed before the rows are read: a row made in between is seen.
    files = set(storage.media(folder).glob("*/*"))
    named = kind._default_manager.values_list("path", flat=True)
    return files - {storage.media(path) for path in named}
