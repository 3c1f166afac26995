"""What the steps of a remote job share: which request comes next, and how a step lets go
of its job."""

from __future__ import annotations

import time
from datetime import datetime

from jobs import accounts
from jobs.leaving import SUBMIT_LEASE
from jobs.models import Attempt, Job
from jobs.providers.base import POLL, SUBMIT
from jobs.step import Step


def call_of(job: Job, attempt: Attempt | None) -> str:
    """Which request the next step makes, by the names of the provider's budgets: ""
    where it makes none of the API's. `attempt` is the open one, if there is one."""
    if job.state in {Job.State.QUEUED, Job.State.SUBMITTING}:
        return attempt.next_call if attempt and not attempt.remote_id else SUBMIT
    return POLL if job.state == Job.State.RUNNING else ""


def since(started: float) -> int:
    return round(1000 * (time.monotonic() - started))


def later(
    step: Step, state: Job.State | None, due: datetime, **changes: object
) -> None:
    step.release(state=state, due=due, is_trial=False, **changes)


def hold(step: Step) -> None:
    row = accounts.account(step.job.provider)
    if not accounts.hold(step.job, row, only={"lease": step.token}):
        see_why(step)


def see_why(step: Step) -> None:
    """A job that cannot be held was given up, or taken by somebody else. Raises
    Cancelled or Lost."""
    step.renew(SUBMIT_LEASE)
