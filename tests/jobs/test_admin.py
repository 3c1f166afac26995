"""The administrator's desk: what is seen, what can be pressed, what never shows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from albums.models import Album, Photo, User
from jobs import accounts, checking, queue
from jobs.models import (
    AlbumCap,
    Attempt,
    Event,
    Job,
    LedgerLine,
    ProviderAccount,
)
from jobs.queue import BrokerDown
from jobs.services import give_consent
from tests.conftest import PASSWORD
from tests.rows import add_job, add_photos

pytestmark = pytest.mark.django_db
KEY = "a-key-that-no-page-shows"
READ_ONLY = ("job", "attempt", "event", "ledgerline", "consent")
STATE = ProviderAccount.State


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("staff@example.org", PASSWORD)


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def with_key(settings: Any) -> None:
    known = settings.PROVIDERS["picwish"]
    settings.PROVIDERS = settings.PROVIDERS | {"picwish": replace(known, key=KEY)}


@pytest.fixture
def photo(album: Album) -> Photo:
    return add_photos(album)[0]


@pytest.fixture
def attempt(photo: Photo, album: Album, alice: User) -> Attempt:
    """One of everything."""
    job = add_job(photo, Job.State.FAILED, provider="picwish")
    attempt = Attempt.objects.create(
        job=job,
        number=1,
        provider="picwish",
        remote_id="task-4711",
        result_address="https://results.example/secret-result",
        brought={"upload": "https://uploads.example/secret-upload"},
        sent_width=2048,
        sent_height=1365,
        sent_bytes=500_000,
        charged=True,
    )
    Event.objects.create(job=job, attempt=attempt, kind=Event.Kind.SENT)
    give_consent(album, "picwish", by=alice)
    LedgerLine.objects.create(
        attempt=attempt, provider="picwish", album=album, words="One credit."
    )
    return attempt


def row() -> ProviderAccount:
    return accounts.account("picwish")


def list_of(name: str) -> str:
    return reverse(f"admin:jobs_{name}_changelist")


def account_page(desk: Client) -> str:
    address = reverse("admin:jobs_provideraccount_change", args=[row().pk])
    return desk.get(address).content.decode()


def press(desk: Client, name: str) -> str:
    address = reverse("admin:jobs_provideraccount_change", args=[row().pk])
    return desk.post(address, {f"_{name}": "1"}, follow=True).content.decode()


class TestRecords:
    @pytest.mark.parametrize("name", READ_ONLY)
    def test_they_are_read_and_never_changed(
        self, desk: Client, attempt: Attempt, name: str
    ) -> None:
        page = desk.get(list_of(name))
        assert page.status_code == 200
        model = page.context["cl"].model
        pk = model.objects.values_list("pk", flat=True).first()
        view = reverse(f"admin:jobs_{name}_change", args=[pk])
        text = desk.get(view).content.decode()
        assert 'name="_save"' not in text
        assert "secret" not in text + page.content.decode()
        add = reverse(f"admin:jobs_{name}_add")
        delete = reverse(f"admin:jobs_{name}_delete", args=[pk])
        assert desk.get(add).status_code == 403
        assert desk.post(delete, {"post": "yes"}).status_code == 403
        assert desk.post(view, {}).status_code == 403
        assert model.objects.filter(pk=pk).exists()

    @pytest.mark.parametrize("name", ["job", "attempt", "event", "ledgerline"])
    def test_they_are_found_by_reference_and_by_the_providers_number(
        self, desk: Client, attempt: Attempt, photo: Photo, name: str
    ) -> None:
        other = add_job(photo)
        for words in (str(attempt.job.code), "task-4711"):
            page = desk.get(list_of(name), {"q": words}).content.decode()
            assert str(other.code) not in page
            found = "task-4711" if name == "ledgerline" else str(attempt.job.code)
            assert found in page
        none = desk.get(list_of(name), {"q": "nothing-like-it"}).content.decode()
        assert "0 results" in none

    def test_a_job_shows_its_attempts_and_its_timeline(
        self, desk: Client, attempt: Attempt
    ) -> None:
        view = reverse("admin:jobs_job_change", args=[attempt.job.pk])
        text = desk.get(view).content.decode()
        assert "task-4711" in text
        assert "2048 × 1365, 500000 bytes" in text
        assert "asked" in text

    @pytest.mark.parametrize("name", READ_ONLY)
    def test_lists_cost_no_more_with_more_rows(
        self, desk: Client, attempt: Attempt, album: Album, alice: User, name: str
    ) -> None:
        counts = []
        for number in (1, 10):
            for photo in add_photos(album, number):
                job = add_job(photo, provider="picwish")
                made = Attempt.objects.create(job=job, number=1, provider="picwish")
                Event.objects.create(job=job, attempt=made, kind=Event.Kind.SENT)
                LedgerLine.objects.create(
                    attempt=made, provider="picwish", album=album, words="-"
                )
            with CaptureQueriesContext(connection) as queries:
                assert desk.get(list_of(name)).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_the_queues_own_pages_are_gone(self, desk: Client) -> None:
        for name in ("failure", "success", "schedule", "ormq"):
            assert desk.get(f"/admin/django_q/{name}/").status_code == 404
        assert "django_q" not in desk.get("/admin/").content.decode()


class TestStartPage:
    def test_a_missing_key_is_said(self, desk: Client) -> None:
        page = desk.get("/admin/").content.decode()
        assert "Switched off: PICWISH_API_KEY is not set." in page

    def test_what_is_on_hold_is_said(
        self, desk: Client, with_key: None, photo: Photo, staff: User
    ) -> None:
        assert "Working." in desk.get("/admin/").content.decode()
        accounts.pause("picwish", by=staff)
        add_job(photo, Job.State.HELD, provider="picwish")
        page = desk.get("/admin/").content.decode()
        assert "The administrator has paused PicWish." in page
        assert "1 photo is on hold." in page
        assert KEY not in page

    def test_it_costs_no_more_with_more_jobs(
        self, desk: Client, with_key: None, album: Album
    ) -> None:
        counts = []
        for number in (1, 20):
            for photo in add_photos(album, number):
                add_job(photo, Job.State.HELD, provider="picwish")
            with CaptureQueriesContext(connection) as queries:
                desk.get("/admin/")
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestAccount:
    def test_every_provider_has_a_row_from_the_start(self, db: None) -> None:
        assert ProviderAccount.objects.filter(provider="picwish").exists()

    def test_whether_there_is_a_key_and_never_which(
        self, desk: Client, with_key: None
    ) -> None:
        page = account_page(desk)
        assert 'alt="True"' in page
        assert KEY not in page
        assert KEY not in desk.get(list_of("provideraccount")).content.decode()

    def test_without_a_key_it_says_so(self, desk: Client) -> None:
        assert 'alt="False"' in account_page(desk)

    def test_how_long_it_takes_is_shown(self, desk: Client) -> None:
        assert "not known yet" in account_page(desk)
        ProviderAccount.objects.filter(pk=row().pk).update(
            half_done=31.0, nearly_done=88.2
        )
        page = account_page(desk)
        assert "31 seconds" in page
        assert "88 seconds" in page

    def test_pause_and_go_on(self, desk: Client, photo: Photo, with_key: None) -> None:
        assert "is paused" in press(desk, "pause")
        assert row().state == STATE.PAUSED
        assert 'name="_go_on"' in account_page(desk)
        job = add_job(photo, Job.State.HELD, provider="picwish", hold="provider")
        assert "goes on" in press(desk, "go_on")
        assert row().state == STATE.OPEN
        job.refresh_from_db()
        assert job.state == Job.State.QUEUED

    def test_the_list_has_the_same_actions(self, desk: Client) -> None:
        chosen = {"action": "pause", "_selected_action": [row().pk]}
        desk.post(list_of("provideraccount"), chosen)
        assert row().state == STATE.PAUSED

    def test_a_check_is_asked_for_and_shown_until_it_is_done(
        self, desk: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rung_for: list[str] = []
        monkeypatch.setattr(queue, "ring_check", rung_for.append)
        assert "is being checked" in press(desk, "check_now")
        assert row().check_asked
        assert rung_for == ["picwish"]
        assert "not done yet" in account_page(desk)
        checking.check("picwish")
        page = account_page(desk)
        assert "not done yet" not in page
        assert "set PICWISH_API_KEY" in page

    def test_a_check_that_cannot_be_rung_for_is_not_waited_for(
        self, desk: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(*_: object) -> None:
            raise BrokerDown

        monkeypatch.setattr(queue, "ring_check", down)
        assert "The worker cannot be reached." in press(desk, "check_now")
        assert row().check_asked is None

    def test_nothing_else_can_be_changed(self, desk: Client) -> None:
        address = reverse("admin:jobs_provideraccount_change", args=[row().pk])
        before = ProviderAccount.objects.values().get(pk=row().pk)
        desk.post(address, {"state": "paused", "provider": "other", "_save": "1"})
        assert ProviderAccount.objects.values().get(pk=row().pk) == before
        delete = reverse("admin:jobs_provideraccount_delete", args=[row().pk])
        assert desk.post(delete, {"post": "yes"}).status_code == 403
        assert desk.get(reverse("admin:jobs_provideraccount_add")).status_code == 403


class TestMoney:
    def save(self, desk: Client, **said: str) -> str:
        address = reverse("admin:jobs_provideraccount_change", args=[row().pk])
        return desk.post(address, {**said, "_save": "1"}, follow=True).content.decode()

    def test_price_and_cap_are_typed_in(self, desk: Client) -> None:
        self.save(desk, price="0.125", currency="eur", monthly_cap="20")
        assert (row().price, row().currency) == (Decimal("0.125"), "EUR")
        assert row().monthly_cap == 20
        assert "0 of 20" in account_page(desk)
        assert "0 of 20" in desk.get(list_of("provideraccount")).content.decode()

    def test_what_workers_write_meanwhile_is_left_alone(self, desk: Client) -> None:
        ProviderAccount.objects.filter(pk=row().pk).update(failures=3)
        self.save(desk, monthly_cap="20")
        assert row().failures == 3

    def test_other_buttons_leave_it_alone(self, desk: Client, with_key: None) -> None:
        self.save(desk, price="0.125", currency="EUR", monthly_cap="20")
        press(desk, "pause")
        assert (row().monthly_cap, row().state) == (20, STATE.PAUSED)

    @pytest.mark.parametrize(
        "said",
        [
            {"price": "-1", "currency": "EUR"},
            {"price": "1", "currency": ""},
            {"price": "1", "currency": "E1"},
            {"monthly_cap": "-3"},
            {"monthly_cap": "many"},
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, desk: Client, said: dict[str, str]
    ) -> None:
        self.save(desk, **said)
        assert (row().price, row().monthly_cap) == (None, None)

    def test_more_room_lets_photos_go_on(self, desk: Client, photo: Photo) -> None:
        job = add_job(photo, Job.State.HELD, provider="picwish", hold="budget")
        self.save(desk, monthly_cap="0")
        job.refresh_from_db()
        assert job.state == Job.State.HELD
        self.save(desk, monthly_cap="1")
        job.refresh_from_db()
        assert job.state == Job.State.QUEUED

    def test_an_album_s_cap_is_set_here_too(
        self, desk: Client, album: Album, photo: Photo
    ) -> None:
        job = add_job(photo, Job.State.HELD, provider="picwish", hold="budget")
        add = reverse("admin:jobs_albumcap_add")
        desk.post(add, {"album": album.pk, "monthly_cap": "0"})
        cap = AlbumCap.objects.get()
        job.refresh_from_db()
        assert job.state == Job.State.HELD
        desk.post(reverse("admin:jobs_albumcap_delete", args=[cap.pk]), {"post": "yes"})
        assert not AlbumCap.objects.exists()
        job.refresh_from_db()
        assert job.state == Job.State.QUEUED

    def test_the_ledger_tells_price_and_credits(
        self, desk: Client, attempt: Attempt
    ) -> None:
        LedgerLine.objects.update(price=Decimal("0.125"), currency="EUR", credits=2.5)
        page = desk.get(list_of("ledgerline")).content.decode()
        for words in ("0.1250", "EUR", "2.5"):
            assert words in page


class TestSecretNumbers:
    """Whoever knows an image's number at Autoenhance could see the photo."""

    @pytest.mark.parametrize("name", ["job", "attempt", "ledgerline"])
    def test_they_are_on_no_page(
        self, desk: Client, attempt: Attempt, name: str
    ) -> None:
        Attempt.objects.update(provider="autoenhance")
        page = desk.get(list_of(name))
        pk = page.context["cl"].model.objects.values_list("pk", flat=True).first()
        view = desk.get(reverse(f"admin:jobs_{name}_change", args=[pk]))
        text = page.content.decode() + view.content.decode()
        assert "task-4711" not in text

    def test_nor_in_the_timeline(
        self, attempt: Attempt, album: Album, staff: User
    ) -> None:
        album.owner = staff
        album.save()
        client = Client()
        client.force_login(staff)
        address = reverse("albums:photo", args=[attempt.job.photo.code])
        assert "task-4711" in client.get(address).content.decode()
        Attempt.objects.update(provider="autoenhance")
        page = client.get(address).content.decode()
        assert "task-4711" not in page
        assert "kept secret" in page
