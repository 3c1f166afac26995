"""The whole of a local job in one step: decode, restore, encode, keep."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from numpy.typing import DTypeLike, NDArray

from albums import images
from albums.models import Mask, Restoration
from albums.services import (
    MadeBy,
    add_restoration,
    crop_box,
    mask_file,
    original_file,
)
from jobs import own_options, own_run, what_changed
from jobs.clock import db_now
from jobs.engine import EngineError, Outcome, Progress, StageReport
from jobs.engine.own.trouble import ModelFailed
from jobs.file_trouble import file_trouble
from jobs.models import Attempt, Event, Job
from jobs.notes import note_for
from jobs.providers import local, local_run
from jobs.step import Failure, Step

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
# A tile of an own model may take as long as the check allows, on a busy machine.
MODEL_LEASE = timedelta(seconds=300)
# Compressing a scan of 150 megapixels without loss gives no sign of life meanwhile.
ENCODE_LEASE = timedelta(seconds=300)
SECONDS_BETWEEN_SIGNS = 1.5
# What may go wrong with the map of the changes; the restoration is kept all the same.
NO_MAP = (
    ValueError,
    MemoryError,
    OSError,
    images.BadPicture,
    images.HelperLost,
    cv2.error,
)
BYTES_KEPT_IN_MEMORY = 64 * 1024 * 1024


def run(step: Step) -> None:
    attempt = step.open_attempt()
    step.move(Job.State.RUNNING, kind=Event.Kind.BEGUN, progress=0)
    with scratch_folder(step) as folder:
        try:
            _restore(step, attempt, folder)
        except images.BadPicture as error:
            raise Failure(error.code, Job.Blame.PICTURE, error.sentence) from error
        except ModelFailed as error:
            raise Failure(error.code, Job.Blame.SETUP, str(error)) from error
        except EngineError as error:
            raise Failure(error.code, Job.Blame.PICTURE, str(error)) from error
        except MemoryError as error:
            raise Failure(
                "out_of_memory",
                Job.Blame.SETUP,
                _(
                    "This computer has too little memory for a scan of this size. "
                    "Ask whoever looks after it, or scan at a lower resolution."
                ),
            ) from error
        except OSError as error:
            raise file_trouble(error) from error


def _restore(step: Step, attempt: Attempt, folder: Path) -> None:
    photo, options = step.job.photo, step.job.options
    own = own_run.models_for(options)
    scan = images.decode(
        original_file(photo),
        page=photo.page,
        crop=crop_box(photo),
        into=folder / "scan",
    )
    signs = SignsOfLife(step, MODEL_LEASE if own else LEASE)
    outcome = local_run.run(
        scan,
        options,
        progress=signs,
        workspace=Workspace(folder),
        own=own,
        mask=_marked(step.job, folder),
    )
    step.move(
        Job.State.FETCHING,
        kind=Event.Kind.FINISHING,
        detail=own_run.record_of(own),
        leased_until=db_now() + ENCODE_LEASE,
    )
    made = _what_changed(step, scan, outcome, folder)
    part = folder / "result"
    encoded = images.encode(outcome.picture, part, lossless=photo.original.lossless)
    made_by = MadeBy(
        attempt=attempt.request_key,
        provider=local.NAME,
        recipe=step.job.recipe,
        note=note_for(
            step.job,
            local.NAME,
            own_options.words(options, outcome.own),
            note_from(outcome.reports),
        ),
    )
    with transaction.atomic():
        restoration = add_restoration(photo, part, encoded, made_by)
        if made:
            _keep(made, restoration)
        step.succeed(attempt, restoration)


def _what_changed(
    step: Step, scan: NDArray[Any], outcome: Outcome, folder: Path
) -> what_changed.Made | None:
    """None where it cannot be told: the restoration counts for more."""
    try:
        return what_changed.made_of(
            scan, outcome.picture, folder, reports=outcome.reports
        )
    except NO_MAP as error:
        logger.warning("job %s: no map of its changes: %r", step.job.code, error)
        return None


def _keep(made: what_changed.Made, restoration: Restoration) -> None:
    try:
        made.keep(restoration)
    except OSError as error:
        logger.warning("no map of %s is kept: %r", restoration.code, error)


def _marked(job: Job, folder: Path) -> NDArray[Any] | None:
    """The places that a person marked; None where the engine is to look itself."""
    code = job.options.get("mask", "")
    if not code:
        return None
    mask = Mask.objects.filter(photo=job.photo, code=code).first()
    if mask is None:
        raise Failure(
            "mask_missing",
            Job.Blame.SETUP,
            _("The marked places are not there any more. Mark them again."),
        )
    return images.decode(mask_file(mask), into=folder / "mask")


def note_from(reports: tuple[StageReport, ...]) -> str:
    """What a person should know of stages that did less than was asked."""
    return " ".join(report.note for report in reports if report.held_back)


class SignsOfLife:
    """Called with every bit of progress; renews the lease now and then."""

    def __init__(self, step: Step, lease: timedelta = LEASE) -> None:
        self.step = step
        self.lease = lease
        self.last = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_SIGNS:
            return
        self.last = now
        self.step.renew(self.lease, progress=progress.fraction, stage=progress.stage)


@contextmanager
def scratch_folder(step: Step) -> Iterator[Path]:
    folder = Path(settings.SCRATCH_DIR) / f"job-{step.token.hex}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Workspace:
    """Arrays for the engine: small ones in memory, large ones on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[np.generic]:
        if np.prod(shape) * np.dtype(dtype).itemsize <= BYTES_KEPT_IN_MEMORY:
            return np.empty(shape, dtype)
        path = self.folder / f"work-{next(self.numbers)}"
        return np.memmap(path, dtype, mode="w+", shape=shape)
