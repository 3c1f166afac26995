"""What a page shows of its jobs, in few queries, however many photos there are.

A board's version is read before its jobs: what changes in between is sent again with
the next poll, never lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from albums.models import Album, Photo
from jobs import searches
from jobs.models import (
    Attempt,
    Event,
    Job,
    JobQuerySet,
    PrintSearch,
    ProviderAccount,
)
from jobs.status import Status, Totals, status_of, status_of_search

UNFINISHED = (*Job.ACTIVE, Job.State.HELD)

# All that a chip needs; a page shows many.
CHIP_FIELDS = (
    "photo_id",
    "state",
    "hold",
    "sequence",
    "provider",
    "progress",
    "stage",
    "note",
    "message",
    "due",
)

# Addresses that are as good as a key; no page has any use for them.
SECRETS = ("brought", "result_address")

FAST_FOR = timedelta(seconds=30)
FAST = 2
SLOW = 5


@dataclass(frozen=True)
class Poller:
    """The one poll of a page. `say` is told to whoever cannot see the page."""

    address: str
    is_active: bool
    interval: int
    say: str


def interval_for(jobs: Iterable[Job]) -> int:
    """Seconds: often while somebody has just asked for something."""
    since = timezone.now() - FAST_FOR
    return FAST if any(job.due >= since for job in jobs if not job.is_ended) else SLOW


@dataclass(frozen=True)
class Chip:
    photo: Photo
    status: Status | None
    sequence: int


@dataclass(frozen=True)
class Held:
    """The jobs of an album that are on hold for one provider, and why."""

    provider: str
    number: int
    reason: str


@dataclass(frozen=True)
class AlbumBoard:
    chips: tuple[Chip, ...]
    totals: Totals
    held: tuple[Held, ...]
    poller: Poller
    # The version at which prints were found last.
    newest_find: int = 0

    def found_since(self, version: int) -> bool:
        return self.newest_find > version

    def changed_since(self, version: int) -> list[Chip]:
        return [chip for chip in self.chips if chip.sequence > version]


def album_board(album: Album, photos: Iterable[Photo], *, page: int) -> AlbumBoard:
    """Four queries: the jobs of these photos, how many of the album are where, and the
    searches for prints. One more where some are on hold."""
    photos = list(photos)
    found = searches.seen_on(photos)
    by_photo: dict[int, list[Job]] = {photo.pk: [] for photo in photos}
    for job in Job.objects.filter(photo__in=by_photo).order_by().only(*CHIP_FIELDS):
        by_photo[job.photo_id].append(job)
    totals = album_totals(album)
    address = reverse("jobs:album_progress", args=[album.code])
    jobs = [job for group in by_photo.values() for job in group]
    return AlbumBoard(
        chips=tuple(
            chip_for(photo, by_photo[photo.pk], found.get(photo.pk)) for photo in photos
        ),
        totals=totals,
        held=held_of(album) if totals.held else (),
        poller=Poller(
            address=f"{address}?v={album.version}&page={page}",
            is_active=totals.is_active or searches.go_on_in(album),
            interval=interval_for(jobs),
            say=totals.words,
        ),
        newest_find=max((one.newest_find for one in found.values()), default=0),
    )


def chip_for(
    photo: Photo, jobs: Sequence[Job], search: PrintSearch | None = None
) -> Chip:
    """What goes on, or how the last job ended; of a page what was found on it."""
    sequence = max(newest_of(jobs), search.sequence if search else 0)
    if jobs:
        return Chip(photo, status_of(shown_of(jobs)), sequence)
    return Chip(photo, status_of_search(search) if search else None, sequence)


def newest_of(jobs: Iterable[Job]) -> int:
    return max((job.sequence for job in jobs), default=0)


def shown_of(jobs: Iterable[Job]) -> Job:
    """Of several jobs of a photo the one that counts: what goes on, else the last."""
    return max(jobs, key=lambda job: (not job.is_ended, job.sequence))


def album_totals(album: Album) -> Totals:
    """What goes on in the whole album, and what needs somebody. Counts no failure
    that a later job of the same photo has overtaken."""
    later = Job.objects.filter(
        photo=OuterRef("photo"), sequence__gt=OuterRef("sequence")
    )
    jobs = Job.objects.filter(
        photo__album=album, state__in=[*UNFINISHED, Job.State.FAILED]
    )
    jobs = jobs.filter(~Q(state=Job.State.FAILED) | ~Exists(later))
    return Totals.of(counts_by_state(jobs))


def held_of(album: Album) -> tuple[Held, ...]:
    """By provider; of several reasons the one that most jobs have."""
    held = Job.objects.filter(photo__album=album, state=Job.State.HELD).order_by()
    rows = held.values_list("provider", "message").annotate(number=Count("pk"))
    found: dict[str, Held] = {}
    for provider, reason, number in sorted(rows, key=lambda row: row[2], reverse=True):
        first = found.get(provider, Held(provider, 0, reason))
        found[provider] = replace(first, number=first.number + number)
    return tuple(found.values())


def with_usual_times(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """With how long the provider's last tasks took."""
    rows = ProviderAccount.objects.filter(provider=OuterRef("provider"))
    return jobs.annotate(  # type: ignore[no-redef]  # the class has None for other queries
        half_done=Subquery(rows.values("half_done")),
        nearly_done=Subquery(rows.values("nearly_done")),
    )


def counts_by_state(jobs: JobQuerySet) -> dict[str, int]:
    rows = jobs.order_by().values_list("state").annotate(number=Count("pk"))
    return dict(rows)


@dataclass(frozen=True)
class PhotoBoard:
    """The jobs of a photo worth a card: all that go on, else the last one. `search` is
    that for prints on it, where there was one."""

    jobs: tuple[Job, ...]
    search: PrintSearch | None
    newest: int
    newest_restored: int
    poller: Poller

    def searched_since(self, version: int) -> bool:
        return self.search is not None and self.search.sequence > version

    def restored_since(self, version: int) -> bool:
        return self.newest_restored > version


def photo_board(photo: Photo, album: Album) -> PhotoBoard:
    events = Prefetch("events", Event.objects.select_related("by", "attempt"))
    attempts = Prefetch("attempts", Attempt.objects.defer(*SECRETS))
    jobs = list(with_usual_times(photo.jobs.prefetch_related(events, attempts)))
    search = PrintSearch.objects.filter(photo=photo).first()
    shown = [job for job in jobs if not job.is_ended] or jobs[:1]
    status = status_of(shown_of(jobs)) if jobs else None
    address = reverse("jobs:photo_progress", args=[photo.code])
    return PhotoBoard(
        jobs=tuple(shown),
        search=search,
        newest=newest_of(jobs),
        newest_restored=newest_of(job for job in jobs if job.restoration_id),
        poller=Poller(
            address=f"{address}?v={album.version}",
            is_active=any(not job.is_ended for job in jobs)
            or (search is not None and search.is_waiting),
            interval=interval_for(jobs),
            say=status.words if status else "",
        ),
    )
