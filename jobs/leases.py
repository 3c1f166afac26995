"""Leases whose holders are gone: who takes them away, and what becomes of the jobs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django import db
from django.db.models import Q
from django.utils.translation import gettext as _

from jobs.clock import db_now
from jobs.models import Event, Job
from jobs.processes import is_gone, this_process
from jobs.runner import RING_LEASE
from jobs.services import RELEASED, change
from jobs.step import Failure, Lost, Step

logger = logging.getLogger(__name__)

MOST_CRASHES = 5


def mend() -> frozenset[str]:
    """Take every job from a holder that died or gave no sign of life, and end those
    that a person gave up meanwhile. The holders that still sit over a lost step."""
    now = db_now()
    late = set()
    for job in Job.objects.unfinished().filter(~Q(holder="") | Q(cancel_asked=True)):
        is_late = job.leased_until is None or job.leased_until < now
        if job.holder and (is_late or is_gone(job.holder)):
            late |= {job.holder} if is_late else set()
            why = f"{job.holder} is {'late' if is_late else 'gone'}"
            _take_over(job, now, crashed=True, why=why)
        elif is_late and job.cancel_asked:
            _take_over(job, now, crashed=False, why="cancelled")
    moved_on = Job.objects.unfinished().filter(holder__in=late)
    return frozenset(late.difference(moved_on.values_list("holder", flat=True)))


def let_go(job_id: int, token: UUID) -> None:
    """After a step: a lease that this process still has is one of a broken step."""
    mine = Job.objects.filter(pk=job_id, lease=token, holder=this_process())
    for job in mine:
        _take_over(job, db_now(), crashed=True, why=_told(sys.exception()))


def _told(error: BaseException | None) -> str:
    """For the administrator. A database quotes rows, and what is secret in them."""
    return type(error).__name__ if isinstance(error, db.Error) else repr(error)


def give_back(tokens: Iterable[UUID]) -> None:
    """The processes behind these leases were ended by ourselves: nobody crashed."""
    Job.objects.unfinished().filter(lease__in=list(tokens)).update(**RELEASED)


def _take_over(job: Job, now: datetime, *, crashed: bool, why: str) -> None:
    token = uuid4()
    job.crashes += crashed
    seen = Job.objects.filter(
        pk=job.pk, lease=job.lease, leased_until=job.leased_until, holder=job.holder
    )
    taken = {"lease": token, "leased_until": now + RING_LEASE, "holder": ""}
    if seen.update(**taken, crashes=job.crashes) != 1:
        return
    try:
        _settle(Step(job, token), now, why)
    except Lost:
        logger.info("job %s: somebody was faster", job.code)


def _settle(step: Step, now: datetime, why: str) -> None:
    job = step.job
    if job.cancel_asked:
        step.cancel()
    elif job.crashes >= MOST_CRASHES:
        logger.error("job %s crashed %s times: %s", job.code, job.crashes, why)
        step.fail(_crashed(job, why))
    else:
        logger.warning("job %s was interrupted: %s", job.code, why)
        again = {**RELEASED, "due": now + delay_after(job.crashes)}
        only = {"lease": step.token}
        change(job, again, only=only, kind=Event.Kind.INTERRUPTED, detail=why)


def delay_after(crashes: int) -> timedelta:
    """At once after the first; a step that breaks again and again lets others by."""
    return timedelta(seconds=2**crashes - 2)


def _crashed(job: Job, why: str) -> Failure:
    return Failure(
        "crashed",
        Job.Blame.SETUP,
        _(
            "The program ended unexpectedly each time it worked on this photo. The photo "
            "itself is safe. Try again, or ask whoever looks after this computer."
        ),
        detail=f"{job.crashes} crashes, the last: {why}",
    )
