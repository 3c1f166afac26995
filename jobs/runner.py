"""Advance a job by one step, whoever calls and however often."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from uuid import UUID, uuid4

from jobs import local_step
from jobs.clock import db_now
from jobs.models import Job
from jobs.step import Cancelled, Failure, Lost, Step

logger = logging.getLogger(__name__)

# From the ring to the first sign of life of whoever answers it.
RING_LEASE = timedelta(seconds=30)
STEP_LEASE = timedelta(seconds=60)


def advance(job_id: int, token: UUID) -> None:
    """Carry out the one step that was rung for. A second call does nothing."""
    step = Step.take(job_id, token, lease=STEP_LEASE)
    if step is None:
        logger.info("job %s: not ours to advance", job_id)
        return
    try:
        _carry_out(step)
    except Lost:
        logger.info("job %s: lease lost, left alone", step.job.code)


def _carry_out(step: Step) -> None:
    try:
        if step.job.cancel_asked:
            raise Cancelled
        local_step.run(step)
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
        token = uuid4()
        if Job.objects.claim(job.pk, now=db_now(), token=token, lease=RING_LEASE):
            advance(job.pk, token)
        else:
            time.sleep(pause)
