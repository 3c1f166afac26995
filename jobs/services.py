"""What people and albums may ask of the jobs. Every change of a job is one conditional
UPDATE; its timeline line and the album's new version go into the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from albums.models import Photo, User
from albums.services import bump_version
from jobs.clock import db_now
from jobs.models import Attempt, Batch, Event, Job
from jobs.recipes import options_for

FORGET_ERROR = {
    "error_code": "",
    "blame": "",
    "message": "",
    "detail": "",
    "finished": None,
}
RELEASED = {"lease": None, "leased_until": None, "holder": ""}


def request_restoration(
    photo: Photo,
    *,
    by: User,
    recipe: str,
    batch: UUID,
    provider: str = "local",
    chosen: Mapping[str, str] | None = None,
) -> Job:
    """Start a job. `batch` is shared by all jobs of one click, which makes a repeated
    request harmless: the same photo, provider and options in a batch are one job.

    Raises BadOption.
    """
    options = options_for(provider, recipe, chosen)
    with transaction.atomic():
        group, _made = Batch.objects.get_or_create(
            code=batch, defaults={"album_id": photo.album_id, "asked_by": by}
        )
        # Holds the album's row, so that a double click waits here for the first.
        version = bump_version(photo.album_id)
        same = {"photo": photo, "provider": provider, "options": options}
        job, made = Job.objects.get_or_create(
            batch=group,
            **same,
            defaults={"recipe": recipe, "due": db_now(), "sequence": version},
        )
        if made:
            Event.objects.create(job=job, kind="asked", words=recipe, by=by)
    return job


def change(
    job: Job,
    changes: Mapping[str, Any],
    *,
    only: Mapping[str, Any],
    kind: str = "",
    words: str = "",
    detail: str = "",
    by: User | None = None,
) -> bool:
    """Change a job where it still is what `only` says. False: it is not, and nothing
    was touched. `kind` writes a timeline line."""
    with transaction.atomic():
        fitting = Job.objects.filter(pk=job.pk, **only)
        if fitting.update(**changes) != 1:
            return False
        version = bump_version(job.photo.album_id)
        Job.objects.filter(pk=job.pk).update(sequence=version)
        if kind:
            Event.objects.create(job=job, kind=kind, words=words, detail=detail, by=by)
    return True


def cancel(job: Job, *, by: User) -> bool:
    """Cancel at once what waits; ask whoever works on it otherwise. False when the
    job has already ended."""
    ended = {"state": Job.State.CANCELLED, "finished": db_now(), **RELEASED}
    waiting = {"state__in": [Job.State.QUEUED, Job.State.HELD], "holder": ""}
    if change(job, ended, only=waiting, kind="cancelled", by=by):
        return True
    working = {"state__in": Job.ACTIVE, "cancel_asked": False}
    return change(job, {"cancel_asked": True}, only=working, kind="cancel_asked", by=by)


def retry(job: Job, *, by: User) -> bool:
    """Queue a failed or cancelled job again. Where its last task may still be alive at
    the provider, that one is asked first; else it is a new attempt on the same job.
    False when somebody did so already."""
    stopped = {"state__in": [Job.State.FAILED, Job.State.CANCELLED]}
    with transaction.atomic():
        if not change(job, _begun_again(), only=stopped, kind="retried", by=by):
            return False
        asked = job.attempts.order_by("number").last()
        if asked and asked.remote_id and asked.state == Attempt.State.ABANDONED:
            Attempt.objects.filter(pk=asked.pk).update(
                state=Attempt.State.OPEN, asked_again=True, late_look=None, trouble=0
            )
            found = Job.State.FETCHING if asked.result_seen else Job.State.RUNNING
            Job.objects.filter(pk=job.pk).update(state=found)
    return True


def _begun_again() -> dict[str, Any]:
    return {
        "state": Job.State.QUEUED,
        "due": db_now(),
        "crashes": 0,
        "resubmits": 0,
        "cancel_asked": False,
        "progress": 0,
        "stage": "",
        "hold": "",
        **FORGET_ERROR,
        **RELEASED,
    }
