"""The Activity page, and what a person may do with a job."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from albums.models import Album, Member, Photo, User
from albums.services import create_album
from jobs.models import Event, Job
from tests.rows import add_batch, add_job, add_photos

STATE = Job.State
ENLARGED = {"recipe": "enlarge_2", "local-grain": "off", "local-colour": ""}


@pytest.fixture
def photo(album: Album) -> Photo:
    return add_photos(album)[0]


def activity(client: Client, **query: str) -> str:
    response = client.get(reverse("jobs:activity"), query)
    assert response.status_code == 200
    return response.content.decode()


class TestActivity:
    def test_signed_out_people_are_sent_to_sign_in(
        self, db: None, client: Client
    ) -> None:
        response = client.get(reverse("jobs:activity"))
        assert response["Location"].startswith(reverse("account_login"))

    def test_nothing_yet_says_what_to_do(self, alice_client: Client) -> None:
        text = activity(alice_client)
        assert "Nothing has been restored yet" in text
        assert reverse("albums:albums") in text
        assert "hx-trigger" not in text

    def test_members_see_it_and_strangers_do_not(
        self, photo: Photo, bob_client: Client, charlie_client: Client
    ) -> None:
        add_job(photo, STATE.FAILED, message="It was too dark.")
        assert "It was too dark." in activity(bob_client)
        assert "It was too dark." not in activity(charlie_client)

    def test_a_viewer_is_told_whom_to_ask(
        self, photo: Photo, alice_client: Client, bob_client: Client
    ) -> None:
        job = add_job(photo, STATE.FAILED)
        retry = reverse("jobs:retry", args=[job.code])
        assert retry in activity(alice_client)
        assert retry not in activity(bob_client)
        assert "Ask the owner" in activity(bob_client)

    def test_a_failure_says_what_whose_and_what_it_cost(
        self, photo: Photo, alice: User, alice_client: Client
    ) -> None:
        job = add_job(
            photo,
            STATE.FAILED,
            blame="setup",
            message="The disk is full.",
            detail="ENOSPC at step 7",
            error_code="disk_full",
        )
        text = activity(alice_client)
        assert "The disk is full." in text
        assert "This app is the problem, not your picture." in text
        assert "No money was spent." in text
        assert f"<code>{job.code}</code>" in text
        assert "ENOSPC" not in text
        User.objects.filter(pk=alice.pk).update(is_staff=True)
        assert "ENOSPC at step 7" in activity(alice_client)

    def test_a_picture_that_is_to_blame_gets_other_options(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = add_job(photo, STATE.FAILED, blame="picture")
        text = activity(alice_client)
        assert reverse("jobs:retry", args=[job.code]) not in text
        assert f"{reverse('albums:photo', args=[photo.code])}?again=1#again" in text

    def test_a_later_wish_settles_an_earlier_failure(
        self, photo: Photo, alice_client: Client
    ) -> None:
        add_job(photo, STATE.FAILED, message="It was too dark.")
        add_job(photo, STATE.SUCCEEDED)
        assert "It was too dark." not in activity(alice_client)

    def test_a_batch_is_told_once_and_adds_up(
        self, album: Album, alice_client: Client
    ) -> None:
        batch = add_batch(album)
        states = [STATE.SUCCEEDED] * 8 + [STATE.FAILED, STATE.CANCELLED, STATE.HELD]
        for photo, state in zip(add_photos(album, 11), states, strict=True):
            add_job(photo, state, batch=batch)
        text = activity(alice_client)
        assert "11 photos, asked for by Alice" in text
        assert "8 ready, 1 on hold, 1 needs you, 1 cancelled" in text
        assert text.count(f'id="batch-{batch.code}"') == 1

    def test_each_part_has_an_address_and_pages(
        self, album: Album, alice_client: Client
    ) -> None:
        for number, photo in enumerate(add_photos(album, 21)):
            add_job(photo, STATE.FAILED, message=f"Reason {number}.")
        beside = activity(alice_client)
        assert beside.count("Reason ") == 8
        assert "?show=attention" in beside
        alone = activity(alice_client, show="attention")
        assert alone.count("Reason ") == 20
        assert "Page 1 of 2" in alone
        assert "Recently done</h2>" not in alone
        assert activity(alice_client, show="attention", page="2").count("Reason ") == 1

    def test_strange_queries_show_the_page(
        self, photo: Photo, alice_client: Client
    ) -> None:
        add_job(photo)
        assert "In progress" in activity(alice_client, show="<script>", page="x")


class TestStart:
    def start(self, client: Client, photo: Photo, **data: object) -> object:
        address = reverse("jobs:start", args=[photo.code])
        return client.post(address, {"recipe": "repair", **data})

    def test_a_wish_becomes_a_job(self, photo: Photo, alice_client: Client) -> None:
        self.start(alice_client, photo, **ENLARGED)
        job = Job.objects.get()
        assert (job.photo, job.recipe, job.provider) == (photo, "enlarge_2", "local")
        assert job.options["enlarge"] == "2"
        assert job.options["grain"] == "off"
        assert job.options["colour"] == "on"

    def test_a_double_click_is_one_job(
        self, photo: Photo, alice_client: Client
    ) -> None:
        batch = str(uuid4())
        for _click in range(2):
            self.start(alice_client, photo, batch=batch)
        assert Job.objects.count() == 1

    @pytest.mark.parametrize(
        "data",
        [{"recipe": "magic"}, {"recipe": "repair_colour"}, {"local-grain": "maybe"}],
    )
    def test_what_does_not_exist_is_refused_in_words(
        self, photo: Photo, alice_client: Client, data: dict[str, str]
    ) -> None:
        address = reverse("jobs:start", args=[photo.code])
        response = alice_client.post(address, {"recipe": "repair"} | data, follow=True)
        assert "Choose from" in response.content.decode()
        assert not Job.objects.exists()

    def test_only_editors_start(
        self, photo: Photo, bob: User, bob_client: Client, charlie_client: Client
    ) -> None:
        address = reverse("jobs:start", args=[photo.code])
        for client in (bob_client, charlie_client):
            assert client.post(address, {"recipe": "repair"}).status_code == 404
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        assert bob_client.post(address, {"recipe": "repair"}).status_code == 302
        assert Job.objects.count() == 1


class TestCancelAndRetry:
    def test_cancelling_what_waits_ends_it(
        self, photo: Photo, alice: User, alice_client: Client
    ) -> None:
        job = add_job(photo)
        response = alice_client.post(reverse("jobs:cancel", args=[job.code]))
        assert response["Location"] == reverse("albums:photo", args=[photo.code])
        job.refresh_from_db()
        assert job.state == STATE.CANCELLED
        assert Event.objects.get(kind="cancelled").by == alice

    def test_cancelling_what_is_done_changes_nothing_and_says_so(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = add_job(photo, STATE.SUCCEEDED)
        address = reverse("jobs:cancel", args=[job.code])
        text = alice_client.post(address, follow=True).content.decode()
        assert "already ended" in text
        job.refresh_from_db()
        assert job.state == STATE.SUCCEEDED

    def test_trying_again_queues_the_same_job(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = add_job(photo, STATE.FAILED, message="It was too dark.")
        alice_client.post(reverse("jobs:retry", args=[job.code]))
        job.refresh_from_db()
        assert (job.state, job.message) == (STATE.QUEUED, "")
        text = alice_client.post(
            reverse("jobs:retry", args=[job.code]), follow=True
        ).content.decode()
        assert "started it again already" in text

    @pytest.mark.parametrize("name", ["jobs:cancel", "jobs:retry"])
    def test_only_editors_may(
        self,
        photo: Photo,
        client: Client,
        bob_client: Client,
        charlie_client: Client,
        name: str,
    ) -> None:
        state = STATE.QUEUED if name == "jobs:cancel" else STATE.FAILED
        job = add_job(photo, state)
        address = reverse(name, args=[job.code])
        assert bob_client.post(address).status_code == 404
        assert charlie_client.post(address).status_code == 404
        assert client.post(address)["Location"].startswith(reverse("account_login"))
        job.refresh_from_db()
        assert job.state == state

    @pytest.mark.parametrize("name", ["jobs:cancel", "jobs:retry", "jobs:start"])
    def test_looking_changes_nothing(
        self, photo: Photo, alice_client: Client, name: str
    ) -> None:
        code = photo.code if name == "jobs:start" else add_job(photo).code
        assert alice_client.get(reverse(name, args=[code])).status_code == 405

    def test_on_an_open_page_the_answer_is_its_own_poll(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = add_job(photo)
        progress = f"{reverse('jobs:photo_progress', args=[photo.code])}?v=0"
        response = alice_client.post(
            reverse("jobs:cancel", args=[job.code]),
            {"progress": progress, "next": reverse("jobs:activity")},
            headers={"HX-Request": "true"},
            follow=True,
        )
        assert response.redirect_chain == [(progress, 302)]
        assert 'id="jobs" hx-swap-oob' in response.content.decode()

    @pytest.mark.parametrize(
        "wanted", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""]
    )
    def test_nobody_is_led_elsewhere(
        self, photo: Photo, alice_client: Client, wanted: str
    ) -> None:
        job = add_job(photo)
        response = alice_client.post(
            reverse("jobs:cancel", args=[job.code]), {"next": wanted}
        )
        assert response["Location"] == reverse("albums:photo", args=[photo.code])

    def test_activity_leads_back_to_activity(
        self, photo: Photo, alice_client: Client
    ) -> None:
        job = add_job(photo, STATE.FAILED)
        here = reverse("jobs:activity")
        assert f'name="next" value="{here}"' in activity(alice_client)
        response = alice_client.post(
            reverse("jobs:retry", args=[job.code]), {"next": here}
        )
        assert response["Location"] == here


def test_somebody_elses_album_shows_no_buttons_even_beside_ones_own(
    photo: Photo, bob: User, bob_client: Client
) -> None:
    own = add_job(add_photos(create_album(title="Bob's", owner=bob))[0], STATE.FAILED)
    other = add_job(photo, STATE.FAILED)
    text = activity(bob_client)
    assert reverse("jobs:retry", args=[own.code]) in text
    assert reverse("jobs:retry", args=[other.code]) not in text
