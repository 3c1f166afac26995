"""The page of one photo: who sees it, what it shows, what a person may choose."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from albums.models import Album, Member, Photo, Restoration, User
from albums.services import create_album, keep
from jobs.models import Job
from tests.rows import add_job, add_photos, add_restoration

PHOTO_QUERIES = 12


@pytest.fixture
def photo(album: Album) -> Photo:
    return add_photos(album)[0]


@pytest.fixture
def restoration(photo: Photo) -> Restoration:
    return add_restoration(photo)


def page_of(client: Client, photo: Photo, **query: str) -> str:
    response = client.get(reverse("albums:photo", args=[photo.code]), query)
    assert response.status_code == 200
    return response.content.decode()


def compared(page: str) -> list[str]:
    """The alternative texts of the pictures that lie beside each other, in order."""
    return re.findall(r'<img src="[^"]*/1600/[^>]*alt="([^"]*)"', page)


CHANGES = ["keep", "not_quite", "keep_original", "retitle"]


def address_of(name: str, restoration: Restoration) -> str:
    of_restoration = name in {"keep", "not_quite"}
    code = restoration.code if of_restoration else restoration.photo.code
    return reverse(f"albums:{name}", args=[code])


class TestAccess:
    @pytest.mark.parametrize("name", ["albums:photo", "albums:pictures"])
    def test_members_see_it_and_strangers_find_nothing(
        self,
        photo: Photo,
        alice_client: Client,
        bob_client: Client,
        charlie_client: Client,
        client: Client,
        name: str,
    ) -> None:
        address = reverse(name, args=[photo.code])
        assert alice_client.get(address).status_code == 200
        assert bob_client.get(address).status_code == 200
        assert charlie_client.get(address).status_code == 404
        assert client.get(address)["Location"].startswith(reverse("account_login"))
        assert alice_client.post(address).status_code == 405

    @pytest.mark.parametrize("name", CHANGES)
    def test_only_editors_change_anything(
        self,
        restoration: Restoration,
        bob: User,
        client: Client,
        bob_client: Client,
        charlie_client: Client,
        name: str,
    ) -> None:
        address = address_of(name, restoration)
        data = {"verdict": "face", "title": "The lake"}
        version = restoration.photo.album.version
        assert bob_client.post(address, data).status_code == 404
        assert charlie_client.post(address, data).status_code == 404
        assert client.post(address, data)["Location"].startswith(
            reverse("account_login")
        )
        album = Album.objects.get()
        assert album.version == version
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        assert bob_client.post(address, data).status_code == 302
        album.refresh_from_db()
        assert album.version == version + 1

    @pytest.mark.parametrize("name", CHANGES)
    def test_looking_changes_nothing(
        self, restoration: Restoration, alice_client: Client, name: str
    ) -> None:
        assert alice_client.get(address_of(name, restoration)).status_code == 405

    def test_a_viewer_gets_no_buttons_that_change(
        self, restoration: Restoration, alice_client: Client, bob_client: Client
    ) -> None:
        photo = restoration.photo
        own, seen = page_of(alice_client, photo), page_of(bob_client, photo)
        for name in CHANGES:
            assert address_of(name, restoration) in own
            assert address_of(name, restoration) not in seen
        assert reverse("jobs:start", args=[photo.code]) in own
        assert reverse("jobs:start", args=[photo.code]) not in seen
        for page in (own, seen):
            assert reverse("albums:original", args=[photo.code]) in page
            assert (
                reverse("albums:restoration_download", args=[restoration.code]) in page
            )


class TestPage:
    def test_two_labelled_pictures_without_scripting(
        self, restoration: Restoration, alice_client: Client
    ) -> None:
        page = page_of(alice_client, restoration.photo)
        day = f"{restoration.created:%-d %b %Y}"
        label = f"Restored – This app, {day}"
        assert compared(page) == ["Original: Scan 0", f"{label}: Scan 0"]
        captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
        assert captions == ["Original", label]
        assert "style=" not in page
        assert "<style" not in page

    def test_controls_that_need_scripting_are_hidden_without_it(
        self, restoration: Restoration, alice_client: Client
    ) -> None:
        page = page_of(alice_client, restoration.photo)
        for mark in ("compare__bar", "compare__hold", "divider", "lens"):
            assert re.search(rf'class="{mark}"[^>]* hidden', page)
        assert re.search(r'type="range"[^>]* hidden', page)

    def test_a_photo_never_restored_offers_it(
        self, photo: Photo, alice_client: Client
    ) -> None:
        page = page_of(alice_client, photo)
        assert compared(page) == ["Original: Scan 0"]
        assert "Restore this photo</h2>" in page
        assert re.search(r'id="again" open', page)

    def test_a_link_to_trying_again_opens_the_form(
        self, photo: Photo, alice_client: Client
    ) -> None:
        add_restoration(photo)
        add_job(photo)
        assert 'id="again">' in page_of(alice_client, photo)
        page = page_of(alice_client, photo, again="1")
        assert 'id="again" open' in page
        assert 'href="?again=1#again"' in page

    def test_the_form_offers_every_recipe_and_option(
        self, photo: Photo, alice_client: Client
    ) -> None:
        page = page_of(alice_client, photo)
        assert '<input type="radio" name="recipe" value="repair" checked>' in page
        for name in ("damage", "colour", "scratches", "grain", "sharpen", "enlarge"):
            assert f'<select name="local-{name}"' in page

    def test_facts_of_the_scan(self, photo: Photo, alice_client: Client) -> None:
        photo.original.pages = 3
        photo.original.save()
        Photo.objects.filter(pk=photo.pk).update(page=1, bits=16)
        page = page_of(alice_client, photo)
        assert photo.original.sha256 in page
        assert "3000 × 2000" in page
        assert "2 of 3" in page
        assert "16 bits" in page

    def test_the_keeper_is_shown_and_marked(
        self, photo: Photo, alice_client: Client
    ) -> None:
        first = add_restoration(photo, note="Mended gently.")
        add_restoration(photo)
        keep(first)
        page = page_of(alice_client, photo)
        assert f"/files/restorations/{first.code}/1600/" in page
        assert "The album shows this picture." in page
        assert page.count('chip chip--kept">Kept') == 2
        assert "Mended gently." in page

    def test_the_newest_is_shown_until_one_is_kept(
        self, photo: Photo, alice_client: Client
    ) -> None:
        add_restoration(photo)
        newest = add_restoration(photo)
        assert f"/files/restorations/{newest.code}/1600/" in page_of(
            alice_client, photo
        )

    def test_any_two_versions_can_be_compared(
        self, photo: Photo, alice_client: Client
    ) -> None:
        first, second = add_restoration(photo), add_restoration(photo)
        page = page_of(alice_client, photo, a=str(second.code), b=str(first.code))
        pictures = re.findall(r'<img src="[^"]*/([^/]+)/1600/', page)
        assert pictures == [str(second.code), str(first.code)]
        page = page_of(alice_client, photo, a=str(first.code), b="original")
        assert compared(page)[1] == "Original: Scan 0"
        assert 'data-value-b="{n} % original"' in page

    def test_versions_of_other_photos_are_not_found(
        self, photo: Photo, album: Album, alice: User, alice_client: Client
    ) -> None:
        other = create_album(title="Winter", owner=alice)
        foreign = add_restoration(add_photos(other)[0])
        address = reverse("albums:photo", args=[photo.code])
        for code in (str(foreign.code), "nonsense"):
            assert alice_client.get(address, {"b": code}).status_code == 404
            assert alice_client.get(address, {"a": code}).status_code == 404

    def test_only_the_usual_view_follows_a_new_restoration(
        self, restoration: Restoration, alice_client: Client
    ) -> None:
        photo = restoration.photo
        follows = 'hx-trigger="restored from:body"'
        assert follows in page_of(alice_client, photo)
        chosen = page_of(alice_client, photo, b=str(restoration.code))
        assert follows not in chosen
        keep(restoration)
        assert follows not in page_of(alice_client, photo)

    def test_neighbours_in_the_order_of_the_album(
        self, album: Album, alice_client: Client
    ) -> None:
        photos = add_photos(album, 3)
        # The same moment for two of them: the order is still one and the same.
        moment = photos[1].created
        Photo.objects.filter(pk=photos[0].pk).update(created=moment)
        Photo.objects.filter(pk=photos[2].pk).update(
            created=moment + timedelta(seconds=1)
        )
        grid = alice_client.get(reverse("albums:album", args=[album.code]))
        shown = re.findall(r'href="(/photos/[^"]+)"', grid.content.decode())
        walked = [shown[0]]
        while True:
            page = alice_client.get(walked[-1]).content.decode()
            following = re.search(r'rel="next" href="([^"]+)"', page)
            if not following:
                break
            walked.append(following[1])
        assert walked == shown
        page = alice_client.get(walked[1]).content.decode()
        assert f'rel="prev" href="{walked[0]}"' in page

    def test_the_timeline_tells_what_happened(
        self, photo: Photo, alice_client: Client
    ) -> None:
        add_job(photo, Job.State.FAILED, message="It was too dark.")
        page = page_of(alice_client, photo)
        assert "Asked for: Repair" in page
        assert "It was too dark." in page

    @pytest.mark.parametrize("count", [1, 30])
    def test_queries_do_not_grow(
        self,
        photo: Photo,
        alice_client: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        count: int,
    ) -> None:
        add_photos(photo.album, 5 * count)
        for _number in range(count):
            add_job(photo, Job.State.SUCCEEDED)
            add_job(photo, Job.State.QUEUED)
        with django_assert_num_queries(PHOTO_QUERIES):
            page_of(alice_client, photo)


class TestChoices:
    def test_keeping_shows_it_and_deletes_nothing(
        self, photo: Photo, alice_client: Client
    ) -> None:
        first, second = add_restoration(photo), add_restoration(photo)
        for restoration in (first, second):
            address = reverse("albums:keep", args=[restoration.code])
            text = alice_client.post(address, follow=True).content.decode()
            assert "Kept. The album shows this picture now." in text
            photo.refresh_from_db()
            assert photo.keeper == restoration
        assert Restoration.objects.count() == 2

    @pytest.mark.parametrize("verdict", ["face", "colour", "detail", "other"])
    def test_not_quite_remembers_why_and_lets_go(
        self, restoration: Restoration, alice_client: Client, verdict: str
    ) -> None:
        keep(restoration)
        address = reverse("albums:not_quite", args=[restoration.code])
        alice_client.post(address, {"verdict": verdict})
        restoration.refresh_from_db()
        restoration.photo.refresh_from_db()
        assert restoration.verdict == verdict
        assert restoration.photo.keeper is None
        words = restoration.get_verdict_display()
        assert f'<span class="chip">{words}</span>' in page_of(
            alice_client, restoration.photo
        )

    @pytest.mark.parametrize("verdict", ["", "ugly"])
    def test_not_quite_asks_for_a_reason(
        self, restoration: Restoration, alice_client: Client, verdict: str
    ) -> None:
        address = reverse("albums:not_quite", args=[restoration.code])
        text = alice_client.post(
            address, {"verdict": verdict}, follow=True
        ).content.decode()
        assert "Choose what is not right" in text
        restoration.refresh_from_db()
        assert restoration.verdict == ""

    def test_keeping_the_original_deletes_nothing(
        self, restoration: Restoration, alice_client: Client
    ) -> None:
        keep(restoration)
        photo = restoration.photo
        alice_client.post(reverse("albums:keep_original", args=[photo.code]))
        photo.refresh_from_db()
        assert photo.keeper is None
        assert Restoration.objects.filter(pk=restoration.pk).exists()

    def test_a_title_can_be_changed(self, photo: Photo, alice_client: Client) -> None:
        address = reverse("albums:retitle", args=[photo.code])
        alice_client.post(address, {"title": "  At   the lake "})
        photo.refresh_from_db()
        assert photo.title == "At the lake"

    @pytest.mark.parametrize("title", ["", "   ", "x" * 256])
    def test_a_title_has_1_to_255_letters(
        self, photo: Photo, alice_client: Client, title: str
    ) -> None:
        address = reverse("albums:retitle", args=[photo.code])
        text = alice_client.post(address, {"title": title}, follow=True)
        assert "at most 255" in text.content.decode()
        photo.refresh_from_db()
        assert photo.title == "Scan 0"

    def test_the_way_of_comparing_is_remembered_per_person(
        self, restoration: Restoration, alice_client: Client, bob_client: Client
    ) -> None:
        address = reverse("albums:compare_mode")
        assert alice_client.post(address, {"mode": "hold"}).status_code == 204
        assert 'data-mode="hold"' in page_of(alice_client, restoration.photo)
        assert 'data-mode="slider"' in page_of(bob_client, restoration.photo)

    def test_only_ways_that_exist_are_remembered(
        self, alice: User, alice_client: Client, client: Client
    ) -> None:
        address = reverse("albums:compare_mode")
        assert alice_client.post(address, {"mode": "magic"}).status_code == 400
        assert alice_client.get(address).status_code == 405
        assert client.post(address, {"mode": "hold"})["Location"].startswith(
            reverse("account_login")
        )
        alice.refresh_from_db()
        assert alice.compare_mode == "slider"
