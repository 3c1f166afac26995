from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs import budget
from jobs.clock import db_now
from jobs.models import Budget
from tests.jobs.remote.conftest import connect
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def four_a_second(settings: Any, sandbox: Sandbox) -> None:
    connect(settings, sandbox, rate=4.0)


def test_moments_are_given_out_one_after_the_other(four_a_second: None) -> None:
    now = db_now()
    moments = [
        budget.reserve("picwish", "poll", now=now, within=SECOND) for _ in "1234"
    ]
    given = [moment for moment in moments if moment]
    assert len(given) == 4
    gaps = [later - sooner for sooner, later in zip(given, given[1:], strict=False)]
    assert all(gap >= timedelta(seconds=0.25) for gap in gaps)


def test_nothing_is_given_out_beyond_the_horizon(four_a_second: None) -> None:
    now = db_now()
    for _moment in range(4):
        assert budget.reserve("picwish", "poll", now=now, within=SECOND)
    before = Budget.objects.get().free_from
    assert budget.reserve("picwish", "poll", now=now, within=SECOND) is None
    assert Budget.objects.get().free_from == before


def test_a_late_request_keeps_the_next_one_away(four_a_second: None) -> None:
    long_ago = db_now() - SECOND
    left = []
    for _request in range(3):
        budget.leave("picwish", long_ago)
        sent = Budget.objects.get().last_sent
        assert sent
        left.append(sent)
    gaps = [later - sooner for sooner, later in zip(left, left[1:], strict=False)]
    assert all(gap >= timedelta(seconds=0.25) for gap in gaps)


def test_a_refusal_moves_requests_apart_for_a_while(four_a_second: None) -> None:
    budget.leave("picwish", db_now())
    before = Budget.objects.get().margin
    budget.was_refused("picwish")
    refused = Budget.objects.get().margin
    assert refused > before
    budget.leave("picwish", db_now())
    assert Budget.objects.get().margin < refused


def test_a_pause_is_kept_and_never_shortened(four_a_second: None) -> None:
    now = db_now()
    budget.postpone("picwish", "", until=now + 30 * SECOND)
    budget.postpone("picwish", "", until=now + 5 * SECOND)
    assert budget.reserve("picwish", "poll", now=now, within=SECOND) is None
    late = now + 29.5 * SECOND
    assert budget.reserve("picwish", "poll", now=late, within=SECOND)
