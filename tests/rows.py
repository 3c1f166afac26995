"""Photos, restorations and jobs as rows alone, for pages that never open a file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from albums.models import Album, Original, Photo, Restoration
from albums.services import bump_version
from jobs.models import Batch, Event, Job


def add_photos(album: Album, count: int = 1) -> list[Photo]:
    originals = Original.objects.bulk_create(
        Original(
            path=f"originals/{uuid4().hex}.jpg",
            name="scan.jpg",
            format="jpeg",
            size=123_456,
            sha256=f"{number:064x}",
        )
        for number in range(count)
    )
    return Photo.objects.bulk_create(
        Photo(
            album=album,
            original=original,
            title=f"Scan {number}",
            width=3000,
            height=2000,
            added_by=album.owner,
        )
        for number, original in enumerate(originals)
    )


def add_restoration(photo: Photo, **fields: Any) -> Restoration:
    usual = {
        "attempt": uuid4(),
        "provider": "local",
        "recipe": "repair",
        "path": f"restorations/{uuid4().hex}.jpg",
        "format": "jpeg",
        "width": 3000,
        "height": 2000,
        "size": 1000,
        "sha256": "f" * 64,
    }
    return Restoration.objects.create(photo=photo, **usual | fields)


def add_batch(album: Album) -> Batch:
    return Batch.objects.create(album=album, asked_by=album.owner)


def add_job(photo: Photo, state: str = Job.State.QUEUED, **fields: Any) -> Job:
    """A job that changed just now. One that is ready has its restoration."""
    if state == Job.State.SUCCEEDED:
        fields.setdefault("restoration", add_restoration(photo))
    if state in Job.ENDED:
        fields.setdefault("finished", timezone.now())
    # Long ago, so that no clock of a test machine decides how often a page asks.
    usual: dict[str, Any] = {
        "provider": "local",
        "recipe": "repair",
        "due": timezone.now() - timedelta(hours=1),
        "sequence": bump_version(photo.album_id),
    }
    if "batch" not in fields:
        fields["batch"] = add_batch(photo.album)
    job = Job.objects.create(photo=photo, state=state, **usual | fields)
    Event.objects.create(job=job, kind="asked", words=job.recipe)
    return job


def touch(job: Job, **changes: Any) -> None:
    """Change a job as the runner does: with the album's next version."""
    sequence = bump_version(job.photo.album_id)
    Job.objects.filter(pk=job.pk).update(sequence=sequence, **changes)
