"""Once a minute: what dead processes and old days left behind."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from uuid import UUID

from django.conf import settings

from albums.services import sweep_uploads
from jobs import (
    accounts,
    budget,
    errands,
    heartbeat,
    late,
    over_budget,
    queue,
    remote_copies,
    source_links,
)
from jobs.clock import db_now
from jobs.models import Job

logger = logging.getLogger(__name__)

# A folder that no step owns any more may still be in the hands of a dying process.
SECONDS_FOR_FOLDERS = 5 * 60
SECONDS_FOR_FILES = 24 * 60 * 60


def sweep() -> None:
    queue.sweep()
    heartbeat.forget_old_hosts()
    sweep_scratch()
    sweep_uploads()
    source_links.sweep()
    budget.sweep(db_now())
    ring_for_late_results()
    ring_for_copies()
    ring_for_errands()
    over_budget.let_go()
    accounts.let_go_what_remained()


def ring_for_late_results() -> None:
    for attempt_id in late.due(db_now()):
        queue.ring_late(attempt_id)


def ring_for_copies() -> None:
    for copy_pk in remote_copies.due(db_now()):
        queue.ring_copy(copy_pk)


def ring_for_errands() -> None:
    for errand_pk in errands.due(db_now()):
        queue.ring_errand(errand_pk)


def sweep_scratch() -> None:
    """Remove folders of steps that are over, and files that nobody came back for."""
    for path in Path(settings.SCRATCH_DIR).iterdir():
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            continue
        if path.is_dir() and age > SECONDS_FOR_FOLDERS and not _is_in_use(path):
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and age > SECONDS_FOR_FILES:
            path.unlink(missing_ok=True)


def _is_in_use(folder: Path) -> bool:
    """Whether the step that this folder is named after still holds its job."""
    prefix, _dash, name = folder.name.partition("-")
    if prefix != "job":
        return time.time() - folder.stat().st_mtime < SECONDS_FOR_FILES
    try:
        token = UUID(name)
    except ValueError:
        return False
    return Job.objects.filter(lease=token).exists()
