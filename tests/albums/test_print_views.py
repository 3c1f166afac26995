"""The page with the boxes, without scripting, and who may open it."""

from __future__ import annotations

import io
import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from albums import prints, services, storage
from albums.models import Album, Member, Photo, User
from albums.prints import PrintBox, cut
from jobs.models import Job
from tests.pictures import drawn
from tests.rows import add_photos, add_restoration

CHANGES = ["boxes", "make_one", "bring_back", "look_for_prints"]
TWO = [PrintBox(700, 600, 800, 600, 2.5), PrintBox(2200, 500, 600, 800, -4)]


@pytest.fixture
def page(album: Album, alice: User) -> Photo:
    page = add_photos(album)[0]
    cut(page, TWO, by=alice)
    return page


def address(name: str, photo: Photo) -> str:
    return reverse(f"albums:{name}", args=[photo.code])


def form_of(page: str) -> dict[str, str]:
    """What a browser without scripting would send, ticks as they stand."""
    form = page.partition('<form class="boxes"')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        is_tick = 'type="checkbox"' in tag
        if name and (not is_tick or "checked" in tag):
            found[name[1]] = value[1] if value else ""
    return found


def sent(client: Client, page: Photo, **changes: str) -> tuple[int, str]:
    form = form_of(client.get(address("boxes", page)).content.decode())
    data = form | {name.replace("__", "-"): text for name, text in changes.items()}
    response = client.post(address("boxes", page), data, follow=True)
    return response.status_code, response.content.decode()


class TestAccess:
    @pytest.mark.parametrize("name", CHANGES)
    def test_only_editors_change_prints(
        self,
        page: Photo,
        bob: User,
        client: Client,
        bob_client: Client,
        charlie_client: Client,
        name: str,
    ) -> None:
        before = [(one.pk, one.place) for one in prints.prints_of(page)]
        for stranger in (bob_client, charlie_client):
            assert stranger.post(address(name, page)).status_code == 404
        login = client.post(address(name, page))["Location"]
        assert login.startswith(reverse("account_login"))
        assert [(one.pk, one.place) for one in prints.prints_of(page)] == before
        Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
        assert bob_client.post(address(name, page)).status_code in {200, 302}

    def test_the_boxes_are_shown_to_editors_alone(
        self,
        page: Photo,
        alice_client: Client,
        bob_client: Client,
        charlie_client: Client,
    ) -> None:
        assert alice_client.get(address("boxes", page)).status_code == 200
        assert bob_client.get(address("boxes", page)).status_code == 404
        assert charlie_client.get(address("boxes", page)).status_code == 404

    def test_a_print_leads_to_the_boxes_of_its_page(
        self, page: Photo, alice_client: Client
    ) -> None:
        first = prints.prints_of(page)[0]
        response = alice_client.get(address("boxes", first))
        assert response["Location"] == address("boxes", page)


class TestBoxes:
    def test_the_form_as_it_stands_changes_nothing(
        self, page: Photo, alice_client: Client
    ) -> None:
        keys = [prints.box_of(one) for one in prints.prints_of(page)]
        status, answer = sent(alice_client, page)
        assert status == 200
        assert "Nothing to change." in answer
        assert [prints.box_of(one) for one in prints.prints_of(page)] == keys

    def test_numbers_move_a_box_and_add_another(
        self, page: Photo, alice_client: Client
    ) -> None:
        new = {"3__x": "900", "3__y": "1500,5", "3__width": "800", "3__height": "600"}
        _status, answer = sent(alice_client, page, **{"1__angle": "3", **new})
        assert "Done: 1 new print, 1 cut again." in answer
        first, second, third = prints.prints_of(page)
        assert (first.crop_angle, first.cut) == (3, 1)
        assert second.cut == 0
        assert (third.width, third.height, third.crop_angle) == (800, 600, 0)

    def test_new_and_changed_prints_are_restored_where_that_is_ticked(
        self, page: Photo, alice_client: Client
    ) -> None:
        sent(alice_client, page, **{"1__angle": "3"})
        assert [job.photo.place for job in Job.objects.all()] == [1]
        assert Job.objects.get().provider == "local"

    def test_a_bare_box_goes_without_a_question(
        self, page: Photo, alice_client: Client
    ) -> None:
        _status, answer = sent(alice_client, page, **{"2__remove": "1"})
        assert "Done: 1 set aside." in answer
        assert len(prints.prints_of(page)) == 1

    def test_a_restored_print_goes_after_a_question_alone(
        self, page: Photo, alice_client: Client
    ) -> None:
        second = prints.prints_of(page)[1]
        made = add_restoration(second)
        _status, answer = sent(alice_client, page, **{"2__remove": "1"})
        assert "Set this print aside?" in answer
        assert second.title in answer
        assert len(prints.prints_of(page)) == 2
        _status, answer = sent(alice_client, page, **{"2__remove": "1", "agreed": "1"})
        assert "Done: 1 set aside." in answer
        assert second.restorations.get() == made
        editor = alice_client.get(address("boxes", page)).content.decode()
        assert "Bring back" in editor
        assert second.title in editor

    def test_nonsense_is_shown_again_with_the_reason(
        self, page: Photo, alice_client: Client
    ) -> None:
        status, answer = sent(alice_client, page, **{"1__width": "wide"})
        assert status == 422
        assert "A box needs numbers." in answer
        assert 'value="wide"' in answer

    def test_more_boxes_than_a_page_may_have_are_refused(
        self, page: Photo, alice_client: Client
    ) -> None:
        data = {}
        for number in range(prints.MOST_PRINTS + 1):
            for name in ("x", "y", "width", "height"):
                data[f"{number}-{name}"] = "500"
        response = alice_client.post(address("boxes", page), data)
        assert response.status_code == 422
        assert len(prints.prints_of(page)) == 2


class TestThePageOfThePhoto:
    def test_a_page_says_what_was_found_and_offers_the_way_back(
        self, page: Photo, alice_client: Client, bob_client: Client
    ) -> None:
        words = alice_client.get(address("photo", page)).content.decode()
        assert "2 prints found on this page" in words
        assert address("make_one", page) in words
        for one in prints.prints_of(page):
            assert address("photo", one) in words
        seen = bob_client.get(address("photo", page)).content.decode()
        assert "2 prints found on this page" in seen
        assert address("make_one", page) not in seen

    def test_one_click_makes_it_one_photo_and_another_undoes_that(
        self, page: Photo, alice_client: Client
    ) -> None:
        two = prints.prints_of(page)
        answer = alice_client.post(address("make_one", page), follow=True)
        assert "It is one photo again." in answer.content.decode()
        assert not prints.prints_of(page)
        answer = alice_client.post(address("bring_back", page), follow=True)
        assert "2 prints are back." in answer.content.decode()
        assert prints.prints_of(page) == two

    def test_a_print_names_its_page_and_offers_both_downloads(
        self, page: Photo, alice_client: Client
    ) -> None:
        first = prints.prints_of(page)[0]
        words = alice_client.get(address("photo", first)).content.decode()
        assert address("photo", page) in words
        assert "Download the whole scanned page" in words
        assert address("print_file", first) in words

    def test_one_that_was_set_aside_says_so(
        self, page: Photo, alice: User, alice_client: Client
    ) -> None:
        first = prints.prints_of(page)[0]
        prints.make_one(page, by=alice)
        words = alice_client.get(address("photo", first)).content.decode()
        assert "This print is set aside" in words


class TestDownload:
    @pytest.fixture
    def first(self, album: Album, alice: User) -> Photo:
        part = storage.new_part()
        part.write_bytes(drawn(900, 600))
        added = services.add_photos(
            part, name="page.jpg", album=album, by=alice, wish="", batch=uuid4()
        )
        cut(added.photos[0], [PrintBox(300, 300, 240, 180, 5)], by=alice)
        return prints.prints_of(added.photos[0])[0]

    def test_a_print_is_handed_out_cut_and_straight(
        self, first: Photo, alice_client: Client, charlie_client: Client
    ) -> None:
        response = alice_client.get(address("print_file", first))
        assert "page%20%E2%80%93%20print%201.jpg" in response["Content-Disposition"]
        body = b"".join(response.streaming_content)  # type: ignore[attr-defined]  # a file
        assert Image.open(io.BytesIO(body)).size == (240, 180)
        assert charlie_client.get(address("print_file", first)).status_code == 404

    def test_a_whole_photo_has_no_such_file(
        self, album: Album, alice_client: Client
    ) -> None:
        whole = add_photos(album)[0]
        assert alice_client.get(address("print_file", whole)).status_code == 404
