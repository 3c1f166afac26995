"""Prints of a page: cut, cut again, set aside, brought back. Nothing is ever lost."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from albums import prints, services, storage
from albums.models import Album, Photo, User
from albums.prints import BadBox, PrintBox, box_of, cut
from albums.renditions import source_of
from albums.versions import comparison, neighbours
from tests.pictures import drawn
from tests.rows import add_photos, add_restoration

# On a page of 3000 x 2000: two beside each other, and one below.
LEFT = PrintBox(700, 600, 800, 600, 2.5)
RIGHT = PrintBox(2200, 500, 600, 800, -4)
BELOW = PrintBox(900, 1500, 800, 600)


@pytest.fixture
def page(album: Album) -> Photo:
    return add_photos(album)[0]


@pytest.fixture
def three(page: Photo, alice: User) -> list[Photo]:
    cut(page, [BELOW, RIGHT, LEFT], by=alice)
    return prints.prints_of(page)


def boxes_of(page: Photo) -> list[PrintBox]:
    return [box_of(one) for one in prints.prints_of(page)]


def titles(album: Album) -> list[str]:
    return [photo.title for photo in services.album_page(album, None)]


class TestCutting:
    def test_prints_are_photos_in_reading_order(
        self, page: Photo, three: list[Photo]
    ) -> None:
        assert [one.place for one in three] == [1, 2, 3]
        assert [(one.width, one.height) for one in three] == [
            (800, 600),
            (600, 800),
            (800, 600),
        ]
        assert [one.crop_angle for one in three] == [2.5, -4, 0]
        assert {one.original_id for one in three} == {page.original_id}
        page.refresh_from_db()
        assert page.is_page
        assert not any(one.is_page for one in three)

    def test_they_stand_behind_their_page_in_the_album(
        self, album: Album, page: Photo, three: list[Photo]
    ) -> None:
        newer = add_photos(album)[0]
        assert titles(album) == [
            newer.title,
            "Scan 0",
            *(f"Scan 0 – print {number}" for number in (1, 2, 3)),
        ]
        assert neighbours(three[0]) == (page, three[1])
        assert neighbours(page) == (newer, three[0])
        assert neighbours(three[2]) == (three[1], None)

    def test_a_place_on_a_page_is_taken_once(self, three: list[Photo]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Photo.objects.filter(pk=three[1].pk).update(place=1)

    def test_upright_boxes_end_at_the_page(self, page: Photo, alice: User) -> None:
        cut(page, [PrintBox(100, 100, 400, 400)], by=alice)
        (only,) = prints.prints_of(page)
        assert (only.crop_left, only.crop_top) == (0, 0)
        assert (only.width, only.height) == (300, 300)

    @pytest.mark.parametrize(
        "box",
        [
            PrintBox(-1, 500, 200, 200),
            PrintBox(500, 2001, 200, 200),
            PrintBox(500, 500, 31, 200),
            PrintBox(500, 500, 200, 9000),
            PrintBox(500, float("nan"), 200, 200),
            PrintBox(500, 500, 200, 200, code=uuid4()),
        ],
    )
    def test_boxes_that_make_no_sense_change_nothing(
        self, page: Photo, alice: User, three: list[Photo], box: PrintBox
    ) -> None:
        with pytest.raises(BadBox) as caught:
            cut(page, [LEFT, box], by=alice)
        assert caught.value.sentence
        assert prints.prints_of(page) == three

    def test_the_same_file_again_is_answered_with_its_page(
        self, album: Album, alice: User
    ) -> None:
        def send() -> services.Added:
            part = storage.new_part()
            part.write_bytes(drawn(400, 300))
            return services.add_photos(
                part, name="page.jpg", album=album, by=alice, wish="", batch=uuid4()
            )

        (page,) = send().photos
        cut(page, [PrintBox(100, 100, 80, 80), PrintBox(300, 100, 80, 80)], by=alice)
        again = send()
        assert again.duplicate
        assert again.photos == (page,)


class TestCuttingAgain:
    def test_the_same_boxes_change_nothing(
        self, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        keys = [source_of(one).key for one in three]
        done = cut(page, boxes_of(page), by=alice)
        assert done == prints.Cut()
        assert [source_of(one).key for one in prints.prints_of(page)] == keys

    def test_a_moved_box_keeps_restorations_of_the_former_cut(
        self, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        first = three[0]
        kept = add_restoration(first)
        services.keep(kept)
        key = source_of(first).key
        boxes = boxes_of(page)
        boxes[0] = replace(boxes[0], x=boxes[0].x + 40)
        done = cut(page, boxes, by=alice)
        assert done.changed == (first,)
        first.refresh_from_db()
        assert source_of(first).key != key
        # The album shows the new cut, and not what was made of the former one.
        assert first.keeper is None
        (version,) = comparison(first).restorations
        assert version.restoration == kept
        assert version.is_of_former_cut

    def test_a_restoration_of_the_new_cut_is_not_marked(
        self, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        boxes = boxes_of(page)
        cut(page, [replace(boxes[0], angle=9), *boxes[1:]], by=alice)
        first = prints.prints_of(page)[0]
        add_restoration(first, cut=first.cut)
        (version,) = comparison(first).restorations
        assert not version.is_of_former_cut

    def test_places_follow_the_boxes(
        self, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        left, right, below = boxes_of(page)
        cut(page, [replace(left, y=1900), right, replace(below, y=400)], by=alice)
        order = [one.pk for one in prints.prints_of(page)]
        assert order == [three[2].pk, three[1].pk, three[0].pk]


class TestSettingAside:
    def test_a_print_without_a_box_is_kept_and_not_shown(
        self, album: Album, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        made = add_restoration(three[1])
        left, _right, below = boxes_of(page)
        assert cut(page, [left, below], by=alice).set_aside == (three[1],)
        assert "Scan 0 – print 2" not in titles(album)
        assert prints.set_aside_of(page) == [three[1]]
        assert three[1].restorations.get() == made
        assert [one.place for one in prints.prints_of(page)] == [1, 2]

    def test_it_can_be_brought_back(
        self, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        left, _right, below = boxes_of(page)
        cut(page, [left, below], by=alice)
        assert prints.bring_back(page, [three[1].code], by=alice) == (three[1],)
        assert prints.prints_of(page) == three

    def test_one_photo_after_all_and_back_again(
        self, album: Album, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        assert prints.make_one(page, by=alice)
        assert not prints.make_one(page, by=alice)
        assert not page.is_page
        assert titles(album) == ["Scan 0"]
        prints.bring_back(page, by=alice)
        assert prints.prints_of(page) == three
        page.refresh_from_db()
        assert page.is_page

    def test_a_page_without_boxes_is_a_photo(
        self, page: Photo, alice: User, three: list[Photo]
    ) -> None:
        cut(page, [], by=alice)
        page.refresh_from_db()
        assert not page.is_page
        assert len(prints.set_aside_of(page)) == 3

    def test_what_is_more_than_a_box(self, three: list[Photo]) -> None:
        restored, named, bare = three
        add_restoration(restored)
        services.retitle(named, "Grandma at the lake")
        named.refresh_from_db()
        assert [prints.has_something(one) for one in (restored, named, bare)] == [
            True,
            True,
            False,
        ]
