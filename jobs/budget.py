"""Requests per second and per hour, counted in the database for all workers at once.

Per second: the generic cell rate algorithm (ITU-T I.371) with one row a limit. A request
is given the next free moment, and the row moves on by the distance between two requests.
One conditional UPDATE each, so that workers on any number of machines share one count.

Per hour: an exact sliding window. Each request is a row of HourlyUse, booked while the
row of its Budget is locked, so that no window of an hour ever holds more than the limit,
and an unused hour can be used up at once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from jobs import connections
from jobs.clock import db_now
from jobs.models import Budget, HourlyUse

# Two requests that the network brings closer together must still not count as one too
# many, so they leave a little further apart than the limit asks; more so after a refusal.
LEAST_MARGIN, MOST_MARGIN = 1.03, 1.6
GROWS, SHRINKS = 1.05, 0.9996
# The least distance when they really leave. The moment is written down a little ahead,
# and again where writing took longer than that.
LEAVING = 1.02
WRITING = timedelta(seconds=0.03)
LATE = timedelta(seconds=0.008)
# The hour in which requests are counted. It is longer than the provider's, because a
# request is counted there when it arrives, and that may be late: a step has a minute.
HOUR = timedelta(hours=1, minutes=1)
KEPT = 2 * HOUR
ASK_AGAIN = timedelta(minutes=5)
MOST_SECONDS = 1.5
MOST_TURNS = 20


def reserve(
    provider: str, call: str, *, now: datetime, within: timedelta
) -> datetime | None:
    """The moment for one request, at most `within` from now. None: the budget is used
    up until later, and nothing was taken."""
    latest = now + within
    per_hour = limit(provider, call)
    if per_hour and free_from(provider, call, now=now) > latest:
        return None
    row = _row(provider, now)
    distance = timedelta(seconds=row.margin / connections.rate(provider))
    with transaction.atomic():
        if per_hour and not _has_room(provider, call, now, latest):
            return None
        moment = _take(provider, "", distance, now, latest)
        if per_hour and moment:
            HourlyUse.objects.create(provider=provider, call=call, at=moment)
        return moment


def limit(provider: str, call: str) -> int:
    """Requests of this kind in an hour; 0: no such limit."""
    return connections.KINDS[provider].limits.per_hour_by_call.get(call, 0)


def free_from(provider: str, call: str, *, now: datetime) -> datetime:
    """When a request of a kind that has a limit per hour may go, by that limit."""
    quiet = Budget.objects.filter(provider=provider, call=call).first()
    earliest = max(now, quiet.free_from) if quiet else now
    recent = _recent(provider, call, now).order_by("-at").values_list("at", flat=True)
    # The one that must have left the hour before there is room for another.
    last = recent[limit(provider, call) - 1 :].first()
    return max(earliest, last + HOUR) if last else earliest


def wait_for_room(provider: str, call: str, *, now: datetime) -> timedelta:
    """How long the hour's budget is used up: at most a few minutes, after which it is
    worth to ask again; 0 where it is not."""
    if not limit(provider, call):
        return timedelta(0)
    return min(free_from(provider, call, now=now) - now, ASK_AGAIN)


def quiet_until(provider: str, calls: Collection[str], *, now: datetime) -> datetime:
    """When the provider wants to hear of us again: now, where it said nothing."""
    rows = Budget.objects.filter(provider=provider, call__in=calls)
    return max([now, *rows.values_list("free_from", flat=True)])


def left_of_hour(provider: str, call: str, *, now: datetime) -> int:
    """How many requests of a kind that has a limit per hour may go at once."""
    return max(0, limit(provider, call) - _recent(provider, call, now).count())


def used_in_hour(provider: str, call: str, *, now: datetime) -> list[datetime]:
    """The moments of the requests that still count, oldest first."""
    recent = _recent(provider, call, now).order_by("at")
    return list(recent.values_list("at", flat=True))


def give_back(provider: str, call: str, moment: datetime | None) -> None:
    """The request that got this moment was never made. One that left is not here any
    more: its booking has the moment at which it left."""
    if moment is not None and limit(provider, call):
        HourlyUse.objects.filter(provider=provider, call=call, at=moment).delete()


def settle(
    provider: str, left: datetime | None, *, booked: str, made: Iterable[str]
) -> None:
    """Book what a step's requests turned out to be: `booked` was reserved and left at
    this moment, `made` are the kinds of all that were really made."""
    if left is None:
        return
    counted = Counter(call for call in made if limit(provider, call))
    if booked not in counted:
        give_back(provider, booked, left)
    counted[booked] -= 1
    HourlyUse.objects.bulk_create(
        HourlyUse(provider=provider, call=call, at=left) for call in counted.elements()
    )


def count(provider: str, call: str) -> None:
    """A request that nobody reserved, and that was made just now."""
    if limit(provider, call):
        HourlyUse.objects.create(provider=provider, call=call, at=db_now())


def sweep(now: datetime) -> None:
    HourlyUse.objects.filter(at__lt=now - KEPT).delete()


def leave(provider: str, moment: datetime | None, call: str = "") -> datetime | None:
    """Wait for the moment that was given, and for the request before it to be far enough
    away; then the caller's request must leave at once. A second or so at most.

    The moment under which the request is booked from now on, for `settle`."""
    if moment is None:
        return None
    left = _date(provider, call, moment)
    _keep_distance(provider, moment)
    return left


def _date(provider: str, call: str, moment: datetime) -> datetime:
    """A step that comes late makes its request count from then on."""
    left = max(db_now(), moment + timedelta(microseconds=1))
    if limit(provider, call):
        booked = HourlyUse.objects.filter(provider=provider, call=call, at=moment)
        booked.update(at=left)
    return left


def _keep_distance(provider: str, moment: datetime) -> None:
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


def keep_quiet(provider: str, wait: timedelta | None) -> None:
    """An answer that went well said that nothing is left for so long: somebody else may
    use the same account."""
    if wait is not None:
        postpone(provider, "", until=db_now() + wait)


def _row(provider: str, now: datetime) -> Budget:
    row, _made = Budget.objects.get_or_create(
        provider=provider, call="", defaults={"free_from": now}
    )
    return row


def _recent(provider: str, call: str, now: datetime) -> QuerySet[HourlyUse]:
    return HourlyUse.objects.filter(provider=provider, call=call, at__gt=now - HOUR)


def _has_room(provider: str, call: str, now: datetime, latest: datetime) -> bool:
    """Inside a transaction. Holds the budget's row, so that all others wait; SQLite has
    one writer anyway."""
    row, _made = Budget.objects.get_or_create(
        provider=provider, call=call, defaults={"free_from": now}
    )
    row = Budget.objects.select_for_update().get(pk=row.pk)
    if row.free_from > latest:
        return False
    return left_of_hour(provider, call, now=now) > 0


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
