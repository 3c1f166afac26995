"""The one poll of each page: who gets an answer, what is in it, what it costs."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from albums.models import Album, Member, Photo, User
from albums.services import bump_version, create_album, retitle
from jobs.models import Job
from tests.rows import add_batch, add_job, add_photos, touch

UNCHANGED_QUERIES = 3
STATE = Job.State
# Above the photos of an album: how many are where, and what is on hold.
BAR = {"jobs-summary", "jobs-held"}


def poll_address(page: str) -> str:
    """What the page's poll asks next, as htmx reads it; "" when it asks no more."""
    found = re.search(r'hx-get="([^"]*)" hx-trigger="poll"', page)
    return found[1].replace("&amp;", "&") if found else ""


def open_page(client: Client, name: str, *arguments: object, query: str = "") -> str:
    response = client.get(reverse(name, args=arguments) + query)
    assert response.status_code == 200
    return response.content.decode()


def swapped(content: bytes) -> set[str]:
    """The ids of what takes its place on the page."""
    return set(re.findall(r'id="([^"]+)" hx-swap-oob', content.decode()))


@pytest.fixture
def photos(album: Album) -> list[Photo]:
    return add_photos(album, 3)


@pytest.fixture
def addresses(album: Album, photos: list[Photo]) -> list[str]:
    return [
        reverse("jobs:album_progress", args=[album.code]),
        reverse("jobs:photo_progress", args=[photos[0].code]),
    ]


class TestAccess:
    def test_owner_and_viewer_get_an_answer(
        self, addresses: list[str], alice_client: Client, bob_client: Client
    ) -> None:
        for address in addresses:
            assert alice_client.get(address).status_code == 200
            assert bob_client.get(address).status_code == 200

    def test_a_stranger_finds_nothing(
        self, addresses: list[str], charlie_client: Client
    ) -> None:
        for address in addresses:
            assert charlie_client.get(address).status_code == 404

    def test_signed_out_people_are_sent_to_sign_in(
        self, addresses: list[str], client: Client
    ) -> None:
        for address in [*addresses, reverse("jobs:activity_progress")]:
            response = client.get(address)
            assert response.status_code == 302
            assert response["Location"].startswith(reverse("account_login"))

    def test_nothing_is_posted_to_a_poll(
        self, addresses: list[str], alice_client: Client
    ) -> None:
        for address in addresses:
            assert alice_client.post(address).status_code == 405

    def test_a_revoked_membership_counts_from_the_very_next_poll(
        self, album: Album, photos: list[Photo], bob: User, bob_client: Client
    ) -> None:
        add_job(photos[0])
        polls = [
            poll_address(open_page(bob_client, "albums:album", album.code)),
            poll_address(open_page(bob_client, "albums:photo", photos[0].code)),
        ]
        for poll in polls:
            assert bob_client.get(poll).status_code == 204
        Member.objects.filter(user=bob).delete()
        for poll in polls:
            assert bob_client.get(poll).status_code == 404

    def test_activity_shows_nothing_of_a_revoked_album_on_the_next_poll(
        self, album: Album, photos: list[Photo], bob: User, bob_client: Client
    ) -> None:
        add_job(photos[0], STATE.FAILED)
        add_job(photos[1])
        poll = poll_address(open_page(bob_client, "jobs:activity"))
        assert bob_client.get(poll).status_code == 204
        Member.objects.filter(user=bob).delete()
        response = bob_client.get(poll)
        assert response.status_code == 200
        assert album.title not in response.content.decode()

    def test_answers_are_private_and_never_stored(
        self, addresses: list[str], alice_client: Client
    ) -> None:
        for address in addresses:
            response = alice_client.get(address)
            assert "no-store" in response["Cache-Control"]
            assert "private" in response["Cache-Control"]
            assert "Cookie" in response["Vary"]


class TestAlbum:
    def test_unchanged_is_said_without_a_word(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0])
        poll = poll_address(open_page(alice_client, "albums:album", album.code))
        response = alice_client.get(poll)
        assert (response.status_code, response.content) == (204, b"")

    def test_only_what_changed_is_swapped(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        jobs = [add_job(photo) for photo in photos]
        poll = poll_address(open_page(alice_client, "albums:album", album.code))
        touch(jobs[1], state=STATE.RUNNING, progress=0.3)
        response = alice_client.get(poll)
        assert swapped(response.content) == BAR | {f"chip-{photos[1].code}"}
        assert "30 %" in response.content.decode()
        again = poll_address(response.content.decode())
        assert again != poll
        assert alice_client.get(again).status_code == 204

    def test_chips_of_other_pages_stay_away(
        self, album: Album, alice_client: Client
    ) -> None:
        oldest, *_others = add_photos(album, 61)
        job = add_job(oldest)
        first = poll_address(open_page(alice_client, "albums:album", album.code))
        second = poll_address(
            open_page(alice_client, "albums:album", album.code, query="?page=2")
        )
        touch(job, state=STATE.RUNNING)
        assert swapped(alice_client.get(first).content) == BAR
        assert swapped(alice_client.get(second).content) == BAR | {
            f"chip-{oldest.code}"
        }

    def test_the_last_poll_has_no_trigger(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        job = add_job(photos[0], STATE.RUNNING)
        poll = poll_address(open_page(alice_client, "albums:album", album.code))
        touch(job, state=STATE.CANCELLED)
        text = alice_client.get(poll).content.decode()
        assert 'id="poller"' in text
        assert poll_address(text) == ""

    def test_a_page_where_all_is_final_asks_nothing(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0], STATE.SUCCEEDED)
        add_job(photos[1], STATE.FAILED)
        assert not poll_address(open_page(alice_client, "albums:album", album.code))

    def test_what_is_on_hold_is_still_watched(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0], STATE.HELD)
        assert poll_address(open_page(alice_client, "albums:album", album.code))

    def test_the_summary_counts_what_goes_on_and_what_needs_somebody(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0], STATE.FAILED)
        add_job(photos[1], STATE.FAILED)
        add_job(photos[1], STATE.SUCCEEDED)
        add_job(photos[2], STATE.RUNNING)
        page = open_page(alice_client, "albums:album", album.code)
        assert ">1 working, 1 needs you</p>" in page

    def test_a_chip_shows_what_goes_on_before_what_has_been(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0], STATE.RUNNING, progress=0.5)
        add_job(photos[0], STATE.SUCCEEDED)
        page = open_page(alice_client, "albums:album", album.code)
        assert "chip--working" in page
        assert "chip--ready" not in page

    @pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
    def test_a_strange_version_gets_everything(
        self, album: Album, photos: list[Photo], alice_client: Client, version: str
    ) -> None:
        add_job(photos[0])
        address = reverse("jobs:album_progress", args=[album.code])
        response = alice_client.get(address, {"v": version, "page": "nonsense"})
        assert response.status_code == 200
        assert poll_address(response.content.decode())

    def test_new_wishes_are_asked_for_often_old_ones_seldom(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        job = add_job(photos[0])
        page = open_page(alice_client, "albums:album", album.code)
        assert 'data-interval="5"' in page
        touch(job, due=timezone.now())
        page = open_page(alice_client, "albums:album", album.code)
        assert 'data-interval="2"' in page


class TestPhoto:
    def test_the_live_line_is_swapped_when_its_job_changed(
        self, photos: list[Photo], alice_client: Client
    ) -> None:
        job = add_job(photos[0])
        poll = poll_address(open_page(alice_client, "albums:photo", photos[0].code))
        touch(job, state=STATE.RUNNING, progress=0.62)
        response = alice_client.get(poll)
        assert swapped(response.content) == {"jobs"}
        assert "62 %" in response.content.decode()
        assert "HX-Trigger" not in response

    def test_a_change_elsewhere_in_the_album_swaps_nothing(
        self, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0])
        other = add_job(photos[1])
        poll = poll_address(open_page(alice_client, "albums:photo", photos[0].code))
        touch(other, state=STATE.RUNNING)
        response = alice_client.get(poll)
        assert response.status_code == 200
        assert swapped(response.content) == set()
        assert (
            alice_client.get(poll_address(response.content.decode())).status_code == 204
        )

    def test_a_new_restoration_tells_the_page_to_show_it(
        self, photos: list[Photo], alice_client: Client
    ) -> None:
        job = add_job(photos[0], STATE.FETCHING)
        poll = poll_address(open_page(alice_client, "albums:photo", photos[0].code))
        job.delete()
        add_job(photos[0], STATE.SUCCEEDED)
        response = alice_client.get(poll)
        assert response["HX-Trigger"] == '{"restored": {}}'
        assert not poll_address(response.content.decode())

    def test_a_viewer_gets_no_buttons_from_a_poll_either(
        self, photos: list[Photo], alice_client: Client, bob_client: Client
    ) -> None:
        job = add_job(photos[0])
        address = reverse("jobs:photo_progress", args=[photos[0].code])
        cancel = reverse("jobs:cancel", args=[job.code])
        assert cancel in alice_client.get(address).content.decode()
        assert cancel not in bob_client.get(address).content.decode()


class TestActivity:
    def test_only_the_cards_that_changed_are_swapped(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        jobs = [add_job(photo, STATE.RUNNING) for photo in photos]
        poll = poll_address(open_page(alice_client, "jobs:activity"))
        assert alice_client.get(poll).status_code == 204
        touch(jobs[2], progress=0.5)
        response = alice_client.get(poll)
        assert swapped(response.content) == {f"batch-{jobs[2].batch.code}"}
        assert (
            alice_client.get(poll_address(response.content.decode())).status_code == 204
        )

    def test_two_albums_are_told_apart(
        self, album: Album, photos: list[Photo], alice: User, alice_client: Client
    ) -> None:
        other = create_album(title="Winter", owner=alice)
        for _number in range(7):
            bump_version(other.pk)
        here = add_job(photos[0], STATE.RUNNING)
        there = add_job(add_photos(other)[0], STATE.RUNNING)
        poll = poll_address(open_page(alice_client, "jobs:activity"))
        touch(here, progress=0.5)
        assert swapped(alice_client.get(poll).content) == {f"batch-{here.batch.code}"}
        poll = poll_address(open_page(alice_client, "jobs:activity"))
        touch(there, progress=0.5)
        assert swapped(alice_client.get(poll).content) == {f"batch-{there.batch.code}"}

    def test_what_moves_to_another_part_rearranges_the_page(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        job = add_job(photos[0], STATE.RUNNING)
        poll = poll_address(open_page(alice_client, "jobs:activity"))
        touch(job, state=STATE.FAILED, finished=timezone.now(), message="No light.")
        response = alice_client.get(poll)
        assert swapped(response.content) == {"activity"}
        assert "No light." in response.content.decode()
        assert not poll_address(response.content.decode())

    def test_a_change_that_no_card_shows_swaps_nothing(
        self, album: Album, photos: list[Photo], alice_client: Client
    ) -> None:
        add_job(photos[0], STATE.RUNNING)
        poll = poll_address(open_page(alice_client, "jobs:activity"))
        retitle(photos[2], "The lake")
        response = alice_client.get(poll)
        assert response.status_code == 200
        assert swapped(response.content) == set()

    def test_so_many_albums_that_an_address_cannot_hold_them(
        self, photos: list[Photo], alice: User, alice_client: Client
    ) -> None:
        Album.objects.bulk_create(
            Album(title=str(number), owner=alice, version=10**9)
            for number in range(120)
        )
        job = add_job(photos[0], STATE.RUNNING)
        poll = poll_address(open_page(alice_client, "jobs:activity"))
        assert len(poll) < 300
        assert alice_client.get(poll).status_code == 204
        touch(job, progress=0.5)
        assert swapped(alice_client.get(poll).content) == {f"batch-{job.batch.code}"}


class TestCost:
    @pytest.mark.parametrize("count", [10, 200])
    def test_unchanged_costs_three_queries(
        self,
        album: Album,
        alice_client: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        count: int,
    ) -> None:
        photos = fill(album, count)
        pages = [
            open_page(alice_client, "albums:album", album.code),
            open_page(alice_client, "albums:photo", photos[0].code),
            open_page(alice_client, "jobs:activity"),
        ]
        for page in pages:
            with django_assert_num_queries(UNCHANGED_QUERIES):
                assert alice_client.get(poll_address(page)).status_code == 204

    @pytest.mark.parametrize("count", [10, 200])
    @pytest.mark.parametrize(
        ("name", "queries"),
        [("album", 8), ("photo", 9), ("activity", 15)],
    )
    def test_changed_costs_no_more_in_a_large_album(
        self,
        album: Album,
        alice_client: Client,
        django_assert_num_queries: DjangoAssertNumQueries,
        count: int,
        name: str,
        queries: int,
    ) -> None:
        photos = fill(album, count)
        pages = {
            "album": lambda: open_page(alice_client, "albums:album", album.code),
            "photo": lambda: open_page(alice_client, "albums:photo", photos[0].code),
            "activity": lambda: open_page(alice_client, "jobs:activity"),
        }
        poll = poll_address(pages[name]())
        for job in Job.objects.select_related("photo"):
            touch(job)
        with django_assert_num_queries(queries):
            assert alice_client.get(poll).status_code == 200


def fill(album: Album, count: int) -> list[Photo]:
    """A batch in which every state occurs, and a failure of its own."""
    photos = add_photos(album, count)
    batch = add_batch(album)
    states = [STATE.RUNNING, STATE.QUEUED, STATE.SUCCEEDED, STATE.FAILED]
    for number, photo in enumerate(photos):
        add_job(photo, states[number % len(states)], batch=batch)
    return photos
