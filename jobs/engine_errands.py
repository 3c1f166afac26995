"""The part of an errand that needs the engine. Only its processes import this."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from albums import images
from albums.models import Photo
from albums.services import crop_box, keep_mask, original_file, restoration_file
from jobs import what_changed
from jobs.engine import Damage, EngineError, Settings, find_marks
from jobs.models import Errand

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_SIGNS = 2.0
# What may go wrong with one picture, and says nothing of the next.
TROUBLE = (
    images.BadPicture,
    images.HelperLost,
    EngineError,
    MemoryError,
    OSError,
    ValueError,
    cv2.error,
)


def carry_out(errand: Errand, *, sign: Callable[[], None]) -> bool:
    """False where it went wrong, and nothing was changed."""
    tick = _now_and_then(sign)
    try:
        with scratch_folder() as folder:
            if errand.kind == Errand.Kind.MARKS:
                _find_marks(errand, folder, tick)
            else:
                _compare(errand, folder, tick)
    except TROUBLE as error:
        logger.warning("errand %s: %r", errand, error)
        return False
    return True


def _find_marks(errand: Errand, folder: Path, tick: Callable[[float], None]) -> None:
    scan = read(errand.photo, folder)
    wanted = Settings(damage=Damage(errand.damage or Damage.AUTO))
    mask = find_marks(scan, wanted, progress=lambda told: tick(told.fraction))
    part = folder / "mask"
    encoded = images.encode(mask, part, lossless=True)
    area = float(np.count_nonzero(mask) / mask.size)
    keep_mask(errand.photo, part, encoded, by=None, area=area)


def _compare(errand: Errand, folder: Path, tick: Callable[[float], None]) -> None:
    restoration = errand.restoration
    if restoration is None:
        return
    picture = images.decode(restoration_file(restoration), into=folder / "restored")
    made = what_changed.made_of(read(errand.photo, folder), picture, folder, tick=tick)
    made.keep(restoration)


def read(photo: Photo, folder: Path) -> NDArray[Any]:
    return images.decode(
        original_file(photo),
        page=photo.page,
        crop=crop_box(photo),
        into=folder / "scan",
    )


def _now_and_then(sign: Callable[[], None]) -> Callable[[float], None]:
    last = time.monotonic()

    def tick(_part: float) -> None:
        nonlocal last
        if time.monotonic() - last > SECONDS_BETWEEN_SIGNS:
            last = time.monotonic()
            sign()

    return tick


@contextmanager
def scratch_folder() -> Iterator[Path]:
    folder = Path(settings.SCRATCH_DIR) / f"errand-{uuid4().hex}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
