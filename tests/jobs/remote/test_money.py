"""What was bought this month and what is under way, against the caps."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import reverse

from albums.models import Album, User
from albums.services import create_album
from jobs import money, over_budget, services
from jobs.clock import db_now
from jobs.models import (
    AlbumCap,
    Attempt,
    Consent,
    Event,
    Job,
    LedgerLine,
    ProviderAccount,
)
from jobs.money import Price
from jobs.providers.options import BadOption
from jobs.providers.picwish import PROMISE
from jobs.services import NoConsent
from jobs.sweep import sweep
from tests.jobs.remote.conftest import AskPicWish, finish, step
from tests.provider_sandbox import Sandbox
from tests.rows import add_batch, add_job, add_photos

pytestmark = pytest.mark.django_db
HELD = Job.State.HELD


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("ada@example.org", "a bicycle in the rain")


def allow(number: int | None, provider: str = "picwish") -> None:
    ProviderAccount.objects.filter(provider=provider).update(monthly_cap=number)


def spend(album: Album, *, provider: str = "picwish", ago: float = 0) -> LedgerLine:
    """A restoration that was bought so many days ago."""
    (photo,) = add_photos(album)
    job = add_job(photo, Job.State.SUCCEEDED, provider=provider)
    attempt = job.attempts.create(number=1, provider=provider, state="succeeded")
    line = LedgerLine.objects.create(
        attempt=attempt, provider=provider, album=album, words="-"
    )
    then = db_now() - timedelta(days=ago)
    LedgerLine.objects.filter(pk=line.pk).update(created=then)
    return line


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Job.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


class TestMonth:
    def test_it_begins_on_the_clock_of_the_place(self, settings: Any) -> None:
        settings.TIME_ZONE = "Pacific/Auckland"
        now = datetime(2026, 10, 31, 12, 30, tzinfo=UTC)
        assert money.month_begin(now) == datetime(2026, 10, 31, 11, tzinfo=UTC)
        assert money.next_month_words(now) == "1 December"

    def test_december_is_followed_by_january(self) -> None:
        now = datetime(2026, 12, 31, 12, 30, tzinfo=UTC)
        assert money.next_month_words(now) == "1 January"

    def test_what_was_bought_before_does_not_count(self, album: Album) -> None:
        allow(5)
        spend(album)
        spend(album, ago=32)
        (cap,) = money.caps_of("picwish", album.pk)
        assert (cap.used, cap.left) == (1, 4)


class TestCounted:
    @pytest.mark.parametrize(
        ("attempt", "used"),
        [
            ({}, 0),
            ({"submits": 1, "submitting": True}, 1),
            ({"submits": 2, "submitting": True}, 1),
            ({"submits": 1, "remote_id": "7"}, 1),
            ({"brought": {"upload": "x"}}, 1),
            ({"remote_id": "7", "state": "abandoned"}, 0),
            ({"remote_id": "7", "state": "abandoned", "late_look": True}, 1),
            ({"submits": 1, "remote_id": "7", "state": "failed"}, 0),
            ({"submits": 2, "submitting": True, "state": "failed"}, 1),
        ],
    )
    def test_what_is_under_way_or_may_have_been_charged(
        self, album: Album, attempt: dict[str, Any], used: int
    ) -> None:
        allow(5)
        if "late_look" in attempt:
            attempt = attempt | {"late_look": db_now()}
        (photo,) = add_photos(album)
        job = add_job(photo, Job.State.RUNNING, provider="picwish")
        job.attempts.create(number=1, provider="picwish", **attempt)
        (cap,) = money.caps_of("picwish", album.pk)
        assert cap.used == used

    def test_a_submit_of_last_month_that_nobody_knows_about_is_forgotten(
        self, album: Album
    ) -> None:
        allow(5)
        (photo,) = add_photos(album)
        job = add_job(photo, Job.State.FAILED, provider="picwish")
        job.attempts.create(
            number=1, provider="picwish", state="failed", submits=2, submitting=True
        )
        Attempt.objects.update(created=db_now() - timedelta(days=32))
        (cap,) = money.caps_of("picwish", album.pk)
        assert cap.used == 0

    def test_an_album_counts_all_providers_and_no_other_album(
        self, album: Album, alice: User
    ) -> None:
        services.give_consent(album, "picwish", by=alice)
        money.set_album_cap(album, 5, by=alice)
        spend(album)
        spend(album, provider="claid")
        spend(create_album(title="Another", owner=alice))
        (cap,) = money.caps_of("picwish", album.pk)
        assert (cap.provider, cap.used) == ("", 2)


class TestRoom:
    def test_without_a_cap_all_fit(self, album: Album) -> None:
        room = money.room_for(album, "picwish", 200)
        assert (room.fits, room.waits, room.sentence) == (200, 0, "")

    def test_the_engine_of_this_app_is_under_no_cap(
        self, album: Album, alice: User
    ) -> None:
        money.set_album_cap(album, 0, by=alice)
        assert money.room_for(album, "local", 7).fits == 7

    def test_what_waits_already_comes_first(self, album: Album) -> None:
        allow(10)
        for _number in range(3):
            spend(album)
        for photo in add_photos(album, 2):
            add_job(photo, Job.State.QUEUED, provider="picwish")
        room = money.room_for(album, "picwish", 8)
        assert (room.fits, room.waits) == (5, 3)
        assert room.sentence.startswith("5 of 8 photos fit into this month's budget.")
        (cap,) = room.caps
        assert cap.words == "5 of 10 left this month for PicWish"

    def test_the_smaller_of_two_caps_decides(self, album: Album, alice: User) -> None:
        allow(10)
        money.set_album_cap(album, 4, by=alice)
        assert money.room_for(album, "picwish", 8).fits == 4

    def test_none_fits(self, album: Album) -> None:
        allow(0)
        room = money.room_for(album, "picwish", 3)
        assert room.fits == 0
        assert room.sentence.startswith("This month's budget is used up.")


class TestHeld:
    def test_what_finds_no_room_waits_and_says_why(
        self, sandbox: Sandbox, ask_picwish: AskPicWish
    ) -> None:
        allow(1)
        first, second = ask_picwish(), ask_picwish()
        assert finish(first).state == Job.State.SUCCEEDED
        assert step(second).state == HELD
        assert (second.hold, second.blame) == ("budget", "budget")
        assert second.lease is None
        assert "budget for PicWish is used up: at most 1 a month." in second.message
        assert money.next_month_words() in second.message
        assert Event.objects.get(kind="over_budget").detail == "picwish: 1 a month"
        assert sandbox.picwish.submits == 1
        # Nothing was prepared for it, either.
        assert not second.events.filter(kind="preparing").exists()

    def test_all_that_wait_are_held_at_once_and_told_about_once(
        self, sandbox: Sandbox, ask_picwish: AskPicWish, administrator: User
    ) -> None:
        allow(1)
        jobs = [ask_picwish() for _number in range(4)]
        step(jobs[0])
        step(jobs[1])
        assert states() == {"running": 1, HELD: 3}
        assert len(sandbox.picwish.requests) == 1
        assert [message.to for message in mail.outbox] == [["ada@example.org"]]
        assert "PicWish" in mail.outbox[0].subject
        late = ask_picwish()
        step(late)
        assert len(mail.outbox) == 1

    def test_an_album_s_cap_holds_its_own_jobs_only(
        self,
        sandbox: Sandbox,
        ask_picwish: AskPicWish,
        album: Album,
        alice: User,
        administrator: User,
    ) -> None:
        other = create_album(title="Another", owner=alice)
        (photo,) = add_photos(other)
        elsewhere = add_job(photo, Job.State.QUEUED, provider="picwish")
        money.set_album_cap(album, 0, by=alice)
        held = ask_picwish()
        assert step(held).state == HELD
        assert "This album's budget" in held.message
        elsewhere.refresh_from_db()
        assert elsewhere.state == Job.State.QUEUED
        assert "Summer 1962" in mail.outbox[0].subject

    def test_a_task_that_failed_gives_its_place_back(
        self, sandbox: Sandbox, ask_picwish: AskPicWish
    ) -> None:
        allow(1)
        sandbox.picwish.faults.add("submit", "http_413")
        assert finish(ask_picwish()).state == Job.State.FAILED
        assert finish(ask_picwish()).state == Job.State.SUCCEEDED

    def test_a_second_try_of_the_same_attempt_keeps_its_place(
        self, sandbox: Sandbox, ask_picwish: AskPicWish
    ) -> None:
        allow(1)
        sandbox.picwish.faults.add("submit", "http_503")
        assert finish(ask_picwish()).state == Job.State.SUCCEEDED

    def test_a_result_that_cannot_be_fetched_was_bought_all_the_same(
        self, sandbox: Sandbox, ask_picwish: AskPicWish, album: Album
    ) -> None:
        allow(1)
        sandbox.picwish.faults.always("result", "html")
        assert finish(ask_picwish()).state == Job.State.FAILED
        assert LedgerLine.objects.count() == 1
        assert money.room_for(album, "picwish", 1).fits == 0


def test_a_wish_that_was_given_up_meanwhile_is_not_held(
    sandbox: Sandbox, ask_picwish: AskPicWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(0)
    check_room = money.check_room

    def cancel_meanwhile(attempt: Attempt, album_id: int) -> None:
        Job.objects.update(cancel_asked=True)
        check_room(attempt, album_id)

    monkeypatch.setattr(money, "check_room", cancel_meanwhile)
    assert step(ask_picwish()).state == Job.State.CANCELLED


class TestPages:
    @pytest.fixture
    def held(self, sandbox: Sandbox, ask_picwish: AskPicWish) -> Job:
        allow(0)
        jobs = [ask_picwish(), ask_picwish()]
        return step(jobs[0])

    def page_of(self, client: Client, job: Job) -> str:
        page = client.get(reverse("albums:photo", args=[job.photo.code]))
        return html.unescape(page.content.decode())

    def test_the_photo_s_page_says_why_and_the_way_out(
        self, held: Job, alice_client: Client
    ) -> None:
        page = self.page_of(alice_client, held)
        assert "Over this month's budget" in page
        assert held.message in page
        assert "No money was spent." in page
        assert reverse("jobs:send_elsewhere", args=[held.code]) in page
        assert "/admin/" not in page

    def test_the_administrator_is_led_to_the_budget(
        self, held: Job, album: Album, administrator: User
    ) -> None:
        album.owner = administrator
        album.save()
        client = Client()
        client.force_login(administrator)
        assert reverse("admin:jobs_provideraccount_changelist") in self.page_of(
            client, held
        )

    def test_the_album_s_chips_say_it(
        self, held: Job, album: Album, alice_client: Client
    ) -> None:
        address = reverse("albums:album", args=[album.code])
        page = html.unescape(alice_client.get(address).content.decode())
        assert page.count("Over this month's budget") == 2

    def test_a_batch_says_how_many_wait(
        self, sandbox: Sandbox, album: Album, alice_client: Client, alice: User
    ) -> None:
        services.give_consent(album, "picwish", by=alice)
        money.set_album_cap(album, 0, by=alice)
        batch = add_batch(album)
        jobs = [
            add_job(photo, Job.State.QUEUED, provider="picwish", batch=batch)
            for photo in add_photos(album, 3)
        ]
        step(jobs[0])
        page = alice_client.get(reverse("jobs:activity")).content.decode()
        assert "3 photos wait." in page
        assert html.escape("This album's budget") in page

    def test_all_of_an_album_go_elsewhere_at_once(
        self, held: Job, album: Album, alice: User
    ) -> None:
        assert services.send_all_elsewhere(album, "picwish", "local", by=alice) == 2
        assert set(Job.objects.values_list("provider", "state")) == {
            ("local", "queued")
        }
        assert services.send_all_elsewhere(album, "picwish", "local", by=alice) == 0

    def test_or_none_of_them_where_that_is_refused(
        self, held: Job, album: Album, alice: User
    ) -> None:
        with pytest.raises(NoConsent):
            services.send_all_elsewhere(album, "picwish", "claid", by=alice)
        services.give_consent(album, "upscayl", by=alice)
        Job.objects.filter(pk=held.pk).update(recipe="enlarge_2")
        with pytest.raises(BadOption):
            services.send_all_elsewhere(album, "picwish", "upscayl", by=alice)
        assert states() == {HELD: 2}


class TestLetGo:
    @pytest.fixture
    def held(self, sandbox: Sandbox, ask_picwish: AskPicWish) -> list[Job]:
        allow(0)
        jobs = [ask_picwish() for _number in range(3)]
        step(jobs[0])
        assert states() == {HELD: 3}
        return jobs

    def test_nothing_goes_on_while_there_is_no_room(self, held: list[Job]) -> None:
        sweep()
        assert states() == {HELD: 3}

    def test_a_raised_cap_lets_as_many_go_as_fit(self, held: list[Job]) -> None:
        allow(2)
        sweep()
        sweep()
        assert states() == {HELD: 1, "queued": 2}
        for job in Job.objects.filter(state=Job.State.QUEUED):
            assert finish(job).state == Job.State.SUCCEEDED
        sweep()
        assert states() == {HELD: 1, "succeeded": 2}

    def test_without_a_cap_all_go_on(self, held: list[Job]) -> None:
        allow(None)
        sweep()
        assert states() == {"queued": 3}

    def test_a_new_month_lets_them_go(
        self, sandbox: Sandbox, ask_picwish: AskPicWish
    ) -> None:
        allow(1)
        jobs = [ask_picwish(), ask_picwish()]
        finish(jobs[0])
        step(jobs[1])
        LedgerLine.objects.update(created=db_now() - timedelta(days=32))
        assert over_budget.let_go() == 1
        jobs[1].refresh_from_db()
        assert finish(jobs[1]).state == Job.State.SUCCEEDED

    def test_an_album_and_a_provider_must_both_have_room(
        self, held: list[Job], album: Album, alice: User
    ) -> None:
        money.set_album_cap(album, 1, by=alice)
        allow(2)
        assert over_budget.let_go() == 1
        money.set_album_cap(album, None, by=alice)
        assert over_budget.let_go() == 1

    def test_many_go_on_in_turns(
        self, held: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allow(None)
        monkeypatch.setattr(over_budget, "AT_A_TIME", 2)
        assert [over_budget.let_go() for _turn in range(3)] == [2, 1, 0]


class TestLedger:
    def test_the_price_of_the_moment_is_kept(
        self, sandbox: Sandbox, ask_picwish: AskPicWish
    ) -> None:
        accounts = ProviderAccount.objects.filter(provider="picwish")
        accounts.update(price=Decimal("0.125"), currency="EUR")
        job = step(ask_picwish())
        Attempt.objects.update(credits=2.5)
        finish(job)
        accounts.update(price=Decimal("9"), currency="USD")
        line = LedgerLine.objects.get()
        assert (line.price, line.currency) == (Decimal("0.125"), "EUR")
        assert line.credits == 2.5

    @pytest.mark.parametrize(
        ("amount", "number", "words"),
        [
            ("0.5000", 1, "0.50 EUR"),
            ("0.0125", 1, "0.0125 EUR"),
            ("0.0125", 200, "2.50 EUR"),
            ("10.0000", 1, "10.00 EUR"),
        ],
    )
    def test_prices_are_written_as_people_do(
        self, amount: str, number: int, words: str
    ) -> None:
        assert Price(Decimal(amount), "EUR").times(number).words == words

    def test_no_price_is_no_price(self, db: None) -> None:
        assert money.price_of("picwish") is None


def test_who_agrees_is_on_record_with_the_price_that_was_shown(
    sandbox: Sandbox, album: Album, alice: User, alice_client: Client
) -> None:
    accounts = ProviderAccount.objects.filter(provider="picwish")
    accounts.update(price=Decimal("0.125"), currency="EUR")
    address = reverse("jobs:album_providers", args=[album.code])
    assert "0.125 EUR a photo" in alice_client.get(address).content.decode()
    alice_client.post(address, {"provider": "picwish", "answer": "agree"})
    shown = Consent.objects.get().price_shown
    assert shown.startswith("0.125 EUR a photo")
    assert PROMISE.costs in shown
    assert "The price shown then" not in alice_client.get(address).content.decode()
    accounts.update(price=Decimal("0.5"))
    assert "The price shown then" in alice_client.get(address).content.decode()


class TestWhoMay:
    def test_the_owner_and_the_administrator_set_an_album_s_cap(
        self, album: Album, alice: User, administrator: User
    ) -> None:
        for person, cap in ((alice, 5), (administrator, 7)):
            money.set_album_cap(album, cap, by=person)
            assert AlbumCap.objects.get().monthly_cap == cap
        money.set_album_cap(album, None, by=alice)
        assert not AlbumCap.objects.exists()

    def test_nobody_else_does(self, album: Album, bob: User, charlie: User) -> None:
        for person in (bob, charlie):
            with pytest.raises(PermissionDenied):
                money.set_album_cap(album, 5, by=person)
        assert not AlbumCap.objects.exists()


def at_once(acts: list[Callable[[], Any]]) -> None:
    def run(act: Callable[[], Any]) -> None:
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["provider", "album"])
def test_workers_at_the_same_moment_buy_no_more_than_allowed(
    sandbox: Sandbox,
    ask_picwish: AskPicWish,
    album: Album,
    alice: User,
    administrator: User,
    monkeypatch: pytest.MonkeyPatch,
    of: str,
) -> None:
    """All have passed the first look before any of them takes its place."""
    most, workers = 3, 8
    allow(most if of == "provider" else None)
    money.set_album_cap(album, most if of == "album" else None, by=alice)
    jobs = [ask_picwish() for _number in range(workers)]
    together = threading.Barrier(workers)
    take_place = money.take_place

    def take_together(attempt: Attempt, album_id: int) -> None:
        together.wait(60)
        take_place(attempt, album_id)

    monkeypatch.setattr(money, "take_place", take_together)
    at_once([lambda job=job: step(job) for job in jobs])  # type: ignore[misc]
    assert sandbox.picwish.submits == most
    assert states() == {"running": most, HELD: workers - most}
    assert len(mail.outbox) == 1
