"""The names that the queue calls. They take ids and may run twice."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID

from django.db import connection

from albums.services import prepare_renditions
from jobs import (
    checking,
    errands,
    heartbeat,
    late,
    leases,
    lifeline,
    queue,
    remote_copies,
    runner,
    searches,
)
from jobs.lifeline import Lifeline
from jobs.processes import kill_group


def beat() -> None:
    _begin()


def advance(job_id: int, token: str, moment: str = "") -> None:
    if not _begin():
        return
    try:
        when = datetime.fromisoformat(moment) if moment else None
        runner.advance(job_id, UUID(token), when)
    finally:
        # Where the connection broke, the lease must not outlive the step all the same.
        if connection.errors_occurred and not connection.is_usable():
            connection.close()
        leases.let_go(job_id, UUID(token))


def search(search_id: int, token: str) -> None:
    if not _begin():
        return
    # Here, so that only the engine's processes hold OpenCV in memory.
    from jobs import search_step  # noqa: PLC0415

    try:
        search_step.run(search_id, UUID(token))
    finally:
        searches.let_go(search_id, UUID(token))


def collect_late(attempt_id: int) -> None:
    if _begin():
        late.collect(attempt_id)


def tend_copy(copy_pk: int) -> None:
    if _begin():
        remote_copies.tend(copy_pk)


def errand(errand_pk: int) -> None:
    if _begin():
        errands.run(errand_pk, sign=lambda: heartbeat.beat(queue.this_cluster()))


def check_provider(name: str) -> None:
    if _begin():
        checking.check(name)


def renditions(photo_id: int) -> None:
    if _begin():
        prepare_renditions(photo_id)


def _begin() -> bool:
    """Whether to begin at all: not while stopping, and never without a supervisor."""
    seen = lifeline.state()
    if seen is Lifeline.CUT:
        kill_group(os.getpgrp())
    if seen is not Lifeline.HOLDS:
        return False
    heartbeat.beat(queue.this_cluster())
    return True
