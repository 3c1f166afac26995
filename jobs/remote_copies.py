"""Copies of photos that stay at a provider until they are deleted there.

A copy is on record as soon as the provider has named it, so that it is deleted even
where the job fails later. While it is there, a further wish for the same photo is
restored from it, and nothing is sent. It is deleted when nobody needs it any more, at
once or after as many hours as the operator set, and at once where the consent is gone.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from albums.models import Photo
from jobs import accounts, budget, connections
from jobs.clock import db_now
from jobs.models import Attempt, Consent, Event, Job, ProviderAccount, RemoteCopy
from jobs.providers.base import KeepsCopies, ProviderError

logger = logging.getLogger(__name__)

UNFINISHED = (*Job.ACTIVE, Job.State.HELD)
# What is open of a job that has ended does nothing.
AT_WORK = Q(state=Attempt.State.OPEN, job__state__in=UNFINISHED)

# Another task works on the copy: asked again after so long.
WAIT = timedelta(seconds=5)
CLAIM = timedelta(minutes=5)
WITHIN = timedelta(seconds=1)
AT_A_TIME = 40
# A result that was there and could not be fetched can still be had for so long.
RETRY_WITHIN = timedelta(hours=24)
LONGEST_BACKOFF = timedelta(hours=6)
# What these requests are, by the names of the providers' budgets: nothing of their own.
TENDING = "tend"


def keep(job: Job, copy_id: str) -> RemoteCopy:
    """Put on record that a copy lies there, and what it was restored with."""
    copy, _made = RemoteCopy.objects.update_or_create(
        provider=job.provider,
        copy_id=copy_id,
        defaults={
            "photo": job.photo,
            "options": job.options,
            "cut": job.photo.cut,
            "used": db_now(),
            "deleted": None,
        },
    )
    return copy


def reserve(attempt: Attempt, job: Job) -> bool:
    """Let the attempt work on the photo's copy there, if there is one. False: somebody
    else works on it, ask again in a while."""
    if attempt.copy_id or attempt.brought:
        return True
    with transaction.atomic():
        there = RemoteCopy.objects.filter(
            photo=job.photo, provider=job.provider, deleted=None, cut=job.photo.cut
        ).exclude(copy_id="")
        copies = list(there.select_for_update().order_by("-used"))
        others = Attempt.objects.filter(copy__in=copies).exclude(pk=attempt.pk)
        if _is_being_sent(attempt, job) or others.filter(AT_WORK).exists():
            return False
        awaited = set(others.filter(_awaited()).values_list("copy__pk", flat=True))
        uploaded = others.exclude(submitted=None).exclude(sent_width=None)
        for copy in copies:
            before = uploaded.filter(copy=copy).order_by("-pk").first()
            if before and copy.pk not in awaited:
                _give(copy, attempt, before)
                break
    attempt.refresh_from_db()
    return True


def _is_being_sent(attempt: Attempt, job: Job) -> bool:
    """Whether an earlier task is about to bring the photo there."""
    earlier = Attempt.objects.filter(
        job__photo=job.photo, provider=job.provider, pk__lt=attempt.pk
    )
    return earlier.filter(AT_WORK, copy=None).exists()


def _give(copy: RemoteCopy, attempt: Attempt, before: Attempt) -> None:
    """What was sent then is what this attempt works on."""
    Attempt.objects.filter(pk=attempt.pk).update(
        copy=copy,
        sent_width=before.sent_width,
        sent_height=before.sent_height,
        sent_bytes=before.sent_bytes,
        cut=copy.cut,
    )


def is_gone(copy: RemoteCopy) -> None:
    """The provider does not know it any more."""
    with transaction.atomic():
        RemoteCopy.objects.filter(pk=copy.pk).update(
            deleted=db_now(), copy_id="", look_after=None
        )
        Attempt.objects.filter(copy=copy, state=Attempt.State.OPEN).update(copy=None)


def note_stars(request_key: UUID, stars: int) -> None:
    """The family's word on a restoration, to be told where its copy is still there."""
    Attempt.objects.filter(
        request_key=request_key, copy__isnull=False, copy__deleted=None
    ).update(stars=stars, stars_told=None)


def due(now: datetime, *, photo: Photo | None = None) -> list[int]:
    """The copies with which something is to be done now."""
    copies = _there(now)
    if photo is not None:
        copies = copies.filter(photo=photo)
    wanted = copies.filter(_unneeded(now) | _unheard())
    return list(wanted.order_by("used").values_list("pk", flat=True)[:AT_A_TIME])


def tend(copy_pk: int) -> None:
    """Tell what the family thinks of the restoration, and delete the copy when nobody
    needs it. Whoever claims the row does it; others return."""
    now = db_now()
    claimed = _there(now).filter(pk=copy_pk).update(look_after=now + CLAIM)
    if claimed != 1:
        return
    copy = RemoteCopy.objects.select_related("photo").get(pk=copy_pk)
    provider = _provider_of(copy)
    if provider is None:
        return
    same = RemoteCopy.objects.filter(pk=copy.pk)
    try:
        if same.filter(_unheard()).exists():
            _tell(copy, provider, now)
        if same.filter(_unneeded(now)).exists():
            _delete(copy, provider, now)
        same.update(look_after=None, trouble=0)
    except _NotNow:
        same.update(look_after=now + WAIT)
    except ProviderError as error:
        _try_later(copy, error, now)


def tidy_up(job: Job) -> Job:
    """Where no worker will: look after the copies of the job's photo at once."""
    for copy_pk in due(db_now(), photo=job.photo):
        tend(copy_pk)
    return job


class _NotNow(Exception):
    """The budget has no moment for it."""


def _there(now: datetime) -> QuerySet[RemoteCopy]:
    copies = RemoteCopy.objects.filter(deleted=None).exclude(copy_id="")
    return copies.filter(Q(look_after=None) | Q(look_after__lte=now))


def _unneeded(now: datetime) -> Q:
    """Nobody works on it, waits for it or may still fetch from it, and its time is up;
    what remains after a consent is gone are tasks that were paid for."""
    jobs = Job.objects.filter(photo=OuterRef("photo"), provider=OuterRef("provider"))
    unfinished = jobs.filter(state__in=UNFINISHED)
    attempts = Attempt.objects.filter(copy=OuterRef("pk"))
    working = attempts.filter(AT_WORK | _awaited())
    fetchable = attempts.filter(
        state=Attempt.State.ABANDONED,
        result_seen__isnull=False,
        job__state=Job.State.FAILED,
        finished__gt=now - RETRY_WITHIN,
    )
    at_rest = Q(~Exists(unfinished), ~Exists(working))
    return at_rest & (_is_refused() | _time_is_up(now) & Q(~Exists(fetchable)))


def _unheard() -> Q:
    """Somebody judged what was made from it last, and nothing else is under way."""
    same = Attempt.objects.filter(copy=OuterRef("copy"))
    newest = same.order_by("-pk").values("pk")[:1]
    judged = Attempt.objects.filter(
        copy=OuterRef("pk"),
        pk=newest,
        stars__isnull=False,
        stars_told=None,
        state=Attempt.State.SUCCEEDED,
    )
    return ~_is_refused() & Q(Exists(judged))


def _awaited() -> Q:
    return Q(state=Attempt.State.ABANDONED, late_look__isnull=False)


def _is_refused() -> Q:
    """Somebody took the album's consent back."""
    consents = Consent.objects.filter(
        album=OuterRef("photo__album"), provider=OuterRef("provider")
    )
    return Q(Exists(consents), ~Exists(consents.filter(withdrawn=None)))


def _time_is_up(now: datetime) -> Q:
    up = Q(pk=None)
    for name in connections.KINDS:
        up |= Q(provider=name, used__lte=now - _kept_for(name))
    return up


def _kept_for(provider: str) -> timedelta:
    hours = settings.PROVIDERS[provider].extra.get("keep_hours")
    return timedelta(hours=int(hours or 0))


def _provider_of(copy: RemoteCopy) -> KeepsCopies | None:
    """Ready to be asked; a paused one is, because what it has is to be cleared up."""
    row = accounts.account(copy.provider)
    ill = {ProviderAccount.State.BROKEN, ProviderAccount.State.RESTING}
    if row.state in ill or not connections.has_key(copy.provider):
        return None
    provider = connections.connect(copy.provider, learned=row.learned)
    return provider if isinstance(provider, KeepsCopies) else None


def _wait_for_moment(provider: str, now: datetime) -> None:
    moment = budget.reserve(provider, TENDING, now=now, within=WITHIN)
    if moment is None:
        raise _NotNow
    budget.leave(provider, moment, TENDING)


def _tell(copy: RemoteCopy, provider: KeepsCopies, now: datetime) -> None:
    """Tried once: it must not keep the copy from being deleted."""
    attempt = copy.attempts.order_by("-pk")[0]
    assert attempt.stars is not None  # noqa: S101  # the query asked for it
    _wait_for_moment(copy.provider, now)
    said = Attempt.objects.filter(pk=attempt.pk, stars=attempt.stars)
    try:
        provider.rate(copy.copy_id, attempt.stars)
    except ProviderError as error:
        logger.warning("attempt %s: not rated: %s", attempt.pk, error.code)
        said.update(stars=None)
        return
    said.update(stars_told=now)


def _delete(copy: RemoteCopy, provider: KeepsCopies, now: datetime) -> None:
    _wait_for_moment(copy.provider, now)
    provider.delete(copy.copy_id)
    with transaction.atomic():
        RemoteCopy.objects.filter(pk=copy.pk).update(deleted=db_now(), copy_id="")
        last = copy.attempts.select_related("job").order_by("-pk").first()
        if last:
            Event.objects.create(
                job=last.job, attempt=last, kind=Event.Kind.COPY_DELETED
            )


def _try_later(copy: RemoteCopy, error: ProviderError, now: datetime) -> None:
    """Until it is done, however long that takes."""
    wait = min(LONGEST_BACKOFF, timedelta(minutes=1) * (1 << min(copy.trouble, 10)))
    logger.warning("copy %s is not deleted yet: %s", copy.pk, error.code)
    RemoteCopy.objects.filter(pk=copy.pk).update(
        trouble=min(copy.trouble + 1, 1000), look_after=now + wait
    )
