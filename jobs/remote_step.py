"""The steps of a job that a remote provider does: submit, look, fetch. Each is one
short call, after which the job waits in the database for its next moment.

What may never happen is paying twice. The attempt's row says that a submit has begun
before the call, and holds the provider's id right after it; a submit whose end is not
known is followed by one more at most, and the timeline says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from jobs import (
    accounts,
    budget,
    connections,
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
from jobs.models import Attempt, Event, Job
from jobs.providers.base import (
    POLL,
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
from jobs.remote_calls import call_of, hold, later, see_why, since
from jobs.remote_trouble import answer_to, is_over, too_late
from jobs.services import NO_CONSENT, has_consent, nobody_agreed
from jobs.step import Failure, Step

logger = logging.getLogger(__name__)

# The row that says that a submit has begun is written so long before its moment:
# early enough for the request to leave on time, late enough to be true.
WRITE_AHEAD = 0.1
MOST_SUBMITS = 2
# States in which a task is at the provider.
THERE = {Job.State.RUNNING, Job.State.FETCHING}
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
    if job.state in THERE and not attempt.remote_id:
        # A step broke off after it had given up the task that was there.
        later(step, Job.State.QUEUED, db_now())
        return
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
            see_why(step)
    except ProviderError as error:
        answer_to(step, attempt, error)
    finally:
        budget.give_back(job.provider, call, moment)


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
        later(step, None, db_now() + remote_copies.WAIT)
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
        _keep_submission(step, attempt, done, started, words=way.words)
    made = (done.call, *done.also)
    budget.settle(step.job.provider, left, booked=call, made=made)
    pays_later = connections.KINDS[step.job.provider].pays_on_fetch
    accounts.well(step.job.provider, paid=not pays_later)
    accounts.learn(step.job.provider, done.learned)
    budget.keep_quiet(step.job.provider, done.quiet)
    if not done.finished:
        later(step, Job.State.SUBMITTING, db_now())
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
        too_late(step, attempt)
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
    if attempt.events.filter(kind=Event.Kind.SUBMIT_UNKNOWN).exists():
        return
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
    _check_consent(step.job)
    money.take_place(attempt, step.job.photo.album_id)


def _take_back_submit(attempt: Attempt) -> None:
    """The provider did not take the photo: that submit does not count. Of one before
    it as little is known as it was."""
    Attempt.objects.filter(pk=attempt.pk).update(
        submitting=attempt.submitting, submits=F("submits") - 1
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


def _now_running(step: Step, attempt: Attempt) -> None:
    row = accounts.account(step.job.provider)
    due = rhythm.next_look(attempt, row, now=db_now(), is_short=False)
    later(step, Job.State.RUNNING, due)


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
    later(step, None, min(due, max(last, now)), **shown)


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
    hold(step)


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
