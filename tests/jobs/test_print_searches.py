"""A scan is looked at once; its prints, and what was wished for, come in one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import cv2
import pytest
from django.test import Client
from django.urls import reverse

from albums import prints, services, storage
from albums.models import Album, Photo, User
from albums.prints import PrintBox
from jobs import queue, search_step, searches
from jobs.clock import db_now
from jobs.dispatcher import Dispatcher
from jobs.models import Job, PrintSearch
from jobs.services import give_consent
from tests.engine.album_pages import Level, Paper, draw_album_page
from tests.pictures import drawn

STATE = PrintSearch.State
BOXES = [PrintBox(300, 300, 200, 150), PrintBox(700, 300, 200, 150)]


def page_file() -> bytes:
    """Three prints on black paper."""
    page = draw_album_page(31, Level.EASY, paper=Paper.BLACK, side=1000)
    colours = cv2.cvtColor(page.picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", colours)[1].tobytes()


def added(album: Album, data: bytes, *, wish: str = "repair") -> PrintSearch:
    part = storage.new_part()
    part.write_bytes(data)
    services.add_photos(
        part,
        name="Page 7.png",
        album=album,
        by=album.owner,
        wish=wish,
        batch=uuid4(),
        cut_pages=True,
    )
    return PrintSearch.objects.get()


@pytest.fixture
def search(album: Album) -> PrintSearch:
    return added(album, drawn(1000, 700))


def leased(search: PrintSearch) -> PrintSearch:
    """As the dispatcher leases it, and a worker takes it."""
    token = uuid4()
    assert searches.claim(search.pk, now=db_now(), token=token)
    taken = searches.take(search.pk, token)
    assert taken is not None
    return taken


class TestLooking:
    def test_nothing_starts_before_it_was_looked_at(self, search: PrintSearch) -> None:
        assert search.state == STATE.WAITING
        assert not Job.objects.exists()

    def test_a_page_becomes_prints_that_are_restored(self, album: Album) -> None:
        search = added(album, page_file())
        token = uuid4()
        searches.claim(search.pk, now=db_now(), token=token)
        search_step.run(search.pk, token)
        search.refresh_from_db()
        truth = draw_album_page(31, Level.EASY, paper=Paper.BLACK, side=1000).prints
        assert (search.state, search.found) == (STATE.CUT, len(truth))
        page = Photo.objects.get(lies_on=None)
        assert page.is_page
        found = prints.prints_of(page)
        assert len(found) == len(truth)
        for one in found:
            near = min(abs(one.width - lies.width) for lies in truth)
            assert near < 8
        jobs = Job.objects.select_related("photo")
        assert {job.photo for job in jobs} == set(found)
        assert len({job.batch_id for job in jobs}) == 1

    def test_a_second_ring_does_nothing(self, album: Album) -> None:
        search = added(album, page_file())
        token = uuid4()
        searches.claim(search.pk, now=db_now(), token=token)
        search_step.run(search.pk, token)
        before = Photo.objects.count(), Job.objects.count()
        search_step.run(search.pk, token)
        assert not searches.claim(search.pk, now=db_now(), token=uuid4())
        assert (Photo.objects.count(), Job.objects.count()) == before

    def test_a_single_photo_stays_one_and_is_restored(self, album: Album) -> None:
        search = added(album, drawn(1000, 700))
        token = uuid4()
        searches.claim(search.pk, now=db_now(), token=token)
        search_step.run(search.pk, token)
        search.refresh_from_db()
        assert search.state == STATE.ONE
        assert Photo.objects.get().kind == Photo.Kind.PHOTO
        assert Job.objects.get().photo == Photo.objects.get()

    def test_a_scan_that_is_gone_stays_one_photo(self, search: PrintSearch) -> None:
        services.original_file(search.photo).unlink()
        token = uuid4()
        searches.claim(search.pk, now=db_now(), token=token)
        search_step.run(search.pk, token)
        search.refresh_from_db()
        assert search.state == STATE.FAILED
        assert Job.objects.get().photo == search.photo

    def test_without_the_switch_nobody_looks(self, album: Album) -> None:
        part = storage.new_part()
        part.write_bytes(drawn(1000, 700))
        services.add_photos(
            part,
            name="a.jpg",
            album=album,
            by=album.owner,
            wish="repair",
            batch=uuid4(),
        )
        assert not PrintSearch.objects.exists()
        assert Job.objects.count() == 1


class TestKills:
    def test_two_that_looked_at_the_same_cut_once(self, search: PrintSearch) -> None:
        first = leased(search)
        # The first one's process seems dead; another looks as well.
        PrintSearch.objects.update(holder="", lease=None, leased_until=None)
        second = leased(search)
        assert searches.conclude(second, BOXES)
        assert not searches.conclude(first, BOXES)
        assert len(prints.prints_of(search.photo)) == 2
        assert Job.objects.count() == 2

    def test_a_dead_process_gives_it_back(self, search: PrintSearch) -> None:
        taken = leased(search)
        PrintSearch.objects.update(holder="nobody@nowhere:1:1")
        PrintSearch.objects.update(leased_until=db_now() - timedelta(seconds=1))
        searches.mend()
        search.refresh_from_db()
        assert (search.lease, search.crashes) == (None, 1)
        assert not searches.conclude(taken, BOXES)

    def test_one_that_kills_each_time_stays_one_photo(
        self, search: PrintSearch
    ) -> None:
        for _time in range(searches.MOST_CRASHES):
            taken = leased(search)
            assert taken.lease is not None
            searches.let_go(taken.pk, taken.lease)
        search.refresh_from_db()
        assert search.state == STATE.FAILED
        assert Job.objects.get().photo == search.photo

    def test_boxes_that_somebody_drew_meanwhile_count(
        self, search: PrintSearch, alice: User
    ) -> None:
        taken = leased(search)
        prints.cut(search.photo, [BOXES[0]], by=alice)
        assert searches.conclude(taken, BOXES)
        assert len(prints.prints_of(search.photo)) == 1


class TestDispatching:
    def test_searches_go_out_before_jobs(
        self, search: PrintSearch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rung: list[int] = []
        monkeypatch.setattr(queue, "ring_search", lambda pk, _token: rung.append(pk))
        dispatcher = Dispatcher({queue.ENGINE: 1, queue.REMOTE: 1})
        assert dispatcher.tick().rung[queue.ENGINE] == 1
        assert rung == [search.pk]
        assert not dispatcher.tick().rung[queue.ENGINE]
        dispatcher.give_back([queue.ENGINE])
        dispatcher.tick()
        assert rung == [search.pk, search.pk]


class TestMoney:
    @pytest.fixture
    def asking(self, album: Album, alice: User, settings: Any) -> PrintSearch:
        known = settings.PROVIDERS["picwish"]
        settings.PROVIDERS = settings.PROVIDERS | {"picwish": replace(known, key="k")}
        give_consent(album, "picwish", by=alice)
        search = added(album, drawn(1000, 700), wish="picwish:repair")
        assert searches.conclude(leased(search), BOXES)
        search.refresh_from_db()
        return search

    def test_a_wish_for_one_photo_is_not_multiplied(
        self, asking: PrintSearch, alice_client: Client
    ) -> None:
        assert asking.state == STATE.ASKING
        assert not Job.objects.exists()
        address = reverse("albums:photo", args=[asking.photo.code])
        words = alice_client.get(address).content.decode()
        assert "Send 2 prints to PicWish?" in words
        assert "nothing was sent yet" in words

    def test_a_yes_after_the_price_sends_them(
        self, asking: PrintSearch, album: Album, alice_client: Client
    ) -> None:
        codes = ",".join(one.code.hex for one in prints.prints_of(asking.photo))
        choose = reverse("jobs:choose", args=[album.code])
        data = {"photos": codes, "recipe": asking.wish}
        check = alice_client.post(choose, data).content.decode()
        assert "Send 2 photos to PicWish?" in check
        assert not Job.objects.exists()
        alice_client.post(choose, data | {"start": "1", "batch": str(uuid4())})
        assert Job.objects.filter(provider="picwish").count() == 2
        asking.refresh_from_db()
        assert asking.state == STATE.CUT

    def test_a_no_leaves_the_prints(
        self, asking: PrintSearch, alice_client: Client, bob_client: Client
    ) -> None:
        address = reverse("jobs:leave_prints", args=[asking.photo.code])
        assert bob_client.post(address).status_code == 404
        alice_client.post(address)
        asking.refresh_from_db()
        assert asking.state == STATE.CUT
        assert not Job.objects.exists()
        assert len(prints.prints_of(asking.photo)) == 2


class TestUndoing:
    def test_one_photo_after_all_gets_what_was_wished_for(
        self, search: PrintSearch, alice: User
    ) -> None:
        searches.conclude(leased(search), BOXES)
        prints.make_one(search.photo, by=alice)
        states = {job.photo_id: job.state for job in Job.objects.all()}
        assert states.pop(search.photo_id) == Job.State.QUEUED
        assert set(states.values()) == {Job.State.CANCELLED}
        assert len(states) == 2

    def test_a_person_may_have_it_looked_at_again(
        self, search: PrintSearch, alice_client: Client
    ) -> None:
        searches.conclude(leased(search), [])
        address = reverse("albums:look_for_prints", args=[search.photo.code])
        alice_client.post(address)
        search.refresh_from_db()
        assert search.is_waiting
        searches.conclude(leased(search), [])
        # What was started after the upload is not started again.
        assert Job.objects.count() == 1


class TestShowing:
    def test_pages_follow_a_search(
        self, search: PrintSearch, album: Album, alice_client: Client
    ) -> None:
        shown = alice_client.get(reverse("albums:album", args=[album.code]))
        assert "Looking for prints" in shown.content.decode()
        assert "hx-get" in shown.content.decode()
        album.refresh_from_db()
        poll = reverse("jobs:album_progress", args=[album.code])
        photo_poll = reverse("jobs:photo_progress", args=[search.photo.code])
        seen = {"v": album.version}
        assert alice_client.get(poll, seen).status_code == 204
        searches.conclude(leased(search), BOXES)
        answer = alice_client.get(poll, seen).content.decode()
        assert "Prints were found on a page." in answer
        assert "2 prints found" in answer
        assert alice_client.get(photo_poll, seen)["HX-Refresh"] == "true"
