"""What a person reads before photos leave the house."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from albums.models import Album, Member, Photo, User
from jobs.connections import KINDS
from jobs.models import AlbumCap, Job, ProviderAccount
from jobs.services import give_consent
from tests.provider_sandbox import Sandbox
from tests.rows import add_batch, add_job, add_photos

pytestmark = pytest.mark.django_db
PICWISH = KINDS["picwish"].promise


@pytest.fixture
def photos(sandbox: Sandbox, album: Album, alice: User) -> list[Photo]:
    give_consent(album, "picwish", by=alice)
    photos = add_photos(album, 3)
    Photo.objects.update(width=1200, height=800)
    return photos


def post(client: Client, album: Album, *photos: Photo, **data: str) -> str:
    address = reverse("jobs:choose", args=[album.code])
    sent: dict[str, Any] = {
        "recipe": "repair",
        "by-repair": "picwish",
        "photo": [str(photo.code) for photo in photos],
        **data,
    }
    return html.unescape(client.post(address, sent, follow=True).content.decode())


class TestTerms:
    def test_it_says_who_where_how_many_and_for_how_long(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        page = post(alice_client, album, *photos)
        assert "Send 3 photos to PicWish?" in page
        assert "PicWish (127.0.0.1)" in page
        assert "techhk" not in page
        assert "does not say in which country" in page
        assert "Alice agreed to this on" in page
        assert "All in their full size." in page
        assert "No names" in page or "no names" in page
        assert PICWISH.costs in page
        assert PICWISH.keeps in page
        assert "How long it takes" in page
        assert not Job.objects.exists()

    def test_a_country_that_the_vendor_names_is_told(
        self,
        album: Album,
        photos: list[Photo],
        alice_client: Client,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        told = replace(PICWISH, country="Its computers are in Iceland.")
        kind = replace(KINDS["picwish"], promise=told)
        monkeypatch.setitem(KINDS, "picwish", kind)
        page = post(alice_client, album, *photos)
        assert "Its computers are in Iceland." in page
        assert "does not say in which country" not in page

    def test_smaller_copies_are_named(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        Photo.objects.filter(pk=photos[0].pk).update(width=4096, height=3000)
        page = post(alice_client, album, *photos)
        assert "1 of them as a smaller copy" in page
        assert "2048 × 1500" in page
        alone = post(alice_client, album, photos[0])
        assert "smaller copy of 2048 × 1500 pixels" in alone
        assert "The scan has 4096 × 3000." in alone

    def test_the_administrators_price_is_added_up(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        ProviderAccount.objects.filter(provider="picwish").update(
            price=Decimal("0.12"), currency="EUR"
        )
        page = post(alice_client, album, *photos)
        assert "0.36 EUR in all: 3 photos at 0.12 EUR each" in page
        assert "0.12 EUR, as the administrator" in post(alice_client, album, photos[0])

    def test_a_cap_says_how_many_fit(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        AlbumCap.objects.create(album=album, monthly_cap=2)
        page = post(alice_client, album, *photos)
        assert "2 of 3 photos fit into this month's budget" in page
        assert "2 of 2 left this month for this album" in page
        page = post(alice_client, album, photos[0])
        assert "There is room for this." in page

    def test_without_a_cap_nothing_is_said_of_a_budget(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        assert "This month's budget" not in post(alice_client, album, *photos)


class TestStart:
    def test_a_double_click_is_one_wish(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        batch = str(uuid4())
        for _click in range(2):
            post(alice_client, album, *photos, batch=batch, start="1")
        assert Job.objects.count() == 3
        assert {job.provider for job in Job.objects.all()} == {"picwish"}

    def test_the_second_provider_goes_along(
        self, album: Album, photos: list[Photo], alice: User, alice_client: Client
    ) -> None:
        page = post(alice_client, album, photos[0])
        assert re.findall(r'name="fallback" value="(\w*)"', page) == ["", "local"]
        give_consent(album, "claid", by=alice)
        ProviderAccount.objects.filter(provider="claid").update(
            price=Decimal("0.31"), currency="EUR"
        )
        page = post(alice_client, album, photos[0])
        assert 'name="fallback" value="claid"' in page
        assert "then goes to Claid.ai (127.0.0.1). 0.31 EUR a photo" in page
        post(alice_client, album, photos[0], start="1", fallback="claid")
        assert Job.objects.get().fallback == "claid"

    def test_a_second_provider_to_which_nobody_agreed_is_refused(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        page = post(alice_client, album, *photos, start="1", fallback="claid")
        assert "may not go to Claid" in page
        assert not Job.objects.exists()

    def test_without_a_key_it_cannot_be_reached(
        self,
        album: Album,
        photos: list[Photo],
        alice_client: Client,
        settings: Any,
    ) -> None:
        settings.PROVIDERS = {
            name: replace(access, key="") for name, access in settings.PROVIDERS.items()
        }
        page = post(alice_client, album, *photos)
        assert "PicWish cannot be reached from here any more." in page


class TestForms:
    def test_who_cannot_do_a_recipe_says_why(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        address = reverse("albums:photo", args=[photos[0].code])
        page = html.unescape(alice_client.get(address).content.decode())
        assert (
            "The engine of this app: It brings back colours, and invents none" in page
        )
        assert "PicWish: It gives pictures back at the size that it got." in page
        assert 'name="by-enlarge_2" value="picwish"' not in page
        assert 'name="by-repair" value="local" checked' in page
        assert 'name="by-repair_colour" value="picwish" checked' in page

    def test_others_are_named_with_what_they_can_do(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        address = reverse("albums:photo", args=[photos[0].code])
        page = html.unescape(alice_client.get(address).content.decode())
        assert "Upscayl</strong>: “Sharpen and redraw faces”" in page
        assert "Read what that means" in page

    def test_an_editor_reads_whom_to_ask(
        self, album: Album, photos: list[Photo], bob: User, bob_client: Client
    ) -> None:
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        address = reverse("albums:photo", args=[photos[0].code])
        page = html.unescape(bob_client.get(address).content.decode())
        assert "Only Alice, who owns this album, can agree to that." in page

    def test_vendor_defaults_are_told_apart_from_ours(
        self, album: Album, photos: list[Photo], alice: User, alice_client: Client
    ) -> None:
        give_consent(album, "autoenhance", by=alice)
        address = reverse("jobs:options", args=[album.code])
        query = {"recipe": "repair", "by-repair": "autoenhance"}
        page = html.unescape(alice_client.get(address, query).content.decode())
        told = "We leave this off; Autoenhance.ai itself would turn it on."
        assert told in page

    def test_every_option_of_every_provider_has_a_field_with_words(
        self, album: Album, alice_client: Client, sandbox: Sandbox
    ) -> None:
        address = reverse("jobs:options", args=[album.code])
        for name, kind in KINDS.items():
            query = {"recipe": "most", "by-most": name}
            page = html.unescape(alice_client.get(address, query).content.decode())
            for option in kind.options:
                assert f'name="{name}-{option.name}"' in page
                assert option.label in page
                assert option.help in page


class TestCap:
    def cap(self, client: Client, album: Album, wanted: str) -> str:
        address = reverse("jobs:album_cap", args=[album.code])
        response = client.post(address, {"cap": wanted}, follow=True)
        return html.unescape(response.content.decode())

    def test_the_owner_sets_and_lifts_it(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        assert 'value="12"' in self.cap(alice_client, album, "12")
        assert AlbumCap.objects.get().monthly_cap == 12
        self.cap(alice_client, album, "")
        assert not AlbumCap.objects.exists()

    @pytest.mark.parametrize("wanted", ["-1", "many", "1.5", "1000000"])
    def test_nonsense_changes_nothing(
        self, album: Album, photos: list[Photo], alice_client: Client, wanted: str
    ) -> None:
        assert "Write a whole number" in self.cap(alice_client, album, wanted)
        assert not AlbumCap.objects.exists()

    def test_an_editor_sees_it_and_cannot_change_it(
        self, album: Album, photos: list[Photo], bob: User, bob_client: Client
    ) -> None:
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        AlbumCap.objects.create(album=album, monthly_cap=7)
        page = self.cap(bob_client, album, "99")
        assert "Only Alice" in page
        assert "At most 7 a month." in page
        assert AlbumCap.objects.get().monthly_cap == 7


class TestHeld:
    @pytest.fixture
    def held(self, album: Album, photos: list[Photo]) -> list[Job]:
        batch = add_batch(album)
        return [
            add_job(
                photo,
                Job.State.HELD,
                batch=batch,
                provider="picwish",
                hold="budget",
                blame="budget",
                error_code="over_budget",
                message="This month's budget for PicWish is used up.",
            )
            for photo in photos
        ]

    def test_the_album_says_why_and_offers_the_engine_for_all(
        self, album: Album, held: list[Job], alice_client: Client, bob_client: Client
    ) -> None:
        address = reverse("albums:album", args=[album.code])
        page = html.unescape(alice_client.get(address).content.decode())
        assert "3 photos for PicWish are on hold." in page
        assert "budget for PicWish is used up" in page
        assert "Let the engine of this app do all 3" in page
        theirs = html.unescape(bob_client.get(address).content.decode())
        assert "3 photos for PicWish are on hold." in theirs
        assert "Let the engine" not in theirs

    def test_one_click_gives_all_of_them_to_the_engine(
        self, album: Album, held: list[Job], alice_client: Client
    ) -> None:
        address = reverse("jobs:send_all_elsewhere", args=[album.code])
        response = alice_client.post(address, {"provider": "picwish"}, follow=True)
        assert "does 3 photos now" in response.content.decode()
        assert {job.provider for job in Job.objects.all()} == {"local"}
        again = alice_client.post(address, {"provider": "picwish"}, follow=True)
        assert "Nothing waits any more." in again.content.decode()

    def test_a_viewer_may_not(
        self, album: Album, held: list[Job], bob_client: Client
    ) -> None:
        address = reverse("jobs:send_all_elsewhere", args=[album.code])
        assert bob_client.post(address, {"provider": "picwish"}).status_code == 404
        assert {job.provider for job in Job.objects.all()} == {"picwish"}

    def test_the_photo_says_so_too(self, held: list[Job], alice_client: Client) -> None:
        address = reverse("albums:photo", args=[held[0].photo.code])
        page = html.unescape(alice_client.get(address).content.decode())
        assert "budget for PicWish is used up" in page
        assert "Nothing is lost, and nothing was sent." in page
        assert "Use the engine of this app" in page
