"""The steps of a job that a remote provider does: submit, look, fetch. Each is one
short call, after which the job waits in the database for its next moment.

What may never happen is paying twice. The attempt's row says that a submit has begun
before the call, and holds the provider's id right after it; a submit whose end is not
known is followed by one more at most, and the timeline says so.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from jobs import (
    accounts,
    budget,
    connections,
    fallback,
    finding,
    leaving,
    money,
    over_budget,
    remote_copies,
    remote_fetch,
    rhythm,
    ways,
)
from jobs.clock import db_now
from jobs.fallback import Why
from jobs.models import Attempt, Event, Job
from jobs.providers.base import (
    POLL,
    SUBMIT,
    Blame,
    Final,
    NeedsOperator,
    NeedsPerson,
    Provider,
    ProviderError,
    RemoteState,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Submission,
)
from jobs.services import NO_CONSENT, has_consent, nobody_agreed
from jobs.step import LATE_LOOK_AFTER, Failure, Step

logger = logging.getLogger(__name__)

# The row that says that a submit has begun is written so long before its moment:
# early enough for the request to leave on time, late enough to be true.
WRITE_AHEAD = 0.1
MOST_SUBMITS = 2
MOST_RESUBMITS = 1
# A submit that may be taken back is tried so often; then the circuit is open anyway.
MOST_TROUBLE = 30
LONGEST_BACKOFF = 60.0
# After the refusal of a call that has a limit per hour, where nothing says how long.
QUIET_HOURLY = timedelta(minutes=10)
# Shown as "Working" instead of "Sent to ...".
WORKING_THERE = "working there"


def run(step: Step, *, moment: datetime | None) -> None:
    """One step. `moment` is when the request may go out, by the budget."""
    job = step.job
    try:
        provider = connections.connect(
            job.provider, learned=accounts.account(job.provider).learned
        )
    except connections.NotConnected:
        _wait_for_key(step)
        return
    attempt = step.open_attempt()
    call = call_of(job, attempt)
    moves: dict[str, Callable[[Step, Attempt, Provider, datetime | None], None]] = {
        Job.State.QUEUED: submit,
        Job.State.SUBMITTING: submit,
        Job.State.RUNNING: look,
        Job.State.FETCHING: remote_fetch.fetch,
    }
    try:
        moves[job.state](step, attempt, provider, moment)
    except money.OverBudget as over:
        if not over_budget.hold(job, over.cap, only={"lease": step.token}):
            _see_why(step)
    except ProviderError as error:
        answer_to(step, attempt, error)
    finally:
        budget.give_back(job.provider, call, moment)


def call_of(job: Job, attempt: Attempt | None) -> str:
    """Which request the next step makes, by the names of the provider's budgets: ""
    where it makes none of the API's. `attempt` is the open one, if there is one."""
    if job.state in {Job.State.QUEUED, Job.State.SUBMITTING}:
        return attempt.next_call if attempt and not attempt.remote_id else SUBMIT
    return POLL if job.state == Job.State.RUNNING else ""


def submit(
    step: Step, attempt: Attempt, provider: Provider, moment: datetime | None
) -> None:
    if attempt.remote_id:
        _now_running(step, attempt)
        return
    if finding.is_settled(step, attempt, provider):
        return
    _check_consent(step.job)
    if not ways.is_free(attempt, step.job, provider):
        _later(step, None, db_now() + remote_copies.WAIT)
        return
    _check_unknown_submit(step, attempt)
    money.check_room(attempt, step.job.photo.album_id)
    with ways.way_for(step, attempt, provider) as way:
        budget.wait_until(moment, ahead=WRITE_AHEAD)
        _begin_submit(step, attempt, is_long=way.is_long)
        call = attempt.next_call
        left = budget.leave(step.job.provider, moment, call)
        started = time.monotonic()
        try:
            done = way.begin()
        except RetryCall as error:
            if not error.ambiguous:
                _take_back_submit(attempt)
            raise
        except ProviderError:
            _take_back_submit(attempt)
            raise
        made = (done.call, *done.also)
        budget.settle(step.job.provider, left, booked=call, made=made)
        _keep_submission(step, attempt, done, started, words=way.words)
    pays_later = connections.KINDS[step.job.provider].pays_on_fetch
    accounts.well(step.job.provider, paid=not pays_later)
    accounts.learn(step.job.provider, done.learned)
    budget.keep_quiet(step.job.provider, done.quiet)
    if not done.finished:
        _later(step, Job.State.SUBMITTING, db_now())
        return
    if done.state is not None and done.state.status is RemoteStatus.SUCCEEDED:
        remote_fetch.found(step, attempt, provider, done.state)
        return
    _now_running(step, attempt)


def look(
    step: Step, attempt: Attempt, provider: Provider, moment: datetime | None
) -> None:
    left = budget.leave(step.job.provider, moment, POLL)
    started = time.monotonic()
    try:
        state = provider.poll(attempt.remote_id, attempt.brought)
    except (NeedsPerson, Final, Resubmit):
        accounts.well(step.job.provider, paid=False)
        raise
    made = (state.call, *state.also)
    budget.settle(step.job.provider, left, booked=POLL, made=made)
    accounts.well(step.job.provider, paid=False)
    accounts.learn(step.job.provider, state.learned)
    budget.keep_quiet(step.job.provider, state.quiet)
    keep_state(attempt, state)
    Attempt.objects.filter(pk=attempt.pk).update(looks=F("looks") + 1)
    now = db_now()
    if state.status is RemoteStatus.SUCCEEDED:
        _learn(attempt, now, is_done=True)
        remote_fetch.found(step, attempt, provider, state, started=started)
        return
    _learn(attempt, now, is_done=False)
    Attempt.objects.filter(pk=attempt.pk).update(seen_unfinished=now, trouble=0)
    attempt.refresh_from_db()
    if is_over(attempt, now):
        _too_late(step, attempt)
        return
    _wait_for_next_look(step, attempt, state, now)


def keep_state(attempt: Attempt, state: RemoteState) -> None:
    """What a look brought beside the state itself."""
    kept: dict[str, object] = {}
    if state.brought:
        kept["brought"] = {**attempt.brought, **state.brought}
    if state.credits is not None:
        kept["credits"] = state.credits
    if kept:
        Attempt.objects.filter(pk=attempt.pk).update(**kept)
        attempt.refresh_from_db()


def is_over(attempt: Attempt, now: datetime) -> bool:
    begun = attempt.submitted
    return begun is not None and now >= begun + connections.deadline(attempt.provider)


def _too_late(step: Step, attempt: Attempt) -> None:
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
        _hold(step)
    elif error.blame is not Blame.PICTURE or not _replaced(step, attempt, error):
        raise _failure(error) from error


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
        _too_late(step, attempt)
        return
    if attempt.trouble >= MOST_TROUBLE:
        raise _failure(error) from error
    accounts.stumbled(job.provider, error)
    row = accounts.account(job.provider)
    waits_for_provider = row.state == row.State.RESTING
    if waits_for_provider and not attempt.remote_id:
        _hold(step)
        return
    _later(step, None, now + (error.retry_after or backoff(attempt.trouble)))


def _be_quiet(step: Step, attempt: Attempt, error: RetryCall, now: datetime) -> None:
    """Too often: all are quiet for a moment, or, where this kind of call has a limit
    per hour, those of its kind for longer."""
    provider, call = step.job.provider, call_of(step.job, attempt)
    hourly = call if budget.limit(provider, call) else ""
    wait = error.retry_after or (QUIET_HOURLY if hourly else _breath(provider))
    budget.was_refused(provider)
    budget.postpone(provider, hourly, until=now + wait)
    _later(step, None, now + wait)


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
    _later(step, Job.State.QUEUED, db_now() + error.pause, **again)


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


def _check_consent(job: Job) -> None:
    """No picture leaves without the album's recorded consent, whoever asks."""
    if not job.agreed_once and not has_consent(job.photo.album_id, job.provider):
        raise Failure(NO_CONSENT, Job.Blame.SETUP, nobody_agreed(job.provider))


def _check_unknown_submit(step: Step, attempt: Attempt) -> None:
    if not attempt.submitting:
        return
    label = connections.KINDS[attempt.provider].label
    if attempt.submits >= MOST_SUBMITS:
        raise Failure(
            "submit_unknown",
            Job.Blame.PROVIDER,
            _(
                "Sending the photo to %(provider)s broke off twice, so we stopped "
                "before paying for it again. You can try again later, or use the engine "
                "of this app."
            )
            % {"provider": label},
        )
    step.note(
        Event.Kind.SUBMIT_UNKNOWN,
        _(
            "Sending broke off, and %(provider)s cannot tell whether the photo arrived. "
            "It is sent once more; %(provider)s may charge for both."
        )
        % {"provider": label},
        attempt=attempt,
    )


def _begin_submit(step: Step, attempt: Attempt, *, is_long: bool) -> None:
    """On record before the call, so that whoever comes after a crash knows."""
    step.renew(leaving.LONG_LEASE if is_long else leaving.SUBMIT_LEASE)
    money.take_place(attempt, step.job.photo.album_id)


def _take_back_submit(attempt: Attempt) -> None:
    """The provider did not take the photo: that submit does not count."""
    Attempt.objects.filter(pk=attempt.pk).update(
        submitting=False, submits=F("submits") - 1
    )


def _keep_submission(
    step: Step, attempt: Attempt, done: Submission, started: float, *, words: str
) -> None:
    now = db_now()
    kept: dict[str, object] = {
        "brought": {**attempt.brought, **done.brought},
        "next_call": done.next_call,
        "trouble": 0,
    }
    if done.credits is not None:
        kept["credits"] = done.credits
    if done.copy_id:
        kept["copy"] = remote_copies.keep(step.job, done.copy_id)
    if done.remote_id:
        kept |= {"remote_id": done.remote_id, "submitting": False, "submitted": now}
    elif not done.finished:
        kept |= {"submitting": False, "submits": F("submits") - 1}
    Attempt.objects.filter(pk=attempt.pk).update(**kept)
    attempt.refresh_from_db()
    if done.finished:
        step.note(
            Event.Kind.SENT,
            words,
            attempt=attempt,
            detail=done.words,
            milliseconds=since(started),
        )


def since(started: float) -> int:
    return round(1000 * (time.monotonic() - started))


def _now_running(step: Step, attempt: Attempt) -> None:
    row = accounts.account(step.job.provider)
    due = rhythm.next_look(attempt, row, now=db_now(), is_short=False)
    _later(step, Job.State.RUNNING, due)


def _wait_for_next_look(
    step: Step, attempt: Attempt, state: RemoteState, now: datetime
) -> None:
    row = accounts.account(step.job.provider)
    due = rhythm.next_look(attempt, row, now=now, is_short=False)
    assert attempt.submitted is not None  # noqa: S101  # it was looked at
    last = attempt.submitted + connections.deadline(attempt.provider)
    shown: dict[str, object] = {}
    if state.progress is not None:
        shown["progress"] = state.progress
    if state.status is RemoteStatus.RUNNING:
        shown["stage"] = WORKING_THERE
    _later(step, None, min(due, max(last, now)), **shown)


def _later(
    step: Step, state: Job.State | None, due: datetime, **changes: object
) -> None:
    step.release(state=state, due=due, is_trial=False, **changes)


def _hold(step: Step) -> None:
    row = accounts.account(step.job.provider)
    if not accounts.hold(step.job, row, only={"lease": step.token}):
        _see_why(step)


def _see_why(step: Step) -> None:
    """A job that cannot be held was given up, or taken by somebody else. Raises
    Cancelled or Lost."""
    step.renew(leaving.SUBMIT_LEASE)


def _wait_for_key(step: Step) -> None:
    label = connections.KINDS[step.job.provider].label
    sentence = _(
        "There is no key for %(provider)s here. The administrator has been told; the "
        "photo waits."
    ) % {"provider": label}
    accounts.broke(
        step.job.provider,
        NeedsOperator("no_key", Blame.SETUP, sentence, detail="no API key is set"),
    )
    _hold(step)


def _learn(attempt: Attempt, now: datetime, *, is_done: bool) -> None:
    if attempt.submitted is None:
        return
    age = (now - attempt.submitted).total_seconds()
    low = attempt.seen_unfinished
    seen = (low - attempt.submitted).total_seconds() if low else 0.0
    row = accounts.account(attempt.provider)
    if is_done:
        rhythm.learn(row, low=seen, high=age)
    else:
        rhythm.learn(row, low=age, high=None)
