"""A job that cannot go on: why, who knows, what it cost, and one click to the engine."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from albums.models import Album, Photo, User
from jobs import accounts, late
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job
from jobs.services import cancel, give_consent
from tests.jobs.remote.conftest import AskPicWish, finish, step
from tests.provider_sandbox import Sandbox
from tests.rows import add_job, add_photos

pytestmark = pytest.mark.django_db
STATE = Job.State


@pytest.fixture
def photo(album: Album) -> Photo:
    return add_photos(album)[0]


def held(photo: Photo, **fields: object) -> Job:
    usual = {"provider": "picwish", "message": "The key is wrong.", "blame": "setup"}
    return add_job(photo, STATE.HELD, **usual | fields)


def page_of(client: Client, photo: Photo) -> str:
    response = client.get(reverse("albums:photo", args=[photo.code]))
    return html.unescape(response.content.decode())


def elsewhere(client: Client, job: Job, **data: str) -> str:
    address = reverse("jobs:send_elsewhere", args=[job.code])
    response = client.post(address, data, follow=True)
    return html.unescape(response.content.decode())


class TestHeld:
    def test_it_says_why_what_happens_next_and_what_it_cost(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = held(photo)
        page = page_of(alice_client, photo)
        assert "On hold" in page
        assert "The key is wrong." in page
        assert "it goes on by itself when all is well again" in page
        assert "No money was spent." in page
        assert reverse("jobs:send_elsewhere", args=[job.code]) in page

    def test_who_was_told_is_said(self, photo: Photo, alice_client: Client) -> None:
        held(photo, blame="provider", message="PicWish has trouble.")
        assert "The administrator has been told." in page_of(alice_client, photo)

    def test_a_paused_provider_waits_for_the_administrator(
        self, photo: Photo, alice_client: Client
    ) -> None:
        held(photo, blame="provider", error_code="paused", message="Paused.")
        page = page_of(alice_client, photo)
        assert "when the administrator says so" in page
        assert "has been told" not in page

    @pytest.mark.parametrize(
        ("attempt", "words"),
        [
            ({"remote_id": "7"}, "PicWish may charge for this try"),
            ({"submitting": True}, "PicWish may charge for this try"),
            ({"remote_id": "7", "charged": True}, "PicWish charges for this try."),
            ({"remote_id": "7", "state": "failed"}, "No money was spent."),
            ({}, "No money was spent."),
        ],
    )
    def test_what_it_cost_is_what_the_attempts_cost(
        self,
        photo: Photo,
        alice_client: Client,
        attempt: dict[str, object],
        words: str,
    ) -> None:
        job = held(photo)
        Attempt.objects.create(job=job, number=1, provider="picwish", **attempt)
        assert words in page_of(alice_client, photo)

    def test_viewers_get_no_button(self, photo: Photo, bob_client: Client) -> None:
        job = held(photo)
        page = page_of(bob_client, photo)
        assert "The key is wrong." in page
        assert reverse("jobs:send_elsewhere", args=[job.code]) not in page

    def test_activity_says_why(self, photo: Photo, alice_client: Client) -> None:
        held(photo)
        page = alice_client.get(reverse("jobs:activity")).content.decode()
        assert "1 on hold" in page
        assert "The key is wrong." in page


class TestOneClick:
    @pytest.mark.parametrize("state", [STATE.HELD, STATE.FAILED])
    def test_the_engine_takes_over(
        self, photo: Photo, alice: User, alice_client: Client, state: str
    ) -> None:
        job = add_job(photo, state, provider="picwish", message="No.")
        page = elsewhere(alice_client, job)
        job.refresh_from_db()
        assert (job.provider, job.state, job.message) == ("local", STATE.QUEUED, "")
        assert Event.objects.get(kind="sent_elsewhere").by == alice
        assert "Given to the engine of this app" in page

    def test_a_recipe_that_the_engine_cannot_do_is_named(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = held(photo, recipe="repair_colour")
        assert "“Repair and colour” is more than it can" in page_of(alice_client, photo)
        elsewhere(alice_client, job)
        job.refresh_from_db()
        assert (job.provider, job.recipe) == ("local", "repair")

    def test_a_second_click_changes_nothing(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = held(photo)
        elsewhere(alice_client, job)
        assert "does it already" in elsewhere(alice_client, job)
        assert Event.objects.filter(kind="sent_elsewhere").count() == 1

    def test_what_goes_on_is_left_alone(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = add_job(photo, STATE.RUNNING, provider="picwish")
        assert "goes on already" in elsewhere(alice_client, job)
        job.refresh_from_db()
        assert job.provider == "picwish"

    def test_it_leads_out_of_the_house_only_with_consent(
        self,
        sandbox: Sandbox,
        album: Album,
        photo: Photo,
        alice: User,
        alice_client: Client,
    ) -> None:
        job = add_job(photo, STATE.FAILED)
        text = elsewhere(alice_client, job, provider="picwish")
        assert "may not go to PicWish yet" in text
        job.refresh_from_db()
        assert (job.provider, job.state) == ("local", STATE.FAILED)
        give_consent(album, "picwish", by=alice)
        elsewhere(alice_client, job, provider="picwish")
        job.refresh_from_db()
        assert (job.provider, job.state) == ("picwish", STATE.QUEUED)

    def test_a_provider_that_does_not_exist_is_refused(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = held(photo)
        assert "Choose from" in elsewhere(alice_client, job, provider="nobody")
        job.refresh_from_db()
        assert job.state == STATE.HELD

    def test_only_editors_may(
        self,
        photo: Photo,
        client: Client,
        bob_client: Client,
        charlie_client: Client,
    ) -> None:
        job = held(photo)
        address = reverse("jobs:send_elsewhere", args=[job.code])
        for stranger in (bob_client, charlie_client):
            assert stranger.post(address).status_code == 404
        assert client.post(address)["Location"].startswith(reverse("account_login"))
        job.refresh_from_db()
        assert job.provider == "picwish"

    def test_from_a_wrong_key_to_a_restored_photo(
        self, sandbox: Sandbox, ask_picwish: AskPicWish, alice_client: Client
    ) -> None:
        sandbox.picwish.faults.always("submit", "http_401")
        job = step(ask_picwish())
        assert "does not accept" in page_of(alice_client, job.photo)
        elsewhere(alice_client, job)
        job = finish(job)
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "local")
        assert not job.money_spent
        assert sandbox.picwish.submits == 0


def test_a_late_result_is_a_version_with_a_line_of_its_own(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User, alice_client: Client
) -> None:
    job = step(ask_picwish())
    assert job.state == STATE.RUNNING
    cancel(job, by=alice)
    step(job)
    attempt = Attempt.objects.get()
    Attempt.objects.update(late_look=db_now() - timedelta(seconds=1))
    late.collect(attempt.pk)
    page = page_of(alice_client, job.photo)
    assert "Restored – PicWish" in page
    assert "came from PicWish after all" in page
    assert "paid for" in page


def test_how_long_it_takes_is_learned_from_the_provider(
    photo: Photo, alice_client: Client
) -> None:
    row = accounts.account("picwish")
    row.half_done, row.nearly_done = 31.0, 88.0
    row.save()
    add_job(photo, STATE.RUNNING, provider="picwish")
    words = "usually 30–90 seconds"
    assert words in page_of(alice_client, photo)
    activity = alice_client.get(reverse("jobs:activity")).content.decode()
    assert words in activity
