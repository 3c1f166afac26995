"""Asking for a restoration: the form on a photo's page, and for some of an album."""

from __future__ import annotations

import html
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from albums.models import Album, Member, Photo, User
from jobs.models import Job
from jobs.providers import local
from jobs.recipe_table import RECIPES
from tests.rows import add_photos

pytestmark = pytest.mark.django_db


@pytest.fixture
def photos(album: Album) -> list[Photo]:
    return add_photos(album, 3)


def text_of(client: Client, address: str) -> str:
    response = client.get(address, follow=True)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def choose(album: Album, *photos: Photo, **more: str) -> str:
    query = "&".join(
        [f"photo={photo.code}" for photo in photos]
        + [f"{name}={value}" for name, value in more.items()]
    )
    return f"{reverse('jobs:choose', args=[album.code])}?{query}"


def post(client: Client, album: Album, *photos: Photo, **data: str) -> str:
    address = reverse("jobs:choose", args=[album.code])
    sent = {"recipe": "repair", "photo": [str(photo.code) for photo in photos], **data}
    return html.unescape(client.post(address, sent, follow=True).content.decode())


class TestForm:
    def test_the_recipe_comes_first_and_only_what_can_be_done(
        self, photos: list[Photo], alice_client: Client
    ) -> None:
        page = text_of(alice_client, reverse("albums:photo", args=[photos[0].code]))
        offered = re.findall(r'name="recipe" value="(\w+)"', page)
        assert offered == ["repair", "enlarge_2", "enlarge_4", "most"]
        assert page.index('name="recipe"') < page.index("All options")
        assert "Who does it?" not in page
        assert "It costs nothing, and no picture leaves the house." in page

    def test_the_options_say_what_the_recipe_takes(
        self, photos: list[Photo], alice_client: Client
    ) -> None:
        page = text_of(alice_client, reverse("albums:photo", args=[photos[0].code]))
        for option in (one for one in local.OPTIONS if not one.is_hidden):
            assert f'name="local-{option.name}"' in page
        assert "Keep the size – as the recipe says" in page
        fresh = reverse("jobs:options", args=[photos[0].album.code])
        asked = text_of(alice_client, f"{fresh}?recipe=enlarge_2&by-enlarge_2=local")
        assert "2 times – as the recipe says" in asked

    def test_options_of_what_does_not_exist_are_none(
        self, album: Album, alice_client: Client
    ) -> None:
        address = reverse("jobs:options", args=[album.code])
        for query in ("?recipe=magic", "?recipe=repair&by-repair=nobody"):
            assert 'class="field"' not in text_of(alice_client, address + query)

    def test_the_style_sheet_unfolds_one_who_for_each_recipe(self) -> None:
        sheet = Path(settings.STATICFILES_DIRS[0], "css", "providers.css").read_text()
        for number in range(1, len(RECIPES) + 1):
            rule = f".choice:nth-of-type({number}) :checked) .who:nth-of-type"
            assert f"{rule}({number + 1})" in sheet


class TestSelection:
    def test_editors_may_select_and_viewers_may_not(
        self,
        album: Album,
        photos: list[Photo],
        alice_client: Client,
        bob_client: Client,
    ) -> None:
        address = reverse("albums:album", args=[album.code])
        page = text_of(alice_client, address)
        for photo in photos:
            assert f'name="photo" value="{photo.code}"' in page
        assert "All 3 photos" in page
        assert 'name="photo"' not in text_of(bob_client, address)

    def test_the_form_is_about_what_was_selected(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        page = text_of(alice_client, choose(album, photos[0], photos[2]))
        assert "Restore 2 photos" in page
        assert photos[0].code.hex in page
        assert photos[1].code.hex not in page

    def test_all_is_all_of_the_album(self, album: Album, alice_client: Client) -> None:
        add_photos(album, 61)
        page = text_of(alice_client, choose(album, all="61"))
        assert "Restore 61 photos" in page
        assert "and 50 more" in page

    def test_nothing_selected_leads_back(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        for address in (choose(album), choose(album, photo="nonsense")):
            assert "Choose the photos first" in text_of(alice_client, address)

    def test_photos_of_other_albums_are_left_out(
        self, album: Album, photos: list[Photo], bob: User, alice_client: Client
    ) -> None:
        other = add_photos(Album.objects.create(title="Bob's", owner=bob))[0]
        assert "Restore this" not in post(alice_client, album, other)
        post(alice_client, album, photos[0], other, start="1")
        assert [job.photo for job in Job.objects.all()] == [photos[0]]

    def test_it_asks_once_more_and_then_starts_one_batch(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        batch = str(uuid4())
        page = post(alice_client, album, *photos, batch=batch)
        assert "Restore 3 photos here?" in page
        assert "Nobody. It happens on this machine" in page
        assert batch in page
        assert not Job.objects.exists()
        said = {"batch": batch, "start": "1", "local-grain": "off"}
        for _click in range(2):
            page = post(alice_client, album, *photos, **said)
        assert "Asked for: 3 photos" in page
        jobs = Job.objects.all()
        assert sorted(job.photo_id for job in jobs) == [one.pk for one in photos]
        assert {str(job.batch.code) for job in jobs} == {batch}
        assert {job.options["grain"] for job in jobs} == {"off"}

    def test_what_does_not_exist_is_refused_and_keeps_the_selection(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        for wrong in ({"recipe": "magic"}, {"local-grain": "maybe"}):
            page = post(alice_client, album, *photos, **wrong)
            assert "Choose from" in page
            assert "Restore 3 photos" in page
        assert not Job.objects.exists()

    def test_a_recipe_that_the_engine_cannot_do_says_why(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        page = post(alice_client, album, *photos, recipe="repair_colour")
        assert "It brings back colours, and invents none." in page

    def test_only_editors_may(
        self,
        album: Album,
        photos: list[Photo],
        bob: User,
        bob_client: Client,
        charlie_client: Client,
    ) -> None:
        for client in (bob_client, charlie_client):
            assert client.get(choose(album, photos[0])).status_code == 404
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        post(bob_client, album, *photos, start="1")
        assert Job.objects.count() == 3


def test_many_photos_do_not_need_many_form_fields(
    album: Album, alice_client: Client
) -> None:
    photos = add_photos(album, 1100)
    page = text_of(alice_client, choose(album, all="1100"))
    found = re.search(r'name="photos" value="([^"]+)"', page)
    assert found
    data = {"photos": found[1], "recipe": "repair"}
    address = reverse("jobs:choose", args=[album.code])
    response = alice_client.post(address, data)
    assert response.status_code == 200
    assert f"Restore {len(photos)} photos here?" in response.content.decode()
