from __future__ import annotations

import random

import pytest

from jobs import accounts, rhythm
from jobs.connections import KINDS
from jobs.models import ProviderAccount

pytestmark = pytest.mark.django_db


def learned() -> ProviderAccount:
    return ProviderAccount.objects.get(provider="picwish")


def look_at(duration: float, *, is_short: bool) -> int:
    """Look at a task of this duration until it is done; the number of looks."""
    looks, low = 0, 0.0
    age = rhythm.first_look(learned(), is_short=is_short).total_seconds()
    while True:
        looks += 1
        if age >= duration:
            rhythm.learn(learned(), low=low, high=age)
            return looks
        rhythm.learn(learned(), low=age, high=None)
        low = age
        point = rhythm.first_look(learned(), is_short=is_short).total_seconds()
        age = max(age * 1.15, age + 2, point)


def test_the_first_look_is_soon_while_nothing_is_known() -> None:
    row = accounts.account("picwish")
    first = rhythm.first_look(row, is_short=False)
    assert first == KINDS["picwish"].limits.first_look


def test_tasks_that_take_the_same_time_cost_one_look_each() -> None:
    accounts.account("picwish")
    for _task in range(200):
        look_at(60, is_short=True)
    looks = sum(look_at(60, is_short=True) for _task in range(100))
    assert looks <= 115
    assert 55 <= (learned().nearly_done or 0) <= 75


def test_a_wrong_first_guess_is_mended_within_few_looks() -> None:
    accounts.account("picwish")
    assert look_at(60, is_short=True) <= 10


def test_where_durations_differ_nearly_all_are_done_at_the_first_look() -> None:
    accounts.account("picwish")
    chance = random.Random(1)  # noqa: S311  # a test, not a secret
    durations = [60 * chance.lognormvariate(0, 0.5) for _task in range(400)]
    for duration in durations[:200]:
        look_at(duration, is_short=True)
    looks = sum(look_at(duration, is_short=True) for duration in durations[200:])
    assert looks <= 200 * 1.15


def test_while_requests_are_plentiful_the_result_is_found_soon() -> None:
    accounts.account("picwish")
    for _task in range(30):
        look_at(20, is_short=False)
    first = rhythm.first_look(learned(), is_short=False).total_seconds()
    assert 12 <= first <= 20
