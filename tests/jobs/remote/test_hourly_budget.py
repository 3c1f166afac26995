"""Limits of requests per hour: 50 starts and 100 looks at Upscayl."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django import db

from jobs import budget
from jobs.clock import db_now
from jobs.models import HourlyUse
from jobs.sweep import sweep
from tests.jobs.remote.conftest import connect
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
NAME = "upscayl"


@pytest.fixture(autouse=True)
def quick(settings: Any, sandbox: Sandbox) -> None:
    connect(settings, sandbox)


def reserve(call: str, now: datetime) -> datetime | None:
    return budget.reserve(NAME, call, now=now, within=SECOND)


def uses(call: str) -> list[datetime]:
    found = HourlyUse.objects.filter(provider=NAME, call=call).order_by("at")
    return list(found.values_list("at", flat=True))


def most_in_an_hour(moments: list[datetime]) -> int:
    return max(sum(at <= one < at + HOUR for one in moments) for at in moments)


def test_the_first_fifty_go_at_once_and_no_more() -> None:
    now = db_now()
    given = [reserve("submit", now) for _photo in range(60)]
    assert [bool(moment) for moment in given] == [True] * 50 + [False] * 10
    assert given[49] is not None
    assert given[49] - now < SECOND
    assert len(uses("submit")) == 50


def test_each_kind_of_call_has_its_own_hour() -> None:
    now = db_now()
    for _photo in range(50):
        assert reserve("submit", now)
    assert reserve("submit", now) is None
    assert reserve("poll", now)


def test_the_next_fifty_go_when_the_hour_is_over() -> None:
    now = db_now()
    for _photo in range(50):
        reserve("submit", now)
    free = budget.free_from(NAME, "submit", now=now)
    assert HOUR < free - now <= HOUR + timedelta(minutes=2)
    assert reserve("submit", now + HOUR) is None
    later = free + SECOND
    assert sum(bool(reserve("submit", later)) for _photo in range(60)) == 50


def test_no_window_ever_holds_more_whenever_it_is_asked() -> None:
    chance = random.Random(7)  # noqa: S311  # a test, not a secret
    now = db_now()
    for _try in range(400):
        now += timedelta(seconds=chance.expovariate(1 / 40))
        reserve("submit", now)
    moments = uses("submit")
    assert len(moments) > 150
    assert most_in_an_hour(moments) == 50


def test_a_booking_that_nobody_used_is_given_back() -> None:
    now = db_now()
    moment = reserve("submit", now)
    budget.give_back(NAME, "submit", moment)
    assert uses("submit") == []


def test_a_request_that_left_is_not_given_back_and_counts_from_then() -> None:
    moment = reserve("submit", db_now() - 10 * SECOND)
    assert moment
    left = budget.leave(NAME, moment, "submit")
    assert left is not None
    budget.give_back(NAME, "submit", moment)
    assert uses("submit") == [left]
    assert left - moment > 8 * SECOND


@pytest.mark.parametrize(
    ("booked", "made", "counted"),
    [
        ("submit", ["submit"], {"submit": 1}),
        ("submit", ["upload_url"], {"upload_url": 1}),
        ("submit", [""], {}),
        ("poll", ["poll", "poll"], {"poll": 2}),
        ("poll", ["history"], {"history": 1}),
        ("history", ["history", "history", "history"], {"history": 3}),
    ],
)
def test_a_step_is_booked_as_what_it_was(
    booked: str, made: list[str], counted: dict[str, int]
) -> None:
    moment = reserve(booked, db_now())
    left = budget.leave(NAME, moment, booked)
    budget.settle(NAME, left, booked=booked, made=made)
    assert Counter(HourlyUse.objects.values_list("call", flat=True)) == counted


def test_a_provider_without_such_a_limit_leaves_no_rows() -> None:
    moment = budget.reserve("picwish", "submit", now=db_now(), within=SECOND)
    left = budget.leave("picwish", moment, "submit")
    budget.settle("picwish", left, booked="submit", made=["submit"])
    budget.count("picwish", "poll")
    assert not HourlyUse.objects.exists()


def test_a_refusal_for_an_hour_is_kept() -> None:
    now = db_now()
    budget.postpone(NAME, "poll", until=now + HOUR)
    assert reserve("poll", now + timedelta(minutes=59)) is None
    assert reserve("submit", now)
    assert reserve("poll", now + HOUR)


def test_old_rows_are_swept_and_young_ones_kept() -> None:
    now = db_now()
    for ago in (0.5, 1.5, 3.0):
        HourlyUse.objects.create(provider=NAME, call="poll", at=now - ago * HOUR)
    sweep()
    assert len(uses("poll")) == 2


@pytest.mark.django_db(transaction=True)
def test_many_workers_share_one_count() -> None:
    now = db_now()
    given: list[datetime] = []

    def work() -> None:
        try:
            for _photo in range(12):
                moment = reserve("submit", now)
                if moment:
                    given.append(moment)
        finally:
            db.connections.close_all()

    workers = [threading.Thread(target=work) for _worker in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(given) == 50
    assert len(uses("submit")) == 50
