"""Addresses of ours at which a provider may fetch the one copy that it was asked to
restore: the stripped copy that would have been sent, never the original.

An address cannot be guessed (192 random bits, of which only a hash is kept), belongs to
one photo and one attempt, and opens nothing any more from the moment at which the
attempt has ended, its deadline has passed, somebody cancelled, or the album's consent
was withdrawn. The copy lies in SOURCE_DIR for just as long.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse

from albums.images import Format
from jobs import connections
from jobs.clock import db_now
from jobs.models import Attempt, Consent, Job, SourceLink
from jobs.providers.base import SOURCE_NOT_FETCHED, ProviderError, RetryCall

TOKEN_BYTES = 24
# A copy without a row may be one that is being written.
SECONDS_FOR_STRAYS = 5 * 60


@dataclass(frozen=True)
class Copy:
    """What an address opens."""

    file: BinaryIO = field(repr=False)
    media_type: str
    size: int


def may_fetch(job: Job) -> bool:
    """Whether the job's provider gets an address instead of the file. Where it could
    not fetch from us once, the job's photo is sent as a file."""
    if not connections.fetches_from_us(job.provider):
        return False
    return job.pk not in sent_as_files([job])


def sent_as_files(jobs: Iterable[Job]) -> set[int]:
    """The jobs whose provider could not fetch from us before."""
    fetched = [job.pk for job in jobs if connections.fetches_from_us(job.provider)]
    if not fetched:
        return set()
    tried = Attempt.objects.filter(
        job__in=fetched, provider=F("job__provider"), error_code=SOURCE_NOT_FETCHED
    )
    return set(tried.values_list("job", flat=True))


def offer(attempt: Attempt, copy: Path, made: Format) -> str:
    """A new address for a copy, "" where the provider gets the file. A submit that is
    tried again gets another one; the one before opens nothing. Raises OSError."""
    if not may_fetch(attempt.job):
        return ""
    revoke(Attempt.objects.filter(pk=attempt.pk))
    name = f"{secrets.token_urlsafe(TOKEN_BYTES)}{made.extension}"
    file = f"{secrets.token_hex(16)}{made.extension}"
    _put(copy, _path(file))
    SourceLink.objects.update_or_create(
        attempt=attempt,
        defaults={
            "token_hash": _hash(name),
            "file": file,
            "media_type": made.media_type,
            "expires": db_now() + connections.deadline(attempt.provider),
            "revoked": None,
        },
    )
    return f"{settings.SITE_URL}{reverse('jobs:source', args=[name])}"


@contextmanager
def open_while_wanted(attempt: Attempt) -> Iterator[None]:
    """Around the submit: a provider that did not take the photo need not fetch it."""
    try:
        yield
    except RetryCall as error:
        if not error.ambiguous:
            revoke(Attempt.objects.filter(pk=attempt.pk))
        raise
    except ProviderError:
        revoke(Attempt.objects.filter(pk=attempt.pk))
        raise


def revoke(attempts: QuerySet[Attempt]) -> None:
    """From now on nobody gets these copies any more."""
    for link in SourceLink.objects.filter(attempt__in=attempts, revoked=None):
        SourceLink.objects.filter(pk=link.pk).update(revoked=db_now())
        _path(link.file).unlink(missing_ok=True)


def open_copy(name: str, *, is_read: bool) -> Copy | None:
    """What is at an address; `is_read` counts it. None: nothing, or nothing any more."""
    now = db_now()
    found = _alive(now).filter(token_hash=_hash(name)).first()
    if found is None:
        return None
    try:
        file = _path(found.file).open("rb")
    except FileNotFoundError:
        return None
    if is_read:
        SourceLink.objects.filter(pk=found.pk).update(
            opened=F("opened") + 1, last_opened=now
        )
    return Copy(file, found.media_type, os.fstat(file.fileno()).st_size)


def sweep() -> None:
    """Revoke what is over, and remove copies that nothing points to."""
    alive = _alive(db_now())
    over = SourceLink.objects.filter(revoked=None).exclude(pk__in=alive.values("pk"))
    revoke(Attempt.objects.filter(pk__in=over.values("attempt")))
    wanted = set(SourceLink.objects.filter(revoked=None).values_list("file", flat=True))
    for path in Path(settings.SOURCE_DIR).iterdir():
        if path.name not in wanted and _age(path) > SECONDS_FOR_STRAYS:
            path.unlink(missing_ok=True)


def _put(copy: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    shutil.copyfile(copy, target)


def _alive(now: datetime) -> QuerySet[SourceLink]:
    """The links that open something, whether or not somebody revoked them in time."""
    consent = Consent.objects.in_force().filter(
        album=OuterRef("attempt__job__photo__album"),
        provider=OuterRef("attempt__provider"),
    )
    return SourceLink.objects.filter(
        Q(attempt__job__agreed_once=True) | Exists(consent),
        revoked=None,
        expires__gt=now,
        attempt__state=Attempt.State.OPEN,
        attempt__job__state__in=[*Job.ACTIVE, Job.State.HELD],
        attempt__job__cancel_asked=False,
    )


def _hash(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def _path(file: str) -> Path:
    return Path(settings.SOURCE_DIR) / file


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
