"""One scan looked at for prints: decode, find, turn upright, cut."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings

from albums import images
from albums.prints import PrintBox
from albums.services import original_file
from jobs import searches
from jobs.engine.prints import find_prints
from jobs.engine.upright import upright_turn
from jobs.models import PrintSearch

# Of the page's longer side: so much of a print's edge goes, rather than that a line of
# the page's paper stays.
TRIMMED = 0.0008

logger = logging.getLogger(__name__)


def run(search_id: int, token: UUID) -> None:
    """A second call for the same ring does nothing."""
    search = searches.take(search_id, token)
    if search is None:
        return
    try:
        boxes = _look_at(search)
    except (images.BadPicture, images.HelperLost, MemoryError, OSError) as error:
        # What is wrong with the file, the restoration says; here it is one photo.
        logger.warning("photo %s was not looked at: %r", search.photo.code, error)
        searches.conclude(search, (), failed=True)
        return
    searches.conclude(search, boxes)


def _look_at(search: PrintSearch) -> list[PrintBox]:
    photo = search.photo
    with _folder(search) as folder:
        scan = images.decode(
            original_file(photo), page=photo.page, crop=None, into=folder / "scan"
        )
        found = find_prints(scan)
        if len(found) < 2:
            return []
        edge = TRIMMED * max(scan.shape[:2])
        boxes = []
        for one in found:
            turn = upright_turn(scan, one)
            wide, high = one.width - 2 * edge, one.height - 2 * edge
            if turn % 180:
                wide, high = high, wide
            boxes.append(PrintBox(one.x, one.y, wide, high, one.angle + turn))
        return boxes


@contextmanager
def _folder(search: PrintSearch) -> Iterator[Path]:
    assert search.lease is not None  # noqa: S101  # just taken
    folder = Path(settings.SCRATCH_DIR) / f"search-{search.lease.hex}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
