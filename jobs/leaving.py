"""What leaves the house: a copy that is upright, without any metadata, under a neutral
name, and re-encoded only as far as the provider's limits ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from django.utils.translation import gettext as _

from albums import images
from albums.images import Format
from albums.models import Photo
from albums.services import crop_box, original_file
from jobs import source_links
from jobs.connections import KINDS
from jobs.file_trouble import file_trouble
from jobs.models import Attempt, Job
from jobs.providers.base import Enlarges, Provider, Scan
from jobs.scratch import scratch_folder
from jobs.step import Failure, Step

SUBMIT_LEASE = timedelta(seconds=60)
LONG_LEASE = timedelta(seconds=270)


@contextmanager
def copy_to_send(step: Step, attempt: Attempt, provider: Provider) -> Iterator[Scan]:
    """The copy, for as long as the call takes. Raises Failure."""
    photo, limits = step.job.photo, provider.limits
    width, height = largest_copy(attempt.provider, photo, step.job.options)
    with scratch_folder(step) as folder:
        path = folder / "copy"
        try:
            made = images.sendable(
                original_file(photo),
                page=photo.page,
                crop=crop_box(photo),
                formats=[Format(name) for name in limits.formats],
                max_bytes=limits.max_bytes,
                max_width=width,
                max_height=height,
                into=path,
            )
            address = source_links.offer(attempt, path, made.format)
        except images.BadPicture as error:
            raise Failure(error.code, Job.Blame.PICTURE, error.sentence) from error
        except OSError as error:
            raise file_trouble(error) from error
        _remember(attempt, made, photo.cut)
        with source_links.open_while_wanted(attempt):
            yield Scan(
                path=path,
                name=f"{attempt.request_key.hex}{made.format.extension}",
                media_type=made.format.media_type,
                width=made.width,
                height=made.height,
                size=made.size,
                address=address,
            )


def largest_copy(
    provider: str, photo: Photo, options: Mapping[str, str]
) -> tuple[int, int]:
    """How wide and high the copy may be: for the provider, and for its result to be
    opened here. Raises NeedsPerson where the options make no sense for the photo."""
    kind = KINDS[provider]
    most = kind.limits.max_width, kind.limits.max_height
    if not isinstance(kind.connects, Enlarges):
        return most
    width, height = kind.connects.room_for(
        photo.width,
        photo.height,
        options,
        most_pixels=images.MAX_PIXELS,
        most_bytes=images.MAX_BYTES,
    )
    return min(most[0], width), min(most[1], height)


def _remember(attempt: Attempt, made: images.Sendable, cut: int) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        sent_width=made.width,
        sent_height=made.height,
        sent_bytes=made.size,
        cut=cut,
    )


def note_about_copy(attempt: Attempt, job: Job, label: str) -> str:
    """What the person should know of the copy that was sent, "" if nothing."""
    if attempt.sent_width is None or attempt.sent_height is None:
        return ""
    if (attempt.sent_width, attempt.sent_height) == (job.photo.width, job.photo.height):
        return ""
    words = _(
        "%(provider)s takes pictures of a limited size only, so it got a smaller copy "
        "(%(width)s × %(height)s pixels)."
    )
    if isinstance(KINDS[attempt.provider].connects, Enlarges):
        words = _(
            "%(provider)s got a smaller copy (%(width)s × %(height)s pixels), so that "
            "the result is not larger than this app can open."
        )
    return words % {
        "provider": label,
        "width": attempt.sent_width,
        "height": attempt.sent_height,
    }
