"""Fetching a result: where an attacker would come in. It is a picture only once it was
decoded under limits; finished means that we hold the bytes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from albums import images
from albums.images import Encoded
from albums.models import Restoration
from albums.services import MadeBy, add_restoration
from jobs import budget, connections, money, remote_step, source_links
from jobs.clock import db_now
from jobs.leaving import note_about_copy
from jobs.models import Attempt, Event, Job
from jobs.notes import note_for
from jobs.providers.base import (
    POLL,
    Blame,
    Provider,
    RemoteState,
    RemoteStatus,
    Resubmit,
    Result,
    RetryCall,
)
from jobs.scratch import scratch_folder
from jobs.step import Failure, Step

FETCH_LEASE = timedelta(seconds=180)
ASK_WITHIN = timedelta(seconds=1)
# A result that will not come at its address is asked for anew; then it is given up.
MOST_FETCHES = 4


def found(
    step: Step,
    attempt: Attempt,
    provider: Provider,
    state: RemoteState,
    *,
    started: float | None = None,
) -> None:
    """The provider says that it is done: charged, whatever becomes of the bytes."""
    result = state.result or Result()
    now = db_now()
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(
            result_address=result.address, result_seen=now, charged=True, trouble=0
        )
        attempt.refresh_from_db()
        money.charge(attempt, step.job)
    source_links.revoke(Attempt.objects.filter(pk=attempt.pk))
    took = remote_step.since(started) if started else None
    step.note(
        Event.Kind.DONE_THERE,
        "",
        attempt=attempt,
        detail=state.words,
        milliseconds=took,
        charged=True,
    )
    if result.data:
        step.move(
            Job.State.FETCHING, kind=Event.Kind.FETCHING, leased_until=now + FETCH_LEASE
        )
        _take_in(step, attempt, provider, result)
        return
    step.release(state=Job.State.FETCHING, due=now)


def fetch(
    step: Step, attempt: Attempt, provider: Provider, moment: datetime | None
) -> None:
    """Fetch from the address that is known, or ask for a fresh one first."""
    if not _is_fresh(attempt, provider):
        _ask_anew(step, attempt, provider)
        return
    step.renew(FETCH_LEASE, progress=1)
    _take_in(step, attempt, provider, Result(address=attempt.result_address))


def _is_fresh(attempt: Attempt, provider: Provider) -> bool:
    seen = attempt.result_seen
    lifetime = provider.limits.result_lifetime
    return bool(attempt.result_address and seen and db_now() - seen < lifetime)


def _ask_anew(step: Step, attempt: Attempt, provider: Provider) -> None:
    """The address is old or did not work: a look brings a new one, within the budget."""
    now = db_now()
    moment = budget.reserve(attempt.provider, POLL, now=now, within=ASK_WITHIN)
    if moment is None:
        wait = budget.wait_for_room(attempt.provider, POLL, now=now)
        step.release(state=Job.State.FETCHING, due=now + max(wait, ASK_WITHIN))
        return
    left = budget.leave(attempt.provider, moment, POLL)
    try:
        state = provider.poll(attempt.remote_id, attempt.brought)
    except Resubmit as error:
        raise _given_up(attempt, "result_gone", error.detail) from error
    made = (state.call, *state.also)
    budget.settle(attempt.provider, left, booked=POLL, made=made)
    if state.status is not RemoteStatus.SUCCEEDED or state.result is None:
        raise RetryCall(
            "result_not_ready",
            Blame.PROVIDER,
            _("The provider said that the photo was done, but has no picture yet."),
        )
    found(step, attempt, provider, state)


def _take_in(step: Step, attempt: Attempt, provider: Provider, result: Result) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(fetches=F("fetches") + 1)
    attempt.refresh_from_db()
    started = time.monotonic()
    with scratch_folder(step) as folder:
        part = folder / "result"
        try:
            provider.fetch(result, part)
            encoded = checked(part)
        except (RetryCall, Resubmit, images.BadPicture) as error:
            _not_yet(step, attempt, error)
            return
        step.note(
            Event.Kind.FETCHED,
            "",
            attempt=attempt,
            milliseconds=remote_step.since(started),
        )
        with transaction.atomic():
            restoration = keep(attempt, step.job, part, encoded)
            step.succeed(attempt, restoration)


def checked(part: Path) -> Encoded:
    """A result that was decoded whole, within the limits. Raises BadPicture."""
    picture = images.inspect(part)
    first = picture.pages[0]
    with part.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Encoded(picture.format, first.width, first.height, picture.size, digest)


def keep(attempt: Attempt, job: Job, part: Path, encoded: Encoded) -> Restoration:
    """Inside a transaction: the restoration, the ledger's line, no secrets any more."""
    label = connections.KINDS[attempt.provider].label
    made_by = MadeBy(
        attempt=attempt.request_key,
        provider=attempt.provider,
        recipe=job.recipe,
        note=note_for(job, attempt.provider, note_about_copy(attempt, job, label)),
    )
    restoration = add_restoration(job.photo, part, encoded, made_by)
    money.charge(attempt, job)
    Attempt.objects.filter(pk=attempt.pk).update(
        brought={}, result_address="", late_look=None, charged=True
    )
    return restoration


def _not_yet(
    step: Step, attempt: Attempt, error: RetryCall | Resubmit | images.BadPicture
) -> None:
    """Bought, but not in our hands: fetched again, later from a fresh address, and
    never bought anew by ourselves."""
    code, detail = _named(error)
    Event.objects.create(
        job=step.job,
        attempt=attempt,
        kind=Event.Kind.FETCH_FAILED,
        detail=f"{code}: {detail}",
    )
    if attempt.fetches >= MOST_FETCHES:
        raise _given_up(attempt, code, detail) from error
    if not isinstance(error, RetryCall):
        Attempt.objects.filter(pk=attempt.pk).update(result_address="")
    wait = remote_step.backoff(attempt.fetches - 1)
    step.release(state=Job.State.FETCHING, due=db_now() + wait)


def _named(error: RetryCall | Resubmit | images.BadPicture) -> tuple[str, str]:
    if isinstance(error, images.BadPicture):
        return "result_not_a_picture", f"{error.code}: {error.sentence}"
    return error.code, error.detail


def _given_up(attempt: Attempt, code: str, detail: str) -> Failure:
    label = connections.KINDS[attempt.provider].label
    words = {
        "result_not_a_picture": _(
            "What %(provider)s sent back is not a picture that can be opened. The "
            "restoration was charged; ask whoever looks after this app to claim it back."
        ),
        "result_gone": _(
            "The restored photo was no longer at %(provider)s when we fetched it. It "
            "was charged; ask whoever looks after this app to claim it back."
        ),
    }
    other = _(
        "The restored photo could not be fetched from %(provider)s. Try again: it is "
        "fetched, and not bought again, as long as %(provider)s keeps it."
    )
    sentence = words.get(code, other) % {"provider": label}
    is_gone = code in {"result_gone", "result_not_a_picture"}
    return Failure(code, Job.Blame.PROVIDER, sentence, detail=detail, is_final=is_gone)
