"""When to look at a remote task: learned from how long the last ones took.

A look costs a request, so the first one comes when the task is likely done. While
requests are plentiful that is around the middle of the last durations (a moving mean
of their logarithms). When requests are what is short, it is where nearly all are done:
a quantile, found by stochastic approximation (Robbins and Monro 1951). Every look that
tells on which side a task fell moves it up or down, in steps whose balance it is.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db.models import F

from jobs.connections import KINDS
from jobs.models import Attempt, ProviderAccount
from jobs.providers.base import POLL

# The quantile that is aimed at, at first and after so many looks: while little is known,
# a look too early teaches more than it costs. Steps shrink alike. Chosen in a simulation
# of equal and of log-normal durations.
NEARLY_AT_FIRST, NEARLY, LOOKS_TO_LEARN = 0.8, 0.93, 150
STEP_AT_FIRST, STEP, LOOKS_TO_CALM = 0.2, 0.05, 25
WEIGHT = 0.25
# A task that was done when first looked at may have been done long before.
EARLIER = 0.9
# After a look that came too early: by this share of the task's age; later where
# requests are short, or only so many an hour.
NEXT_LOOK_SHARE, NEXT_LOOK_SHARE_SHORT = 0.15, 0.35
NEXT_LOOK_LEAST = timedelta(seconds=2)
LEAST, MOST = 0.5, 7200.0


def first_look(account: ProviderAccount, *, is_short: bool) -> timedelta:
    """From the submit to the first look. `is_short`: requests are what is short."""
    limits = KINDS[account.provider].limits
    if is_short:
        return timedelta(seconds=account.nearly_done or _typical(account))
    if account.half_done is None:
        return limits.first_look
    return timedelta(seconds=account.half_done * EARLIER)


def next_look(
    attempt: Attempt, account: ProviderAccount, *, now: datetime, is_short: bool
) -> datetime:
    """When to look at a task (again), seen from now."""
    assert attempt.submitted is not None  # noqa: S101  # it has a remote id
    likely = attempt.submitted + first_look(account, is_short=is_short)
    if attempt.seen_unfinished is None:
        return max(now, likely)
    age = attempt.seen_unfinished - attempt.submitted
    has_few = POLL in KINDS[account.provider].limits.per_hour_by_call
    share = NEXT_LOOK_SHARE_SHORT if is_short or has_few else NEXT_LOOK_SHARE
    again = attempt.seen_unfinished + max(NEXT_LOOK_LEAST, age * share)
    return max(now, again, likely)


def learn(account: ProviderAccount, *, low: float, high: float | None) -> None:
    """A task took more than `low` seconds and, where it is done, at most `high`."""
    known = account.nearly_done or _typical(account)
    if high is None and low >= known * 0.98:
        _step(account, known, up=True)
    elif high is not None and not low and high <= known * 1.1:
        _step(account, known, up=False)
    if high is not None:
        _learn_middle(account, (low + high) / 2 if low else high * EARLIER)


def _learn_middle(account: ProviderAccount, seen: float) -> None:
    middle = account.half_done
    if middle is None or middle <= 0:
        ProviderAccount.objects.filter(pk=account.pk).update(half_done=seen)
        return
    by = (max(seen, LEAST) / middle) ** WEIGHT
    _move(account, "half_done", middle, by)


def _step(account: ProviderAccount, known: float, *, up: bool) -> None:
    """Move the late point by a look that came too early (up) or not."""
    seen = account.looks_learned
    share = min(1.0, seen / LOOKS_TO_LEARN)
    quantile = NEARLY_AT_FIRST + (NEARLY - NEARLY_AT_FIRST) * share
    step = max(STEP, STEP_AT_FIRST / (1 + seen / LOOKS_TO_CALM))
    by = math.exp(step * quantile if up else -step * (1 - quantile))
    _move(account, "nearly_done", known, by)
    rows = ProviderAccount.objects.filter(pk=account.pk)
    rows.update(looks_learned=F("looks_learned") + 1)


def _typical(account: ProviderAccount) -> float:
    return KINDS[account.provider].limits.typical.total_seconds()


def _move(account: ProviderAccount, field: str, known: float, by: float) -> None:
    if not LEAST <= known * by <= MOST:
        return
    row = ProviderAccount.objects.filter(pk=account.pk)
    if getattr(account, field) is None:
        row.update(**{field: known * by})
    else:
        row.update(**{field: F(field) * by})
