"""What the Activity page shows: what needs somebody, what goes on, what is done."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums.models import Album, User
from jobs.boards import UNFINISHED, Poller, interval_for, with_usual_times
from jobs.models import Batch, Job
from jobs.status import Totals

ALONE = 20
BESIDE_OTHERS = 8
WORKING = (Job.State.SUBMITTING, Job.State.RUNNING, Job.State.FETCHING)
# Longer than this, a version is a digest: everything shown counts as changed then.
LONGEST_VERSION = 1000


Row = TypeVar("Row", int, Batch)


class Show(StrEnum):
    ALL = ""
    ATTENTION = "attention"
    PROGRESS = "progress"
    DONE = "done"


@dataclass(frozen=True)
class Where:
    """Which part of the page a person looks at."""

    show: Show
    page: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Where:
        show = query.get("show", "")
        known = Show(show) if show in list(Show) else Show.ALL
        return cls(known, query.get("page", "1"))


@dataclass(frozen=True)
class Versions:
    """The versions of all albums that somebody may see, by primary key."""

    of: Mapping[int, int]

    @classmethod
    def for_user(cls, user: User) -> Versions:
        albums = Album.objects.visible_to(user).order_by("pk")
        return cls(dict(albums.values_list("pk", "version")))

    def __str__(self) -> str:
        text = "-".join(str(version) for version in self.of.values())
        return text if len(text) <= LONGEST_VERSION else digest([text])

    def since(self, text: str) -> Versions:
        """The same albums at the versions that a page told; 0 where it cannot be
        known, so that everything counts as changed."""
        parts = text.split("-")
        if len(parts) != len(self.of) or not all(part.isdecimal() for part in parts):
            return Versions(dict.fromkeys(self.of, 0))
        told = (int(part) for part in parts)
        return Versions(dict(zip(self.of, told, strict=True)))


def digest(parts: Iterable[object]) -> str:
    text = " ".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class BatchCard:
    """`first` is one of its jobs, for a picture; `held` one of those on hold, to say
    why."""

    batch: Batch
    totals: Totals
    working: tuple[Job, ...]
    first: Job
    held: Job | None
    newest: int

    @property
    def held_words(self) -> str:
        """How many wait for the reason that is told of one of them, or for another."""
        number = self.totals.held
        return ngettext("%d photo waits.", "%d photos wait.", number) % number

    @property
    def percent(self) -> int:
        """Of the whole batch, running jobs counted by how far they are."""
        done = self.totals.ended + sum(job.progress for job in self.working)
        return round(100 * done / self.totals.all) if self.totals.all else 0


@dataclass(frozen=True)
class ActivityBoard:
    where: Where
    attention: Page[int]
    attention_jobs: tuple[Job, ...]
    progress: Page[Batch]
    done: Page[Batch]
    cards: Mapping[int, BatchCard]
    editable: frozenset[int]
    shown: str
    poller: Poller

    @property
    def shows_attention(self) -> bool:
        return self.where.show in {Show.ALL, Show.ATTENTION}

    @property
    def shows_progress(self) -> bool:
        return self.where.show in {Show.ALL, Show.PROGRESS}

    @property
    def shows_done(self) -> bool:
        return self.where.show in {Show.ALL, Show.DONE}

    @property
    def is_empty(self) -> bool:
        parts = (self.attention, self.progress, self.done)
        return not any(part.paginator.count for part in parts)

    @property
    def progress_cards(self) -> list[BatchCard]:
        return [self.cards[batch.pk] for batch in self.progress]

    @property
    def done_cards(self) -> list[BatchCard]:
        return [self.cards[batch.pk] for batch in self.done]

    def changed_jobs(self, since: Versions) -> list[Job]:
        return [
            job
            for job in self.attention_jobs
            if job.sequence > since.of[job.photo.album_id]
        ]

    def changed_cards(self, since: Versions) -> list[BatchCard]:
        return [
            card
            for card in self.cards.values()
            if card.newest > since.of[card.batch.album_id]
        ]


def activity_board(user: User, versions: Versions, where: Where) -> ActivityBoard:
    attention = part(needing_attention(user), where, Show.ATTENTION)
    progress = part(batches(user, active=True), where, Show.PROGRESS)
    done = part(batches(user, active=False), where, Show.DONE)
    cards = batch_cards([*progress, *done])
    working = [job for card in cards.values() for job in card.working]
    shown = digest(
        [*attention, "/"]
        + [*(batch.pk for batch in progress), "/", *(batch.pk for batch in done)]
        + [attention.paginator.count, progress.paginator.count, done.paginator.count]
    )
    query = {"v": str(versions), "shown": shown, "show": where.show, "page": where.page}
    return ActivityBoard(
        where=where,
        attention=attention,
        attention_jobs=jobs_by_pk(attention),
        progress=progress,
        done=done,
        cards=cards,
        editable=frozenset(
            Album.objects.editable_by(user).values_list("pk", flat=True)
        ),
        shown=shown,
        poller=Poller(
            address=f"{reverse('jobs:activity_progress')}?{urlencode(query)}",
            is_active=progress.paginator.count > 0,
            interval=interval_for(working),
            say=words_of(cards[batch.pk].totals for batch in progress),
        ),
    )


def words_of(totals: Iterable[Totals]) -> str:
    return "; ".join(one.words for one in totals) or _("Everything is done.")


def part(rows: QuerySet[Any, Row], where: Where, show: Show) -> Page[Row]:
    if where.show == show:
        return Paginator(rows, ALONE).get_page(where.page)
    return Paginator(rows, BESIDE_OTHERS).get_page(1)


def needing_attention(user: User) -> QuerySet[Job, int]:
    """Failed jobs that no later job of the same photo has overtaken, by primary key:
    to sort whole rows would take ten times as long."""
    later = Job.objects.filter(
        photo=OuterRef("photo"), sequence__gt=OuterRef("sequence")
    )
    failed = Job.objects.visible_to(user).filter(~Exists(later), state=Job.State.FAILED)
    return failed.order_by("-finished", "-pk").values_list("pk", flat=True)


def jobs_by_pk(pks: Iterable[int]) -> tuple[Job, ...]:
    pks = list(pks)
    jobs = with_photos(Job.objects.prefetch_related("attempts"))
    found = jobs.in_bulk(pks)
    return tuple(found[pk] for pk in pks if pk in found)


def batches(user: User, *, active: bool) -> QuerySet[Batch]:
    jobs = Job.objects.filter(batch=OuterRef("pk"))
    unfinished = Exists(jobs.filter(state__in=UNFINISHED))
    mine = Batch.objects.filter(
        unfinished if active else ~unfinished & Exists(jobs),
        album__in=Album.objects.visible_to(user),
    )
    return mine.select_related("album", "asked_by").order_by("-created", "-pk")


def batch_cards(shown: Iterable[Batch]) -> dict[int, BatchCard]:
    """Few queries, however many jobs."""
    by_pk = {batch.pk: batch for batch in shown}
    counts: dict[int, dict[str, int]] = {pk: {} for pk in by_pk}
    newest = dict.fromkeys(by_pk, 0)
    jobs = Job.objects.filter(batch__in=by_pk).order_by()
    rows = jobs.values_list("batch", "state").annotate(
        Count("pk"), Max("sequence"), Min("pk")
    )
    firsts: dict[int, int] = {}
    held: dict[int, int] = {}
    for pk, state, number, sequence, first in rows:
        counts[pk][state] = number
        newest[pk] = max(newest[pk], sequence)
        firsts[pk] = min(firsts.get(pk, first), first)
        if state == Job.State.HELD:
            held[pk] = first
    working: dict[int, list[Job]] = defaultdict(list)
    for job in working_jobs(jobs):
        working[job.batch_id].append(job)
    wanted = {*firsts.values(), *held.values()}
    told = with_photos(Job.objects.prefetch_related("attempts")).in_bulk(list(wanted))
    return {
        pk: BatchCard(
            batch=batch,
            totals=Totals.of(counts[pk]),
            working=tuple(working[pk]),
            first=told[firsts[pk]],
            held=told.get(held.get(pk, 0)),
            newest=newest[pk],
        )
        for pk, batch in by_pk.items()
    }


def working_jobs(jobs: QuerySet[Job]) -> QuerySet[Job]:
    working = with_usual_times(jobs.filter(state__in=WORKING))
    return with_photos(working).order_by("pk")


def with_photos(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.select_related("photo__original", "photo__keeper", "photo__album")
