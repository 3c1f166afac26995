"""What happens when a provider could not do what was asked: the class of the error says
it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from jobs import accounts, budget, connections, fallback
from jobs.clock import db_now
from jobs.fallback import Why
from jobs.models import Attempt, Event, Job
from jobs.providers.base import (
    Blame,
    Final,
    NeedsOperator,
    NeedsPerson,
    ProviderError,
    Resubmit,
    RetryCall,
)
from jobs.remote_calls import call_of, hold, later
from jobs.step import LATE_LOOK_AFTER, Failure, Step

MOST_RESUBMITS = 1
# A submit that may be taken back is tried so often; then the circuit is open anyway.
MOST_TROUBLE = 30
LONGEST_BACKOFF = 60.0
# After the refusal of a call that has a limit per hour, where nothing says how long.
QUIET_HOURLY = timedelta(minutes=10)


def answer_to(step: Step, attempt: Attempt, error: ProviderError) -> None:
    """What happens next is said by the class of the error."""
    step.note(
        Event.Kind.TROUBLE,
        error.sentence,
        attempt=attempt,
        detail=f"{error.code}: {error.detail}",
    )
    if isinstance(error, RetryCall):
        _try_again(step, attempt, error)
    elif isinstance(error, Resubmit):
        _submit_anew(step, attempt, error)
    elif isinstance(error, NeedsOperator):
        accounts.broke(step.job.provider, error)
        hold(step)
    elif error.blame is not Blame.PICTURE or not _replaced(step, attempt, error):
        raise _failure(error) from error


def is_over(attempt: Attempt, now: datetime) -> bool:
    begun = attempt.submitted
    return begun is not None and now >= begun + connections.deadline(attempt.provider)


def too_late(step: Step, attempt: Attempt) -> None:
    """Past its deadline. A person who tried again anyway gets a new task; else the job
    needs attention. A late result is collected in both cases."""
    Attempt.objects.filter(pk=attempt.pk).update(late_look=db_now() + LATE_LOOK_AFTER)
    if attempt.asked_again:
        step.set_aside_attempt(attempt)
        step.release(state=Job.State.QUEUED, due=db_now())
        return
    seconds = round(connections.deadline(attempt.provider).total_seconds())
    raise Failure(
        "timed_out",
        Job.Blame.PROVIDER,
        _(
            "%(provider)s did not finish this photo in time. If it still arrives, it is "
            "kept and not bought again. You can try again, or use the engine of this "
            "app."
        )
        % {"provider": connections.KINDS[attempt.provider].label},
        detail=f"not done {seconds} s after the submit",
    )


def _try_again(step: Step, attempt: Attempt, error: RetryCall) -> None:
    """The same call again, later: when the provider says, else after a back-off with
    full jitter. The state stays as it is."""
    job, now = step.job, db_now()
    if error.rate_limited:
        _be_quiet(step, attempt, error, now)
        return
    Attempt.objects.filter(pk=attempt.pk).update(trouble=F("trouble") + 1)
    attempt.refresh_from_db()
    if job.state == Job.State.RUNNING and is_over(attempt, now):
        too_late(step, attempt)
        return
    if attempt.trouble >= MOST_TROUBLE:
        raise _failure(error) from error
    accounts.stumbled(job.provider, error)
    row = accounts.account(job.provider)
    waits_for_provider = row.state == row.State.RESTING
    if waits_for_provider and not attempt.remote_id:
        hold(step)
        return
    later(step, None, now + (error.retry_after or backoff(attempt.trouble)))


def _be_quiet(step: Step, attempt: Attempt, error: RetryCall, now: datetime) -> None:
    """Too often: all are quiet for a moment, or, where this kind of call has a limit
    per hour, those of its kind for longer."""
    provider, call = step.job.provider, call_of(step.job, attempt)
    hourly = call if budget.limit(provider, call) else ""
    wait = error.retry_after or (QUIET_HOURLY if hourly else _breath(provider))
    budget.was_refused(provider)
    budget.postpone(provider, hourly, until=now + wait)
    later(step, None, now + wait)


def _breath(provider: str) -> timedelta:
    """How long all are quiet after a refusal that did not say until when."""
    requests = random.uniform(1.0, 2.0)  # noqa: S311  # jitter
    return timedelta(seconds=max(0.3, requests / connections.rate(provider)))


def backoff(trouble: int) -> timedelta:
    longest = min(LONGEST_BACKOFF, 2.0 * 2 ** min(trouble, 10))
    return timedelta(seconds=random.uniform(0.5, longest))  # noqa: S311  # jitter


def _submit_anew(step: Step, attempt: Attempt, error: Resubmit) -> None:
    """The task is dead. One more is bought; the second death is the job's."""
    if step.job.resubmits >= MOST_RESUBMITS:
        if _replaced(step, attempt, error):
            return
        raise _failure(error) from error
    step.give_up_attempt(attempt, error.code, error.detail)
    step.note(
        Event.Kind.RESUBMIT,
        _("The first try came to nothing, so the photo is sent once more."),
        attempt=attempt,
    )
    again = {"resubmits": step.job.resubmits + 1, "stage": "", "progress": 0}
    later(step, Job.State.QUEUED, db_now() + error.pause, **again)


def _replaced(step: Step, attempt: Attempt, error: ProviderError) -> bool:
    """Whether the job's second provider does this photo, which the first refused."""
    return fallback.take_over(
        step.job,
        Why.REFUSED,
        only={"lease": step.token},
        detail=error.code,
        dead=attempt,
    )


def _failure(error: ProviderError) -> Failure:
    return Failure(
        error.code,
        Job.Blame(error.blame.value),
        error.sentence,
        detail=error.detail,
        is_final=isinstance(error, Resubmit | NeedsPerson | Final),
    )
