"""Results that come after their job was cancelled or given up: paid for, so kept as a
further restoration of the photo, and not bought again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from albums import images
from albums.services import bump_version
from jobs import accounts, budget, connections, money, remote_fetch
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job
from jobs.providers.base import (
    POLL,
    NeedsOperator,
    Provider,
    ProviderError,
    RemoteStatus,
    Result,
    RetryCall,
)

logger = logging.getLogger(__name__)

FIRST_WAIT = timedelta(minutes=2)
# After that the provider has thrown the result away, or never had one.
GIVE_UP_AFTER = timedelta(hours=2)
CLAIM = timedelta(minutes=5)
AT_A_TIME = 10
WITHIN = timedelta(seconds=1)


def due(now: datetime) -> list[int]:
    waiting = Attempt.objects.filter(late_look__lte=now, state=Attempt.State.ABANDONED)
    return list(waiting.order_by("late_look").values_list("pk", flat=True)[:AT_A_TIME])


def collect(attempt_id: int) -> None:
    """Ask once for one late result. Whoever claims the row does it; others return."""
    now = db_now()
    found = Attempt.objects.filter(pk=attempt_id, late_look__lte=now)
    if found.update(late_look=now + CLAIM) != 1:
        return
    attempt = Attempt.objects.select_related("job__photo__original").get(pk=attempt_id)
    row = accounts.account(attempt.provider)
    if not accounts.may_look(row) or not connections.has_key(attempt.provider):
        return
    moment = budget.reserve(attempt.provider, POLL, now=now, within=WITHIN)
    if moment is None:
        return
    budget.leave(attempt.provider, moment, POLL)
    try:
        provider = connections.connect(attempt.provider, learned=row.learned)
        _look(attempt, provider, now)
    except (RetryCall, NeedsOperator) as error:
        logger.info("attempt %s: no late result yet: %s", attempt.pk, error.code)
        _again_later(attempt, now)
    except (ProviderError, images.BadPicture) as error:
        _never(attempt, str(error))


def _look(attempt: Attempt, provider: Provider, now: datetime) -> None:
    state = provider.poll(attempt.remote_id, attempt.brought)
    if state.status is RemoteStatus.SUCCEEDED and state.result is not None:
        if _would_be_bought(attempt):
            _never(attempt, "cancelled before it was bought")
            return
        with transaction.atomic():
            Attempt.objects.filter(pk=attempt.pk).update(charged=True, result_seen=now)
            money.charge(attempt, attempt.job)
        _keep(attempt, provider, state.result)
    else:
        _again_later(attempt, now)


def _would_be_bought(attempt: Attempt) -> bool:
    """Nobody wants it any more, and only fetching it would cost."""
    kind = connections.KINDS[attempt.provider]
    is_cancelled = attempt.job.state == Job.State.CANCELLED
    return is_cancelled and kind.pays_on_fetch and not attempt.charged


def _keep(attempt: Attempt, provider: Provider, result: Result) -> None:
    part = Path(settings.SCRATCH_DIR) / f"late-{uuid4().hex}"
    try:
        provider.fetch(result, part)
        encoded = remote_fetch.checked(part)
        remote_fetch.check_size(attempt, encoded)
        with transaction.atomic():
            # First, as whoever tries again does: else each could wait for the other.
            bump_version(attempt.job.photo.album_id)
            is_late = {"state": Attempt.State.LATE, "finished": db_now()}
            if _given_up(attempt).update(**is_late) != 1:
                return
            remote_fetch.keep(attempt, attempt.job, part, encoded)
            Event.objects.create(
                job=attempt.job,
                attempt=attempt,
                kind=Event.Kind.LATE_RESULT,
                charged=True,
            )
    finally:
        part.unlink(missing_ok=True)


def _again_later(attempt: Attempt, now: datetime) -> None:
    begun = attempt.submitted or attempt.created
    age = now - begun
    if age > GIVE_UP_AFTER:
        _never(attempt, "not finished in time")
        return
    wait = max(FIRST_WAIT, age / 2)
    _given_up(attempt).update(late_look=now + wait)


def _given_up(attempt: Attempt) -> QuerySet[Attempt]:
    """The attempt, unless somebody tried again meanwhile: then it is the job's."""
    return Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.ABANDONED)


def _never(attempt: Attempt, why: str) -> None:
    if _given_up(attempt).update(late_look=None, result_address="") != 1:
        return
    Event.objects.create(
        job=attempt.job, attempt=attempt, kind=Event.Kind.NO_LATE_RESULT, detail=why
    )
