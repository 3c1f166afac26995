"""The pages of albums: what each person sees, and what it costs."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from albums.models import Album, Member, Photo, Restoration, User
from albums.services import create_album, keep
from jobs.models import Job
from tests.rows import add_job, add_photos

SCRIPTS = Path(settings.STATICFILES_DIRS[0]) / "js"
ALBUM_QUERIES = 10
ALBUMS_QUERIES = 4


def restored(photo: Photo) -> Restoration:
    return Restoration.objects.create(
        photo=photo,
        attempt=uuid4(),
        provider="local",
        path=f"restorations/{uuid4().hex}.jpg",
        format="jpeg",
        width=1000,
        height=2000,
        size=1000,
        sha256="f" * 64,
    )


def page_of(client: Client, name: str, code: UUID | None = None) -> str:
    response = client.get(reverse(name, args=[code] if code else []))
    assert response.status_code == 200
    return response.content.decode()


def test_somebody_without_albums_is_told_what_to_do(charlie_client: Client) -> None:
    text = page_of(charlie_client, "albums:albums")
    assert "Start your first album" in text
    assert reverse("albums:new_album") in text


def test_albums_show_titles_counts_and_covers(
    album: Album, alice_client: Client
) -> None:
    add_photos(album, 5)
    text = page_of(alice_client, "albums:albums")
    assert "Summer 1962" in text
    assert "5 photos" in text
    assert text.count('loading="lazy"') == 3


def test_the_newest_album_comes_first(alice: User, alice_client: Client) -> None:
    for title in ("First", "Second", "Third"):
        create_album(title=title, owner=alice)
    text = page_of(alice_client, "albums:albums")
    assert text.index("Third") < text.index("Second") < text.index("First")


def test_albums_are_listed_for_members_and_not_for_strangers(
    album: Album, bob_client: Client, charlie_client: Client
) -> None:
    assert "Summer 1962" in page_of(bob_client, "albums:albums")
    assert "Summer 1962" not in page_of(charlie_client, "albums:albums")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["albums:albums", "albums:new_album"])
def test_signed_out_people_are_sent_to_sign_in(client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_album_pages_ask_signed_out_people_to_sign_in(
    album: Album, client: Client
) -> None:
    for name in ("albums:album", "albums:add"):
        response = client.get(reverse(name, args=[album.code]))
        assert response["Location"].startswith(reverse("account_login"))


def test_new_album_leads_to_adding_photos(alice: User, alice_client: Client) -> None:
    response = alice_client.post(
        reverse("albums:new_album"), {"title": "The box from the attic"}
    )
    album = Album.objects.get(title="The box from the attic")
    assert album.owner == alice
    assert response.status_code == 302
    assert response["Location"] == reverse("albums:add", args=[album.code])


def test_an_album_needs_a_title(alice_client: Client) -> None:
    response = alice_client.post(reverse("albums:new_album"), {"title": "  "})
    assert response.status_code == 200
    assert 'aria-invalid="true"' in response.content.decode()
    assert not Album.objects.exists()


def test_an_empty_album_says_what_to_do(album: Album, alice_client: Client) -> None:
    text = page_of(alice_client, "albums:album", album.code)
    assert "waiting for its first photo" in text
    assert reverse("albums:add", args=[album.code]) in text


def test_a_viewer_sees_the_photos_and_no_button_to_add(
    album: Album, bob_client: Client
) -> None:
    assert "As soon as somebody adds photos" in page_of(
        bob_client, "albums:album", album.code
    )
    add_photos(album, 1)
    text = page_of(bob_client, "albums:album", album.code)
    assert "Scan 0" in text
    assert reverse("albums:add", args=[album.code]) not in text


def test_a_stranger_finds_no_album(album: Album, charlie_client: Client) -> None:
    for name in ("albums:album", "albums:add"):
        response = charlie_client.get(reverse(name, args=[album.code]))
        assert response.status_code == 404


def test_only_editors_reach_the_page_for_adding(
    album: Album, bob: User, bob_client: Client
) -> None:
    address = reverse("albums:add", args=[album.code])
    assert bob_client.get(address).status_code == 404
    Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
    assert bob_client.get(address).status_code == 200


def test_the_page_for_adding_says_what_happens_and_where(
    album: Album, alice_client: Client
) -> None:
    text = page_of(alice_client, "albums:add", album.code)
    assert '<input type="radio" name="wish" value="repair" checked>' in text
    assert "Only keep them" in text
    assert "no picture leaves the house" in text
    assert "up to 100 MB each" in text
    assert f'data-part-bytes="{8 * 1024 * 1024}"' in text


def test_an_album_without_a_recipe_only_keeps(
    album: Album, alice_client: Client
) -> None:
    Album.objects.filter(pk=album.pk).update(recipe="")
    text = page_of(alice_client, "albums:add", album.code)
    assert '<input type="radio" name="wish" value="" checked>' in text


def test_newest_photos_come_first_sixty_on_a_page(
    album: Album, alice_client: Client
) -> None:
    add_photos(album, 61)
    address = reverse("albums:album", args=[album.code])
    first = alice_client.get(address).content.decode()
    assert first.count('class="photo"') == 60
    assert "Scan 60<" in first
    assert "Scan 0<" not in first
    assert "Page 1 of 2" in first
    second = alice_client.get(address, {"page": "2"}).content.decode()
    assert "Scan 0<" in second
    assert second.count('class="photo"') == 1


def test_the_grid_shows_the_keeper_at_its_own_proportions(
    album: Album, alice_client: Client
) -> None:
    [photo] = add_photos(album, 1)
    before = page_of(alice_client, "albums:album", album.code)
    assert f"/files/photos/{photo.code}/400/" in before
    assert 'width="400" height="267"' in before
    restoration = restored(photo)
    keep(restoration)
    after = page_of(alice_client, "albums:album", album.code)
    assert f"/files/restorations/{restoration.code}/400/" in after
    assert 'width="200" height="400"' in after
    assert "Kept" in after


def test_titles_are_shown_as_text(alice: User, alice_client: Client) -> None:
    album = create_album(title="<script>alert(1)</script>", owner=alice)
    [photo] = add_photos(album, 1)
    Photo.objects.filter(pk=photo.pk).update(title='"><img src=x>')
    for name, code in (("albums:albums", None), ("albums:album", album.code)):
        text = page_of(alice_client, name, code)
        assert "<script>alert" not in text
        assert '"><img src=x>' not in text


@pytest.mark.parametrize("count", [10, 200])
def test_queries_do_not_grow_with_the_album(
    album: Album,
    alice_client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for photo in add_photos(album, count)[-5:]:
        keep(restored(photo))
    with django_assert_num_queries(ALBUM_QUERIES):
        page_of(alice_client, "albums:album", album.code)


@pytest.mark.parametrize("count", [1, 20])
def test_queries_do_not_grow_with_the_albums(
    alice: User,
    alice_client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for number in range(count):
        add_photos(create_album(title=f"Album {number}", owner=alice), 4)
    with django_assert_num_queries(ALBUMS_QUERIES):
        page_of(alice_client, "albums:albums")


@pytest.mark.django_db
def test_an_unknown_address_is_answered_with_a_way_back(client: Client) -> None:
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    assert reverse("albums:albums") in response.content.decode()


def test_a_stale_form_is_answered_in_plain_words(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post(reverse("albums:new_album"), {"title": "Summer"})
    assert response.status_code == 403
    assert "This page had grown too old" in response.content.decode()
    assert not Album.objects.exists()


def test_no_page_loads_many_scripts(album: Album, alice_client: Client) -> None:
    """Of our own, with what they import themselves."""
    [photo] = add_photos(album, 1)
    add_job(photo, Job.State.SUCCEEDED)
    pages: dict[str, UUID | None] = {
        "albums:albums": None,
        "albums:new_album": None,
        "albums:album": album.code,
        "albums:add": album.code,
        "albums:photo": photo.code,
        "jobs:marks": photo.code,
        "albums:boxes": photo.code,
        "jobs:activity": None,
    }
    loaded = {
        name: scripts_of(page_of(alice_client, name, code))
        for name, code in pages.items()
    }
    everything = {script.name for script in SCRIPTS.iterdir()}
    assert set().union(*loaded.values()) == everything
    for name, scripts in loaded.items():
        size = sum(len((SCRIPTS / script).read_bytes()) for script in scripts)
        assert size < 30_000, name


def scripts_of(page: str) -> set[str]:
    found: set[str] = set()
    waiting = re.findall(r'src="/static/js/([\w.]+)"', page)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (SCRIPTS / name).read_text()
            waiting += re.findall(r'from "\./([\w.]+)"', text)
    return found


def test_pages_bring_no_script_or_style_of_their_own(
    album: Album, alice_client: Client
) -> None:
    """What the content security policy would block, no page contains."""
    add_photos(album, 1)
    pages: list[tuple[str, UUID | None]] = [
        ("albums:albums", None),
        ("albums:new_album", None),
    ]
    pages += [("albums:album", album.code), ("albums:add", album.code)]
    for name, code in pages:
        text = page_of(alice_client, name, code)
        assert "style=" not in text
        assert "<style" not in text
        assert "onclick=" not in text
        assert text.count("<script") == text.count("<script src=") + text.count(
            '<script type="module" src='
        )
