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
from jobs import accounts, budget, connections, errands, money, source_links
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
from jobs.remote_calls import since
from jobs.remote_trouble import backoff
from jobs.scratch import scratch_folder
from jobs.step import Failure, Step

FETCH_LEASE = timedelta(seconds=180)
ASK_WITHIN = timedelta(seconds=1)
# A result that will not come at its address is asked for anew; then it is given up.
MOST_FETCHES = 4
# In what an attempt brought: the end of the result's address.
EXPIRES = "result_expires"
# What straightens a picture cuts a little off its edges.
LEAST_SHARE = 0.9


def found(
    step: Step,
    attempt: Attempt,
    provider: Provider,
    state: RemoteState,
    *,
    started: float | None = None,
) -> None:
    """The provider says that it is done: charged, whatever becomes of the bytes, where
    it is not the fetching that costs."""
    result = state.result or Result()
    now = db_now()
    is_paid = not connections.KINDS[attempt.provider].pays_on_fetch
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(
            result_address=result.address,
            result_seen=now,
            brought=_with_end(attempt, result),
            charged=is_paid or attempt.charged,
            trouble=0,
        )
        attempt.refresh_from_db()
        if is_paid:
            money.charge(attempt, step.job)
    source_links.revoke(Attempt.objects.filter(pk=attempt.pk))
    took = since(started) if started else None
    step.note(
        Event.Kind.DONE_THERE,
        "",
        attempt=attempt,
        detail=state.words,
        milliseconds=took,
        charged=is_paid,
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
    if not attempt.result_address or attempt.result_seen is None:
        return False
    ends = attempt.result_seen + provider.limits.result_lifetime
    if EXPIRES in attempt.brought:
        ends = min(ends, datetime.fromisoformat(attempt.brought[EXPIRES]))
    return db_now() < ends


def _with_end(attempt: Attempt, result: Result) -> dict[str, str]:
    """What was brought so far, and until when the new address can be fetched. One that
    is over already is the fault of a clock, and tried all the same."""
    brought = {name: text for name, text in attempt.brought.items() if name != EXPIRES}
    if result.expires and result.expires > db_now():
        brought[EXPIRES] = result.expires.isoformat()
    return brought


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
    costs = connections.KINDS[attempt.provider].pays_on_fetch
    with scratch_folder(step) as folder:
        part = folder / "result"
        try:
            provider.fetch(result, part)
            _was_bought(attempt, step.job, costs=costs)
            encoded = checked(part)
            check_size(attempt, encoded)
            if costs:
                accounts.well(attempt.provider)
        except (RetryCall, Resubmit, images.BadPicture) as error:
            # What broke off on the way may have been bought.
            was_refused = isinstance(error, RetryCall) and error.rate_limited
            _was_bought(attempt, step.job, costs=costs and not was_refused)
            _not_yet(step, attempt, error)
            return
        step.note(
            Event.Kind.FETCHED,
            "",
            attempt=attempt,
            milliseconds=since(started),
            charged=costs and not _is_free(attempt),
        )
        with transaction.atomic():
            restoration = keep(attempt, step.job, part, encoded)
            step.succeed(attempt, restoration)


def _was_bought(attempt: Attempt, job: Job, *, costs: bool) -> None:
    """Once, where it is the fetching that costs, and was not paid for before."""
    if not costs or attempt.charged or _is_free(attempt):
        return
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(charged=True)
        money.charge(attempt, job)
    attempt.refresh_from_db()


def _is_free(attempt: Attempt) -> bool:
    """The provider said that this one takes nothing of the account."""
    return attempt.credits == 0


def checked(part: Path) -> Encoded:
    """A result that was decoded whole, within the limits. Raises BadPicture."""
    picture = images.inspect(part)
    first = picture.pages[0]
    with part.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Encoded(picture.format, first.width, first.height, picture.size, digest)


def check_size(attempt: Attempt, encoded: Encoded) -> None:
    """That it is no preview, where the provider gives back at least what it got.
    Raises Resubmit."""
    kind = connections.KINDS[attempt.provider]
    sent = max(attempt.sent_width or 0, attempt.sent_height or 0)
    longest = max(encoded.width, encoded.height)
    if kind.limits.never_smaller and longest < sent * LEAST_SHARE:
        raise Resubmit(
            "result_is_preview",
            Blame.PROVIDER,
            _("%(provider)s handed over only a small preview.")
            % {"provider": kind.label},
            detail=f"{longest} pixels instead of {sent}",
        )


def keep(attempt: Attempt, job: Job, part: Path, encoded: Encoded) -> Restoration:
    """Inside a transaction: the restoration, the ledger's line, no secrets any more."""
    label = connections.KINDS[attempt.provider].label
    made_by = MadeBy(
        attempt=attempt.request_key,
        provider=attempt.provider,
        recipe=job.recipe,
        note=note_for(job, attempt.provider, note_about_copy(attempt, job, label)),
        cut=attempt.cut,
    )
    restoration = add_restoration(job.photo, part, encoded, made_by)
    is_charged = attempt.charged or not _is_free(attempt)
    if is_charged:
        money.charge(attempt, job)
    Attempt.objects.filter(pk=attempt.pk).update(
        brought={}, result_address="", late_look=None, charged=is_charged
    )
    errands.look_for_changes(restoration)
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
    wait = backoff(attempt.fetches - 1)
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
    words["result_is_preview"] = _(
        "%(provider)s handed over only a small preview of the restored photo. Ask whoever "
        "looks after this app whether the plan there includes pictures in full size."
    )
    other = _(
        "The restored photo could not be fetched from %(provider)s. Try again: it is "
        "fetched, and not bought again, as long as %(provider)s keeps it."
    )
    sentence = words.get(code, other) % {"provider": label}
    is_gone = code in {"result_gone", "result_not_a_picture"}
    return Failure(code, Job.Blame.PROVIDER, sentence, detail=detail, is_final=is_gone)
