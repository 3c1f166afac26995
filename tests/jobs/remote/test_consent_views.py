"""Photos leave the house only where somebody agreed, and was shown the terms."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from albums import services as album_services
from albums import storage
from albums.models import Album, Member, Photo, User
from jobs import accounts
from jobs.models import Attempt, Consent, Event, Job
from jobs.providers import picwish
from jobs.services import (
    NoConsent,
    give_consent,
    has_consent,
    retry,
    withdraw_consent,
)
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import AskPicWish, connect, finish, step
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox
from tests.rows import add_job, add_photos

pytestmark = pytest.mark.django_db
STATE = Job.State


@pytest.fixture
def photo(make_photo: MakePhoto) -> Photo:
    return make_photo()


@pytest.fixture
def agreed(sandbox: Sandbox, album: Album, alice: User) -> None:
    give_consent(album, "picwish", by=alice)


def page_of(client: Client, name: str, *arguments: object) -> str:
    response = client.get(reverse(name, args=arguments))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def answer(client: Client, album: Album, said: str, **data: str) -> str:
    address = reverse("jobs:album_providers", args=[album.code])
    data = {"provider": "picwish", "answer": said} | data
    return html.unescape(client.post(address, data, follow=True).content.decode())


class TestPage:
    def test_it_tells_the_terms(
        self, sandbox: Sandbox, album: Album, alice_client: Client
    ) -> None:
        page = page_of(alice_client, "jobs:album_providers", album.code)
        promise = picwish.PROMISE
        told = (promise.costs, promise.keeps, "PicWish (127.0.0.1).", "2048 × 2048")
        for words in told:
            assert words in page
        assert "No names, no dates, no places" in page
        assert "The engine of this app" in page
        assert sandbox.picwish.key not in page

    def test_an_editor_is_told_whom_to_ask_and_cannot_agree(
        self, sandbox: Sandbox, album: Album, bob: User, bob_client: Client
    ) -> None:
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        page = page_of(bob_client, "jobs:album_providers", album.code)
        assert "Only Alice, who owns this album" in page
        assert "Yes, photos of this album may go" not in page
        assert "Only Alice" in answer(bob_client, album, "agree")
        assert not Consent.objects.exists()

    def test_an_editor_cannot_withdraw_either(
        self, agreed: None, album: Album, bob: User, bob_client: Client
    ) -> None:
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        answer(bob_client, album, "withdraw")
        assert has_consent(album.pk, "picwish")

    def test_only_editors_see_it(
        self,
        sandbox: Sandbox,
        album: Album,
        bob: User,
        client: Client,
        bob_client: Client,
        charlie_client: Client,
    ) -> None:
        address = reverse("jobs:album_providers", args=[album.code])
        for stranger in (bob_client, charlie_client):
            assert stranger.get(address).status_code == 404
            assert stranger.post(address, {"answer": "agree"}).status_code == 404
        assert client.get(address)["Location"].startswith(reverse("account_login"))
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        assert bob_client.get(address).status_code == 200

    def test_without_a_key_families_hear_nothing_of_it(
        self, photo: Photo, album: Album, alice_client: Client
    ) -> None:
        address = reverse("jobs:album_providers", args=[album.code])
        assert alice_client.get(address).status_code == 404
        for name, code in (
            ("albums:photo", photo.code),
            ("albums:album", album.code),
            ("albums:add", album.code),
        ):
            page = page_of(alice_client, name, code)
            assert "PicWish" not in page
            assert address not in page


class TestAnswers:
    def test_agreeing_records_who_and_what_was_shown(
        self, sandbox: Sandbox, album: Album, alice: User, alice_client: Client
    ) -> None:
        text = answer(alice_client, album, "agree")
        answer(alice_client, album, "agree")
        consent = Consent.objects.get()
        assert (consent.album, consent.provider, consent.by) == (
            album,
            "picwish",
            alice,
        )
        assert consent.price_shown == picwish.PROMISE.costs
        assert consent.sent_to == "PicWish (127.0.0.1)"
        assert "Nothing has been sent" in text
        assert "Alice agreed to this on" in text
        assert sandbox.picwish.requests == []

    def test_withdrawing_keeps_the_record(
        self, agreed: None, album: Album, alice: User, alice_client: Client
    ) -> None:
        answer(alice_client, album, "withdraw")
        consent = Consent.objects.get()
        assert consent.withdrawn
        assert consent.withdrawn_by == alice
        assert not has_consent(album.pk, "picwish")
        answer(alice_client, album, "agree")
        assert Consent.objects.count() == 2
        assert has_consent(album.pk, "picwish")

    @pytest.mark.parametrize(
        "data",
        [
            {"provider": "nobody"},
            {"provider": ""},
            {"provider": "local"},
            {"answer": "perhaps"},
        ],
    )
    def test_what_makes_no_sense_changes_nothing(
        self,
        sandbox: Sandbox,
        album: Album,
        alice_client: Client,
        data: dict[str, str],
    ) -> None:
        said = {"answer": "agree", "provider": "picwish"} | data
        text = answer(alice_client, album, said["answer"], provider=said["provider"])
        assert "Choose a provider first." in text
        assert not Consent.objects.exists()

    def test_it_leads_back_to_where_one_was_and_nowhere_else(
        self, sandbox: Sandbox, album: Album, photo: Photo, alice_client: Client
    ) -> None:
        address = reverse("jobs:album_providers", args=[album.code])
        here = reverse("albums:photo", args=[photo.code])
        data = {"provider": "picwish", "answer": "agree"}
        response = alice_client.post(address, data | {"next": here})
        assert response["Location"] == here
        response = alice_client.post(address, data | {"next": "//example.org/"})
        assert response["Location"] == address
        assert "example.org" not in page_of(
            alice_client, "jobs:album_providers", album.code
        )


class TestForms:
    def test_before_somebody_agreed_no_form_offers_it(
        self, sandbox: Sandbox, photo: Photo, album: Album, alice_client: Client
    ) -> None:
        terms = reverse("jobs:album_providers", args=[album.code])
        for name, code in (("albums:photo", photo.code), ("albums:add", album.code)):
            page = page_of(alice_client, name, code)
            assert 'value="picwish"' not in page
            assert terms in page

    def test_then_the_photo_page_offers_it_and_says_that_nothing_is_sent_yet(
        self, agreed: None, photo: Photo, alice_client: Client
    ) -> None:
        page = page_of(alice_client, "albums:photo", photo.code)
        for recipe in ("repair", "repair_colour"):
            assert f'name="recipe" value="{recipe}"' in page
            assert f'name="by-{recipe}" value="picwish"' in page
        assert picwish.PROMISE.costs in page
        assert "A copy goes to PicWish (127.0.0.1)" in page
        assert "Nothing is sent before you have read" in page

    def test_and_the_upload_page_says_that_every_photo_goes_there(
        self, agreed: None, album: Album, alice_client: Client
    ) -> None:
        page = page_of(alice_client, "albums:add", album.code)
        assert 'name="by-repair" value="picwish"' in page
        assert picwish.PROMISE.costs in page
        assert "every photo that you add now goes to PicWish" in page

    def test_a_default_that_nobody_agreed_to_is_not_chosen(
        self, sandbox: Sandbox, photo: Photo, album: Album, alice_client: Client
    ) -> None:
        Album.objects.update(recipe="picwish:repair")
        for name, code in (("albums:photo", photo.code), ("albums:add", album.code)):
            page = page_of(alice_client, name, code)
            chosen = re.findall(r'name="(?:wish|recipe)" value="([^"]*)" checked', page)
            assert chosen == ["repair"]

    def test_pages_cost_no_more_with_more_jobs(
        self, agreed: None, album: Album, alice_client: Client
    ) -> None:
        counts = []
        for number in (1, 12):
            photo = add_photos(album)[0]
            for _job in range(number):
                job = add_job(photo, STATE.HELD, provider="picwish")
                for attempt in range(number):
                    Attempt.objects.create(
                        job=job,
                        number=attempt,
                        provider="picwish",
                        state=Attempt.State.FAILED,
                    )
            with CaptureQueriesContext(connection) as queries:
                page_of(alice_client, "albums:photo", photo.code)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestDoors:
    """Nothing is sent without consent, whichever door is tried."""

    def start(self, client: Client, photo: Photo, **data: str) -> str:
        """What the photo's form sends, and then the page that asks once more."""
        once = self.ask(client, photo, **data)
        again = {"start": "1", "photo": str(photo.code), "recipe": "picwish:repair"}
        address = reverse("jobs:choose", args=[photo.album.code])
        response = client.post(address, again | data, follow=True)
        return once + html.unescape(response.content.decode())

    def ask(self, client: Client, photo: Photo, **data: str) -> str:
        address = reverse("jobs:start", args=[photo.code])
        data = {"recipe": "repair", "by-repair": "picwish"} | data
        return html.unescape(client.post(address, data, follow=True).content.decode())

    def test_start_refuses_in_words(
        self, sandbox: Sandbox, photo: Photo, alice_client: Client
    ) -> None:
        said = self.start(alice_client, photo)
        assert said.count("may not go to PicWish yet") == 2
        assert not Job.objects.exists()

    def test_a_photo_page_alone_starts_nothing_that_leaves_the_house(
        self, agreed: None, photo: Photo, alice_client: Client
    ) -> None:
        page = self.ask(alice_client, photo, start="1")
        assert "Send this photo to PicWish?" in page
        assert not Job.objects.exists()

    def test_start_with_consent_makes_a_job_with_the_options_of_that_provider(
        self, agreed: None, photo: Photo, alice_client: Client
    ) -> None:
        self.start(
            alice_client,
            photo,
            **{"picwish-restoration_type": "2", "local-grain": "nonsense"},
        )
        job = Job.objects.get()
        assert (job.provider, job.recipe) == ("picwish", "repair")
        assert job.options["restoration_type"] == "2"
        assert job.options["change_color"] == "0"

    @pytest.mark.parametrize("recipe", ["picwish:magic", "nobody:repair", ":", "a:b:c"])
    def test_what_does_not_exist_is_refused(
        self, agreed: None, photo: Photo, alice_client: Client, recipe: str
    ) -> None:
        text = self.start(alice_client, photo, recipe=recipe)
        if recipe != ":":
            assert "Choose from" in text
        assert not Job.objects.exclude(provider="local").exists()

    @pytest.mark.parametrize(
        "wish", ["picwish:repair", "picwish:magic", "nobody:repair", "repair:picwish"]
    )
    def test_an_upload_is_kept_whatever_was_wished_for(
        self, sandbox: Sandbox, album: Album, alice: User, wish: str
    ) -> None:
        part = storage.new_part()
        part.write_bytes(drawn(96, 64))
        added = album_services.add_photos(
            part, name="a.jpg", album=album, by=alice, wish=wish, batch=uuid4()
        )
        assert Photo.objects.get() == added.photos[0]
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("sent", "provider"),
        [
            ({"wish": "repair", "by-repair": "picwish"}, "picwish"),
            ({"wish": "repair", "by-repair": "local"}, "local"),
            ({"wish": "repair", "by-repair_colour": "picwish"}, "local"),
        ],
    )
    def test_who_does_it_is_chosen_for_each_recipe(
        self,
        agreed: None,
        album: Album,
        alice_client: Client,
        sent: dict[str, str],
        provider: str,
    ) -> None:
        self.upload(alice_client, album, **sent)
        assert Job.objects.get().provider == provider

    def test_to_only_keep_a_photo_asks_nobody(
        self, agreed: None, album: Album, alice_client: Client
    ) -> None:
        self.upload(alice_client, album, wish="", **{"by-repair": "picwish"})
        assert Photo.objects.count() == 1
        assert not Job.objects.exists()

    def test_a_wish_with_consent_becomes_a_job(
        self, agreed: None, album: Album, alice_client: Client
    ) -> None:
        self.upload(alice_client, album, wish="picwish:repair_colour")
        job = Job.objects.get()
        assert (job.provider, job.options["change_color"]) == ("picwish", "1")

    def test_an_albums_default_sends_nothing_without_consent(
        self, sandbox: Sandbox, album: Album, alice_client: Client
    ) -> None:
        Album.objects.update(recipe="picwish:repair")
        self.upload(alice_client, album)
        assert Photo.objects.count() == 1
        assert not Job.objects.exists()

    def upload(self, client: Client, album: Album, **data: str) -> None:
        file = SimpleUploadedFile("a.jpg", drawn(96, 64), "image/jpeg")
        address = reverse("albums:add", args=[album.code])
        assert client.post(address, {"file": file, **data}).status_code == 302

    def test_what_waits_is_not_sent_after_a_withdrawal(
        self, sandbox: Sandbox, ask_picwish: AskPicWish, album: Album, alice: User
    ) -> None:
        job = ask_picwish()
        withdraw_consent(album, "picwish", by=alice)
        job = step(job)
        assert (job.state, job.error_code) == (STATE.FAILED, "no_consent")
        with pytest.raises(NoConsent):
            retry(job, by=alice)
        assert finish(job).state == STATE.FAILED
        assert sandbox.picwish.requests == []

    def test_a_retry_by_click_says_that_it_may_not_go_there(
        self, agreed: None, album: Album, alice: User, alice_client: Client
    ) -> None:
        job = add_job(add_photos(album)[0], STATE.FAILED, provider="picwish")
        withdraw_consent(album, "picwish", by=alice)
        address = reverse("jobs:retry", args=[job.code])
        text = alice_client.post(address, follow=True).content.decode()
        assert "may not go to PicWish yet" in text
        job.refresh_from_db()
        assert job.state == STATE.FAILED

    def test_a_task_that_is_there_already_is_asked_about_all_the_same(
        self, agreed: None, album: Album, alice: User
    ) -> None:
        job = add_job(add_photos(album)[0], STATE.FAILED, provider="picwish")
        Attempt.objects.create(
            job=job,
            number=1,
            provider="picwish",
            remote_id="7",
            state=Attempt.State.ABANDONED,
        )
        withdraw_consent(album, "picwish", by=alice)
        assert retry(job, by=alice)
        job.refresh_from_db()
        assert job.state == STATE.RUNNING

    def test_the_page_says_so_and_where_to_agree(
        self,
        sandbox: Sandbox,
        ask_picwish: AskPicWish,
        album: Album,
        alice: User,
        alice_client: Client,
    ) -> None:
        job = ask_picwish()
        withdraw_consent(album, "picwish", by=alice)
        step(job)
        page = page_of(alice_client, "albums:photo", job.photo.code)
        assert "nothing was sent" in page
        assert "No money was spent." in page
        assert "Read and agree" in page
        assert reverse("jobs:send_elsewhere", args=[job.code]) in page

    def test_what_was_held_is_not_sent_after_a_withdrawal(
        self,
        sandbox: Sandbox,
        settings: Any,
        ask_picwish: AskPicWish,
        album: Album,
        alice: User,
    ) -> None:
        connect(settings, sandbox, key="wrong")
        job = finish(ask_picwish())
        assert job.state == STATE.HELD
        withdraw_consent(album, "picwish", by=alice)
        job.refresh_from_db()
        assert (job.state, job.error_code, job.hold) == (STATE.FAILED, "no_consent", "")
        assert job.events.filter(kind=Event.Kind.FAILED).exists()
        connect(settings, sandbox)
        accounts.go_on("picwish", by=alice)
        before = len(sandbox.picwish.requests)
        assert finish(job).state == STATE.FAILED
        assert len(sandbox.picwish.requests) == before

    def test_a_withdrawal_leaves_alone_what_was_sent_already(
        self, agreed: None, album: Album, alice: User
    ) -> None:
        job = add_job(add_photos(album)[0], STATE.HELD, provider="picwish")
        Attempt.objects.create(job=job, number=1, provider="picwish", remote_id="7")
        withdraw_consent(album, "picwish", by=alice)
        job.refresh_from_db()
        assert job.state == STATE.HELD
