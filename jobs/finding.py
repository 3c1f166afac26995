"""A submit whose answer was lost, at a provider that can say what became of it: it is
looked for under the name of the copy, twice, before anything is sent again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from jobs import accounts, budget, connections
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job
from jobs.providers.base import Finds, NeedsOperator, Provider, Submission
from jobs.step import Step

WITHIN = timedelta(seconds=1)
# A list may know a task only a while after it began.
BEFORE_SECOND_LOOK = timedelta(seconds=20)
LOOKED_FOR = "looked_for"
# The code of a list that the provider does not have any more: then it cannot tell.
NO_LIST = "wrong_address"


def is_settled(step: Step, attempt: Attempt, provider: Provider) -> bool:
    """Whether the lost submit needs no new one: its task was found, or will be looked
    for again, in which case the step is over. Raises ProviderError."""
    if not attempt.submitting or not isinstance(provider, Finds):
        return False
    if attempt.brought.get(LOOKED_FOR) == "twice":
        return False
    moment = _moment(step, provider)
    if moment is None:
        return True
    try:
        found = provider.find(attempt.request_key.hex, attempt.brought)
    except NeedsOperator as error:
        if error.code != NO_LIST:
            raise
        _remember(attempt, "twice")
        return False
    made = (found.call, *found.also) if found else (provider.find_call,)
    budget.settle(step.job.provider, moment, booked=provider.find_call, made=made)
    accounts.well(step.job.provider, paid=False)
    if found:
        _keep(step, attempt, found)
        return True
    return _look_once_more(step, attempt)


def _moment(step: Step, provider: Finds) -> datetime | None:
    """When the question may go out. None: not now, and the step is over."""
    name, call, now = step.job.provider, provider.find_call, db_now()
    moment = budget.reserve(name, call, now=now, within=WITHIN)
    if moment is None:
        wait = max(WITHIN, budget.wait_for_room(name, call, now=now))
        step.release(state=Job.State.SUBMITTING, due=now + wait, is_trial=False)
        return None
    return budget.leave(name, moment, call)


def _keep(step: Step, attempt: Attempt, found: Submission) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        remote_id=found.remote_id,
        brought={**attempt.brought, **found.brought},
        submitting=False,
        submitted=db_now(),
        trouble=0,
    )
    accounts.learn(step.job.provider, found.learned)
    step.note(
        Event.Kind.FOUND_AGAIN,
        _("Sending broke off, but %(provider)s has the photo: it is not sent again.")
        % {"provider": connections.KINDS[step.job.provider].label},
        attempt=attempt,
    )
    step.release(state=Job.State.RUNNING, due=db_now(), is_trial=False)


def _look_once_more(step: Step, attempt: Attempt) -> bool:
    """Not listed: after a while once more; then it is settled that it never arrived."""
    is_second = LOOKED_FOR in attempt.brought
    _remember(attempt, "twice" if is_second else "once")
    if is_second:
        return False
    due = db_now() + BEFORE_SECOND_LOOK
    step.release(state=Job.State.SUBMITTING, due=due, is_trial=False)
    return True


def _remember(attempt: Attempt, looked: str) -> None:
    brought = {**attempt.brought, LOOKED_FOR: looked}
    Attempt.objects.filter(pk=attempt.pk).update(brought=brought)
    attempt.refresh_from_db()
