"""When to look at a remote task: learned from how long the last ones took.

A look costs a request, so the first one comes when the task is likely done: at the
median while requests are plentiful, and where nearly all are done when they are what
is short. Both points are quantiles, found by stochastic approximation (Robbins and
Monro 1951): every finished task that tells on which side it fell moves the point up
or down a little, by steps whose balance is the quantile.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from jobs.connections import KINDS
from jobs.models import Attempt, ProviderAccount

HALF, NEARLY = 0.5, 0.95
STEP = 0.1
# After a first look that came too early.
NEXT_LOOK_SHARE = 0.15
NEXT_LOOK_LEAST = timedelta(seconds=2)
LEAST, MOST = 0.5, 7200.0


def first_look(account: ProviderAccount, *, is_short: bool) -> timedelta:
    """From the submit to the first look. `is_short`: requests are what is short."""
    typical = KINDS[account.provider].limits.typical.total_seconds()
    known = account.nearly_done if is_short else account.half_done
    return timedelta(seconds=known or typical)


def next_look(
    attempt: Attempt, account: ProviderAccount, *, now: datetime, is_short: bool
) -> datetime:
    """When to look at a task (again), seen from now."""
    assert attempt.submitted is not None  # noqa: S101  # it has a remote id
    likely = attempt.submitted + first_look(account, is_short=is_short)
    if attempt.seen_unfinished is None:
        return max(now, likely)
    age = attempt.seen_unfinished - attempt.submitted
    again = attempt.seen_unfinished + max(NEXT_LOOK_LEAST, age * NEXT_LOOK_SHARE)
    return max(now, again, likely)


def learn(account: ProviderAccount, *, low: float, high: float | None) -> None:
    """A task took more than `low` seconds and, where it is done, at most `high`."""
    typical = KINDS[account.provider].limits.typical.total_seconds()
    for field, quantile in (("half_done", HALF), ("nearly_done", NEARLY)):
        known = getattr(account, field) or typical
        if low >= known:
            _move(account, field, known, 1 + STEP * quantile)
        elif high is not None and high <= known * 1.1:
            _move(account, field, known, 1 - STEP * (1 - quantile))


def _move(account: ProviderAccount, field: str, known: float, by: float) -> None:
    if not LEAST <= known * by <= MOST:
        return
    row = ProviderAccount.objects.filter(pk=account.pk)
    if getattr(account, field) is None:
        row.update(**{field: known * by})
    else:
        row.update(**{field: F(field) * by})
