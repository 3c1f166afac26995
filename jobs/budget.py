"""Requests per second and per hour, counted in the database for all workers at once.

The generic cell rate algorithm (ITU-T I.371) with one row a limit: a request is given
the next free moment, and the row moves on by the distance between two requests. One
conditional UPDATE each, so that workers on any number of machines share one count.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from jobs import connections
from jobs.models import Budget

# A little more than the exact distance: two requests that the network brings closer
# together must still not count as one too many.
MARGIN = 1.02
# An hour's budget may be used up this fast at first: so many requests in a row.
BURST = 4
HOUR = 3600.0


def reserve(
    provider: str, call: str, *, now: datetime, within: timedelta
) -> datetime | None:
    """The moment for one request, at most `within` from now. None: the budget is used
    up until later, and nothing was taken."""
    latest = now + within
    limits = connections.KINDS[provider].limits
    per_hour = limits.per_hour_by_call.get(call, 0)
    distance = timedelta(seconds=MARGIN / connections.rate(provider))
    with transaction.atomic():
        if per_hour and not _take_of_hour(provider, call, per_hour, now, latest):
            return None
        moment = _take(provider, "", distance, now, latest)
        if moment is None:
            transaction.set_rollback(True)
        return moment


def postpone(provider: str, call: str, *, until: datetime) -> None:
    """The provider asked for quiet: no request of this kind before then."""
    row, _made = Budget.objects.get_or_create(
        provider=provider, call=call, defaults={"free_from": until}
    )
    Budget.objects.filter(pk=row.pk, free_from__lt=until).update(free_from=until)


def free_from(provider: str, call: str = "") -> datetime | None:
    found = Budget.objects.filter(provider=provider, call=call).first()
    return found.free_from if found else None


def _take_of_hour(
    provider: str, call: str, per_hour: int, now: datetime, latest: datetime
) -> bool:
    distance = timedelta(seconds=HOUR / max(1, per_hour - BURST))
    ahead = distance * BURST
    return _take(provider, call, distance, now - ahead, latest) is not None


def _take(
    provider: str, call: str, distance: timedelta, earliest: datetime, latest: datetime
) -> datetime | None:
    row, _made = Budget.objects.get_or_create(
        provider=provider, call=call, defaults={"free_from": earliest}
    )
    while True:
        moment = max(row.free_from, earliest)
        if moment > latest:
            return None
        same = Budget.objects.filter(pk=row.pk, free_from=row.free_from)
        if same.update(free_from=moment + distance):
            return moment
        row.refresh_from_db()
