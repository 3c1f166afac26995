"""Requests per second and per hour, counted in the database for all workers at once.

The generic cell rate algorithm (ITU-T I.371) with one row a limit: a request is given
the next free moment, and the row moves on by the distance between two requests. One
conditional UPDATE each, so that workers on any number of machines share one count.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from jobs import connections
from jobs.clock import db_now
from jobs.models import Budget

# Two requests that the network brings closer together must still not count as one too
# many, so they leave a little further apart than the limit asks; more so after a refusal.
LEAST_MARGIN, MOST_MARGIN = 1.03, 1.6
GROWS, SHRINKS = 1.05, 0.9996
# The least distance when they really leave. The moment is written down a little ahead,
# and again where writing took longer than that.
LEAVING = 1.02
WRITING = timedelta(seconds=0.03)
LATE = timedelta(seconds=0.008)
# An hour's budget may be used up this fast at first: so many requests in a row.
BURST = 4
HOUR = 3600.0
MOST_SECONDS = 1.5
MOST_TURNS = 20


def reserve(
    provider: str, call: str, *, now: datetime, within: timedelta
) -> datetime | None:
    """The moment for one request, at most `within` from now. None: the budget is used
    up until later, and nothing was taken."""
    latest = now + within
    limits = connections.KINDS[provider].limits
    per_hour = limits.per_hour_by_call.get(call, 0)
    row = _row(provider, now)
    distance = timedelta(seconds=row.margin / connections.rate(provider))
    with transaction.atomic():
        if per_hour and not _take_of_hour(provider, call, per_hour, now, latest):
            return None
        moment = _take(provider, "", distance, now, latest)
        if moment is None:
            transaction.set_rollback(True)
        return moment


def leave(provider: str, moment: datetime | None) -> None:
    """Wait for the moment that was given, and for the request before it to be far enough
    away; then the caller's request must leave at once. A second or so at most."""
    if moment is None:
        return
    least = timedelta(seconds=LEAVING / connections.rate(provider))
    ours: datetime | None = None
    for _turn in range(MOST_TURNS):
        wait_until(moment - WRITING)
        row = _row(provider, moment)
        earliest = moment
        if row.last_sent and row.last_sent != ours:
            earliest = row.last_sent + least
        leaves = max(db_now() + WRITING, moment, earliest)
        same = Budget.objects.filter(pk=row.pk, last_sent=row.last_sent)
        margin = max(LEAST_MARGIN, row.margin * SHRINKS)
        if same.update(last_sent=leaves, margin=margin) != 1:
            continue
        if db_now() <= leaves + LATE:
            wait_until(leaves)
            return
        # The database was slow to take it: what it knows now is not true.
        ours, moment = leaves, db_now()


def wait_until(moment: datetime | None, *, ahead: float = 0.0) -> None:
    """Stand in line for a moment (or `ahead` seconds before it), a second at most."""
    if moment is not None:
        seconds = (moment - db_now()).total_seconds() - ahead
        time.sleep(min(max(seconds, 0.0), MOST_SECONDS))


def was_refused(provider: str) -> None:
    """The provider counted one request too many."""
    row = _row(provider, db_now())
    margin = min(MOST_MARGIN, row.margin * GROWS)
    Budget.objects.filter(pk=row.pk).update(margin=margin)


def postpone(provider: str, call: str, *, until: datetime) -> None:
    """The provider asked for quiet: no request of this kind before then."""
    row, _made = Budget.objects.get_or_create(
        provider=provider, call=call, defaults={"free_from": until}
    )
    Budget.objects.filter(pk=row.pk, free_from__lt=until).update(free_from=until)


def _row(provider: str, now: datetime) -> Budget:
    row, _made = Budget.objects.get_or_create(
        provider=provider, call="", defaults={"free_from": now}
    )
    return row


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
