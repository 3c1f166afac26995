"""What leaves the house: a copy that is upright, without any metadata, under a neutral
name, and re-encoded only as far as the provider's limits ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils.translation import gettext as _

from albums import images
from albums.images import Format
from albums.services import crop_box, original_file
from jobs.file_trouble import file_trouble
from jobs.models import Attempt, Job
from jobs.providers.base import Provider, Scan
from jobs.scratch import scratch_folder
from jobs.step import Failure, Step

SUBMIT_LEASE = timedelta(seconds=60)
LONG_LEASE = timedelta(seconds=270)


@contextmanager
def copy_to_send(step: Step, attempt: Attempt, provider: Provider) -> Iterator[Scan]:
    """The copy, for as long as the call takes. Raises Failure."""
    photo, limits = step.job.photo, provider.limits
    with scratch_folder(step) as folder:
        path = folder / "copy"
        try:
            made = images.sendable(
                original_file(photo),
                page=photo.page,
                crop=crop_box(photo),
                formats=[Format(name) for name in limits.formats],
                max_bytes=limits.max_bytes,
                max_width=limits.max_width,
                max_height=limits.max_height,
                into=path,
            )
        except images.BadPicture as error:
            raise Failure(error.code, Job.Blame.PICTURE, error.sentence) from error
        except OSError as error:
            raise file_trouble(error) from error
        _remember(attempt, made)
        yield Scan(
            path=path,
            name=f"{attempt.request_key.hex}{made.format.extension}",
            media_type=made.format.media_type,
            width=made.width,
            height=made.height,
            size=made.size,
        )


def _remember(attempt: Attempt, made: images.Sendable) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        sent_width=made.width, sent_height=made.height, sent_bytes=made.size
    )


def note_about_copy(attempt: Attempt, job: Job, label: str) -> str:
    """What the person should know of the copy that was sent, "" if nothing."""
    if attempt.sent_width is None or attempt.sent_height is None:
        return ""
    if (attempt.sent_width, attempt.sent_height) == (job.photo.width, job.photo.height):
        return ""
    return _(
        "%(provider)s takes pictures of a limited size only, so it got a smaller copy "
        "(%(width)s × %(height)s pixels)."
    ) % {"provider": label, "width": attempt.sent_width, "height": attempt.sent_height}
