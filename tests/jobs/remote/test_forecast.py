"""How long it will take, as it is told before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from albums.models import Album, User
from jobs import budget, forecast
from jobs.clock import db_now
from jobs.forecast import Load, in_words, time_for
from jobs.models import Batch, HourlyUse, Job, ProviderAccount
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import connect
from tests.provider_sandbox import Sandbox

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
UPSCAYL = Load(
    now=NOW,
    opens=NOW,
    photos=1,
    ahead=0,
    out=0,
    per_second=2.0,
    duration=MINUTE,
    per_hour={"submit": 50, "poll": 100},
)


def test_one_photo_takes_as_long_as_its_task() -> None:
    assert MINUTE < time_for(UPSCAYL) < MINUTE + timedelta(seconds=10)


def test_fifty_photos_go_at_once() -> None:
    assert time_for(replace(UPSCAYL, photos=50)) < 3 * MINUTE


@pytest.mark.parametrize(("photos", "hours"), [(51, 1), (100, 1), (101, 2), (200, 3)])
def test_each_further_fifty_wait_for_an_hour(photos: int, hours: int) -> None:
    takes = time_for(replace(UPSCAYL, photos=photos))
    assert hours * HOUR < takes < hours * (HOUR + MINUTE) + 3 * MINUTE


def test_what_was_used_in_the_last_hour_counts() -> None:
    used = {"submit": [NOW - 20 * MINUTE] * 50}
    takes = time_for(replace(UPSCAYL, used=used))
    assert 40 * MINUTE < takes < 44 * MINUTE


def test_what_waits_already_comes_first() -> None:
    takes = time_for(replace(UPSCAYL, ahead=150))
    assert takes >= 3 * HOUR


def test_looks_are_counted_too() -> None:
    used = {"poll": [NOW - 10 * MINUTE] * 100}
    takes = time_for(replace(UPSCAYL, used=used))
    assert 50 * MINUTE < takes < 54 * MINUTE


def test_requests_a_second_are_counted() -> None:
    slow = replace(UPSCAYL, per_hour={}, photos=600)
    assert 11 * MINUTE < time_for(slow) < 14 * MINUTE


def test_quiet_that_was_asked_for_is_kept() -> None:
    takes = time_for(replace(UPSCAYL, opens=NOW + HOUR))
    assert takes > HOUR


def test_no_photos_take_no_time() -> None:
    assert time_for(replace(UPSCAYL, photos=0)) == timedelta(0)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0.3, "about a minute"),
        (4.2, "about 4 minutes"),
        (22, "about 20 minutes"),
        (62, "about an hour"),
        (92, "about one and a half hours"),
        (150, "about 2 and a half hours"),
        (188, "about 3 hours"),
        (1000, "about 17 hours"),
    ],
)
def test_times_are_said_as_people_say_them(minutes: float, words: str) -> None:
    assert in_words(timedelta(minutes=minutes)) == words


@pytest.mark.django_db
class TestSentence:
    @pytest.fixture(autouse=True)
    def real_rates(self, settings: Any, sandbox: Sandbox) -> None:
        connect(settings, sandbox, rate=2.0)

    def test_the_hour_is_named_where_it_decides(self) -> None:
        told = forecast.forecast("upscayl", 200)
        assert 3 * HOUR < told.takes < 3.3 * HOUR
        assert told.sentence == (
            "about 3 hours, because Upscayl takes 50 photos an hour"
        )

    def test_few_photos_need_no_reason(self) -> None:
        assert forecast.forecast("upscayl", 3).sentence == "about a minute"

    def test_seconds_are_named_where_they_decide(self) -> None:
        told = forecast.forecast("picwish", 1000)
        assert told.sentence == (
            "about 20 minutes, because PicWish takes 2 requests a second"
        )

    def test_looks_are_named_where_they_decide(self) -> None:
        ago = db_now() - 10 * MINUTE
        HourlyUse.objects.bulk_create(
            HourlyUse(provider="upscayl", call="poll", at=ago) for _look in range(100)
        )
        told = forecast.forecast("upscayl", 1)
        assert "only 100 times an hour" in told.sentence

    def test_a_refusal_is_named(self) -> None:
        budget.postpone("upscayl", "submit", until=db_now() + 30 * MINUTE)
        told = forecast.forecast("upscayl", 1)
        assert told.sentence == "about 30 minutes, because Upscayl asked us to wait"

    def test_others_that_wait_are_named(
        self, album: Album, alice: User, make_photo: MakePhoto
    ) -> None:
        batch = Batch.objects.create(code=uuid4(), album=album, asked_by=alice)
        one = {"batch": batch, "photo": make_photo(), "provider": "upscayl"}
        Job.objects.bulk_create(Job(**one, due=db_now()) for _photo in range(100))
        told = forecast.forecast("upscayl", 10)
        assert told.takes > 2 * HOUR
        assert told.sentence.endswith("100 photos that wait already come first")

    def test_what_was_learned_counts(self) -> None:
        ProviderAccount.objects.update_or_create(
            provider="upscayl", defaults={"nearly_done": 900.0}
        )
        assert forecast.forecast("upscayl", 1).sentence == "about 15 minutes"
