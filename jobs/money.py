"""What restorations cost, and how many of them a calendar month may be bought.

There may be a cap for a provider, set by the administrator, and one for an album over
all providers. A submit takes its place under the caps in the transaction that puts it
on record, so that of any number of workers no more get through than there is room for.
Counted is what was charged this month, what is under way, and what may have been
charged though nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums.models import Album, User
from albums.services import bump_version
from jobs.clock import db_now
from jobs.connections import KINDS
from jobs.models import AlbumCap, Attempt, Job, LedgerLine, ProviderAccount
from jobs.providers import local

# Two digits behind the point are what a price has; more where it is that small.
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Cap:
    """How many restorations a month somebody allowed, of one provider or for one album
    (the other is "" or 0), and how many of them are used: bought, under way, or
    perhaps bought. `waiting` jobs have not been sent yet."""

    provider: str
    album: int
    limit: int
    used: int
    waiting: int

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit

    @property
    def left(self) -> int:
        """For jobs that do not wait already."""
        return max(0, self.limit - self.used - self.waiting)

    @property
    def key(self) -> str:
        """What it is called in the records of the administrator."""
        return f"{self.provider or f'album {self.album}'}: {self.limit} a month"

    @property
    def sentence(self) -> str:
        """For a photo that waits: which cap, how much, when it goes on."""
        said = {"limit": self.limit, "day": next_month_words()}
        if not self.provider:
            return (
                _(
                    "This album's budget for restorations outside the house is used up: "
                    "at most %(limit)d a month. The photo waits until %(day)s, or "
                    "until the owner or the administrator allows more."
                )
                % said
            )
        return _(
            "This month's budget for %(provider)s is used up: at most %(limit)d a month. "
            "The photo waits until %(day)s, or until the administrator allows more."
        ) % {**said, "provider": KINDS[self.provider].label}

    @property
    def words(self) -> str:
        """As in "12 of 100 left this month for PicWish"."""
        said = {"left": self.left, "limit": self.limit}
        if not self.provider:
            return _("%(left)d of %(limit)d left this month for this album") % said
        return _("%(left)d of %(limit)d left this month for %(provider)s") % {
            **said,
            "provider": KINDS[self.provider].label,
        }


class OverBudget(Exception):
    """A cap is used up: nothing was sent, and nothing was changed."""

    def __init__(self, cap: Cap) -> None:
        super().__init__(cap.key)
        self.cap = cap


@dataclass(frozen=True)
class Room:
    """How many of `asked` jobs fit under the caps."""

    asked: int
    caps: tuple[Cap, ...]

    @property
    def fits(self) -> int:
        return min([self.asked, *(cap.left for cap in self.caps)])

    @property
    def waits(self) -> int:
        return self.asked - self.fits

    @property
    def sentence(self) -> str:
        """What to say before starting, "" where all fit."""
        if not self.waits:
            return ""
        if not self.fits:
            return _(
                "This month's budget is used up. The photos wait until %(day)s, or until "
                "the budget is raised."
            ) % {"day": next_month_words()}
        return ngettext(
            "%(fits)d of %(asked)d photos fits into this month's budget. The others "
            "wait until %(day)s, or until the budget is raised.",
            "%(fits)d of %(asked)d photos fit into this month's budget. The others "
            "wait until %(day)s, or until the budget is raised.",
            self.fits,
        ) % {"fits": self.fits, "asked": self.asked, "day": next_month_words()}


@dataclass(frozen=True)
class Price:
    """What the administrator knows of the price of one restoration."""

    amount: Decimal
    currency: str

    @property
    def words(self) -> str:
        amount = self.amount.normalize()
        if amount == amount.quantize(CENT):
            amount = amount.quantize(CENT)
        return f"{amount:f} {self.currency}".strip()

    def times(self, number: int) -> Price:
        return Price(self.amount * number, self.currency)


def month_begin(now: datetime) -> datetime:
    """The first moment of the calendar month, on the clock of TIME_ZONE."""
    here = timezone.localtime(now, timezone.get_default_timezone())
    return here.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month_words(now: datetime | None = None) -> str:
    """As in "1 December"."""
    here = month_begin(now or db_now())
    year, month = divmod(here.year * 12 + here.month, 12)
    return date_format(date(year, month + 1, 1), "j F")


def caps_of(provider: str, album_id: int, *, lock: bool = False) -> tuple[Cap, ...]:
    """The caps that a restoration of this album by this provider is under. `lock` keeps
    others from counting until the transaction ends; always in the same order."""
    accounts = ProviderAccount.objects.filter(
        provider=provider, monthly_cap__isnull=False
    )
    albums = AlbumCap.objects.filter(album=album_id)
    if lock:
        accounts, albums = accounts.select_for_update(), albums.select_for_update()
    caps = [_provider_cap(row) for row in accounts]
    return (*caps, *(_album_cap(row) for row in albums))


def room_for(album: Album, provider: str, number: int) -> Room:
    """Before a person starts so many: how many of them fit, and under which caps."""
    if provider == local.NAME:
        return Room(number, ())
    return Room(number, caps_of(provider, album.pk))


def used_of_provider(provider: str) -> int:
    """Restorations bought or under way this month."""
    return _used(Q(provider=provider), Q(provider=provider))


def price_of(provider: str) -> Price | None:
    row = ProviderAccount.objects.filter(provider=provider).first()
    if row is None or row.price is None:
        return None
    return Price(row.price, row.currency)


def price_words(provider: str) -> str:
    """What one restoration costs, "" where the administrator set no price."""
    price = price_of(provider)
    known = _("%(price)s a photo, as the administrator of this site knows it.")
    return known % {"price": price.words} if price else ""


def shown_price(provider: str) -> str:
    """All that is said of the price to whoever agrees to it."""
    said = (price_words(provider), KINDS[provider].promise.costs)
    return " ".join(words for words in said if words)


def check_room(attempt: Attempt, album_id: int) -> None:
    """A first look before any work is done. Raises OverBudget."""
    if not has_place(attempt):
        _refuse_full(caps_of(attempt.provider, album_id))


def take_place(attempt: Attempt, album_id: int) -> None:
    """Put on record that a submit begins, if there is room for it. An attempt takes one
    place, whatever becomes of its calls. Raises OverBudget."""
    with transaction.atomic():
        if not has_place(attempt):
            _refuse_full(caps_of(attempt.provider, album_id, lock=True))
        Attempt.objects.filter(pk=attempt.pk).update(
            submitting=True, submits=F("submits") + 1
        )


def has_place(attempt: Attempt) -> bool:
    return bool(attempt.submits or attempt.brought or attempt.remote_id)


def charge(attempt: Attempt, job: Job) -> None:
    """The ledger's line of an attempt, at the price of the moment when the provider
    said that it was done. Once; a second call changes nothing."""
    price = price_of(attempt.provider)
    LedgerLine.objects.get_or_create(
        attempt=attempt,
        defaults={
            "provider": attempt.provider,
            "album_id": job.photo.album_id,
            "words": KINDS[attempt.provider].promise.costs,
            "credits": attempt.credits,
            "price": price.amount if price else None,
            "currency": price.currency if price else "",
        },
    )


def may_set_cap(album: Album, user: User) -> bool:
    return album.owner_id == user.pk or user.is_superuser


def set_album_cap(album: Album, cap: int | None, *, by: User) -> None:
    """How many restorations a month the album may buy; None: as many as are asked for.
    Raises PermissionDenied for whoever neither owns the album nor runs the app."""
    if not may_set_cap(album, by):
        raise PermissionDenied
    rows = AlbumCap.objects.filter(album=album)
    with transaction.atomic():
        if cap is None:
            rows.delete()
        else:
            AlbumCap.objects.update_or_create(
                album=album, defaults={"monthly_cap": cap}
            )
        bump_version(album.pk)


def _refuse_full(caps: Iterable[Cap]) -> None:
    for cap in caps:
        if cap.is_full:
            raise OverBudget(cap)


def _provider_cap(row: ProviderAccount) -> Cap:
    assert row.monthly_cap is not None  # noqa: S101  # the query asks for it
    of_provider = Q(provider=row.provider)
    return Cap(
        provider=row.provider,
        album=0,
        limit=row.monthly_cap,
        used=_used(of_provider, of_provider),
        waiting=_waiting(of_provider),
    )


def _album_cap(row: AlbumCap) -> Cap:
    in_album = Q(photo__album=row.album_id)
    return Cap(
        provider="",
        album=row.album_id,
        limit=row.monthly_cap,
        used=_used(Q(job__photo__album=row.album_id), Q(album=row.album_id)),
        waiting=_waiting(in_album & ~Q(provider=local.NAME)),
    )


def _used(of_attempts: Q, of_lines: Q) -> int:
    """What is under way is counted first: what gets its line meanwhile is counted
    twice for a moment, and not overlooked."""
    month = month_begin(db_now())
    under_way = _unsettled(month).filter(of_attempts).count()
    bought = LedgerLine.objects.filter(of_lines, created__gte=month).count()
    return under_way + bought


def _unsettled(month: datetime) -> QuerySet[Attempt]:
    """Attempts that have no line in the ledger and may get one, or should have one: a
    submit was begun, a late result may come, or nobody knows whether a photo arrived."""
    begun = Q(submits__gt=0) | ~Q(remote_id="") | ~Q(brought={})
    return Attempt.objects.filter(
        Q(state=Attempt.State.OPEN) & begun
        | Q(state=Attempt.State.ABANDONED, late_look__isnull=False)
        | Q(submitting=True, created__gte=month),
        ledger_line=None,
    )


def _waiting(of_jobs: Q) -> int:
    begun = _unsettled(month_begin(db_now())).filter(state=Attempt.State.OPEN)
    waiting = Job.objects.filter(
        of_jobs, state__in=[Job.State.QUEUED, Job.State.SUBMITTING]
    )
    return waiting.exclude(pk__in=begun.values("job")).count()
