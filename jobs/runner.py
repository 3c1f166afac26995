"""Advance a job by one step, whoever calls and however often."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from jobs import accounts, budget, remote_step
from jobs.clock import db_now
from jobs.models import Job
from jobs.providers import local
from jobs.remote_calls import call_of
from jobs.step import Cancelled, Failure, Lost, Step

logger = logging.getLogger(__name__)

# From the ring to the first sign of life of whoever answers it.
RING_LEASE = timedelta(seconds=30)
STEP_LEASE = timedelta(seconds=60)
# How far ahead a request's moment may be given out.
WITHIN = timedelta(seconds=0.8)


def advance(job_id: int, token: UUID, moment: datetime | None = None) -> None:
    """Carry out the one step that was rung for. A second call does nothing. `moment` is
    when its request may go out, by the provider's budget."""
    step = Step.take(job_id, token, lease=STEP_LEASE)
    if step is None:
        logger.info("job %s: not ours to advance", job_id)
        return
    try:
        _carry_out(step, moment)
    except Lost:
        logger.info("job %s: lease lost, left alone", step.job.code)


def _carry_out(step: Step, moment: datetime | None) -> None:
    try:
        if step.job.cancel_asked:
            raise Cancelled
        if step.job.provider == local.NAME:
            # Here, so that only the engine's processes hold OpenCV in memory.
            from jobs import local_step  # noqa: PLC0415

            local_step.run(step)
        else:
            remote_step.run(step, moment=moment)
    except Cancelled:
        step.cancel()
    except Failure as failure:
        logger.warning("job %s failed: %s", step.job.code, failure.code)
        step.fail(failure)


def run_to_end(job: Job, *, pause: float = 0.2) -> Job:
    """Advance a job in this process until it has ended or is held. Where a worker holds
    it, wait for the worker."""
    while True:
        job.refresh_from_db()
        if not job.is_active:
            return job
        if not _advance_here(job):
            time.sleep(pause)


def _advance_here(job: Job) -> bool:
    """One step in this process, if the job is due and its budget allows."""
    now, moment, call = db_now(), None, ""
    if job.due > now or (job.lease and job.leased_until and job.leased_until >= now):
        return False
    if job.provider != local.NAME:
        call = call_of(job, job.attempts.filter(state="open").first())
        if accounts.must_wait(job, accounts.account(job.provider), call):
            return False
        moment = call and budget.reserve(job.provider, call, now=now, within=WITHIN)
        if call and not moment:
            return False
    token = uuid4()
    if not Job.objects.claim(job.pk, now=now, token=token, lease=RING_LEASE):
        if moment:
            budget.give_back(job.provider, call, moment)
        return False
    advance(job.pk, token, moment or None)
    return True
