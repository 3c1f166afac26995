"""Prints that lie on a scanned page: cut out, cut again, set aside, brought back.

A print is a photo of its own; nothing here deletes one, and nothing touches a scan.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from albums import names
from albums.images import Box
from albums.models import Photo, User
from albums.renditions import crop_box
from albums.services import bump_version
from albums.signals import made_one, prints_cut, prints_set_aside

MOST_PRINTS = 60
# Pixels of a side.
SMALLEST = 32
# While they get their new places, none may be taken.
OUT_OF_THE_WAY = 1000


class BadBox(Exception):
    """A box that cannot be cut: `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class PrintBox:
    """Where a print lies: its middle and size in the page's upright pixels, turned
    clockwise by `angle` degrees. `code` names the photo that it is already."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0
    code: UUID | None = None


@dataclass(frozen=True)
class Cut:
    """What became of the prints of a page."""

    new: tuple[Photo, ...] = ()
    changed: tuple[Photo, ...] = ()
    set_aside: tuple[Photo, ...] = ()


def prints_of(page: Photo) -> list[Photo]:
    """Those that are in the album, as one reads them."""
    prints = page.prints.in_albums().order_by("place")
    return list(prints.select_related("original", "keeper", "lies_on"))


def set_aside_of(page: Photo) -> list[Photo]:
    prints = page.prints.exclude(set_aside=None).order_by("-set_aside", "place")
    return list(prints.select_related("original", "keeper", "lies_on"))


def box_of(print_: Photo) -> PrintBox:
    box = crop_box(print_)
    if box is None:
        raise ValueError("this photo is no print of a page")
    middle = box.middle
    return PrintBox(*middle, box.width, box.height, box.angle, print_.code)


def cut(
    page: Photo, boxes: Sequence[PrintBox], *, by: User, wanted: bool = False
) -> Cut:
    """Make the prints of a page be these: boxes with a code are moved, those without
    become photos, and prints that no box names are set aside. `wanted`: new and changed
    ones are restored as the album says.

    All or nothing. Raises BadBox.
    """
    with transaction.atomic():
        # Holds the album's row: who cuts at the same time waits here.
        bump_version(page.album_id)
        there = {one.code: one for one in prints_of(page)}
        for each in boxes:
            _check(page, each, there)
        fresh = [(each.code, _whole(page, each)) for each in in_reading_order(boxes)]
        named = {each.code for each in boxes}
        gone = [one for code, one in there.items() if code not in named]
        _set_aside(gone, by)
        page.prints.in_albums().update(place=F("place") + OUT_OF_THE_WAY)
        new, changed = [], []
        for place, (code, box) in enumerate(fresh, 1):
            if code is None:
                new.append(_made(page, box, place, by))
            elif _moved(there[code], box, place):
                changed.append(there[code])
        _say_what_it_is(page)
        prints = (*new, *changed)
        prints_cut.send(sender=Photo, page=page, prints=prints, by=by, wanted=wanted)
    return Cut(tuple(new), tuple(changed), tuple(gone))


def make_one(page: Photo, *, by: User) -> bool:
    """It is one photo after all: its prints are set aside. False where it is one."""
    pages = Photo.objects.filter(pk=page.pk, kind=Photo.Kind.PAGE)
    with transaction.atomic():
        bump_version(page.album_id)
        if pages.update(kind=Photo.Kind.PHOTO) != 1:
            return False
        _set_aside(prints_of(page), by)
        made_one.send(sender=Photo, photo=page, by=by)
    page.refresh_from_db()
    return True


def bring_back(
    page: Photo, codes: Collection[UUID] = (), *, by: User
) -> tuple[Photo, ...]:
    """Prints that were set aside; without `codes` those that went last."""
    with transaction.atomic():
        bump_version(page.album_id)
        aside = page.prints.exclude(set_aside=None)
        if codes:
            chosen = aside.filter(code__in=codes)
        else:
            last = aside.aggregate(last=Max("set_aside"))["last"]
            chosen = aside.filter(set_aside=last)
        back = list(chosen)
        page.prints.in_albums().update(place=F("place") + OUT_OF_THE_WAY)
        boxes = [box_of(one) for one in (*prints_of(page), *back)]
        codes_in_order = [box.code for box in in_reading_order(boxes) if box.code]
        for place, code in enumerate(codes_in_order, 1):
            page.prints.filter(code=code).update(place=place, set_aside=None)
        _say_what_it_is(page)
        prints_cut.send(sender=Photo, page=page, prints=(), by=by, wanted=False)
    return tuple(back)


def in_reading_order(boxes: Sequence[PrintBox]) -> list[PrintBox]:
    """Row by row: whose middle lies within the height of a row's first one is in it."""
    left = sorted(boxes, key=lambda box: box.y)
    ordered: list[PrintBox] = []
    while left:
        first = left[0]
        limit = first.y + 0.5 * _standing(first)
        row = [box for box in left if box.y < limit]
        ordered += sorted(row, key=lambda box: box.x)
        left = [box for box in left if box.y >= limit]
    return ordered


def has_something(print_: Photo) -> bool:
    """Whether it is more than a box: restored, kept, or given a name."""
    assert print_.lies_on is not None  # noqa: S101  # asked of prints only
    stem = print_.lies_on.title
    usual = {names.print_title(stem, place) for place in range(1, MOST_PRINTS + 1)}
    return print_.title not in usual or print_.restorations.exists()


def _standing(box: PrintBox) -> float:
    """How high it is as it lies."""
    is_upright = abs(math.cos(math.radians(box.angle))) >= math.sqrt(0.5)
    return max(1.0, box.height if is_upright else box.width)


def _check(page: Photo, box: PrintBox, there: Collection[UUID]) -> None:
    if box.code is not None and box.code not in there:
        raise BadBox(
            _("Somebody else changed the prints of this page meanwhile. Look again.")
        )
    numbers = (box.x, box.y, box.width, box.height, box.angle)
    if not all(math.isfinite(number) for number in numbers):
        raise BadBox(_("A box needs numbers."))
    if not (0 <= box.x <= page.width and 0 <= box.y <= page.height):
        raise BadBox(_("The middle of a box must lie on the page."))
    longest = math.hypot(page.width, page.height)
    if not all(SMALLEST <= side <= longest for side in (box.width, box.height)):
        words = _(
            "A box must have at least %(number)d pixels a side, and fit the page."
        )
        raise BadBox(words % {"number": SMALLEST})


def _whole(page: Photo, box: PrintBox) -> Box:
    """In whole pixels; upright ones end at the page's edges."""
    angle = round((box.angle + 180) % 360 - 180, 3)
    left, top = round(box.x - box.width / 2), round(box.y - box.height / 2)
    right, bottom = left + round(box.width), top + round(box.height)
    if angle == 0:
        left, top = max(0, left), max(0, top)
        right, bottom = min(page.width, right), min(page.height, bottom)
    return Box(left, top, right, bottom, angle)


def _fields(box: Box) -> dict[str, float]:
    return {
        "crop_left": box.left,
        "crop_top": box.top,
        "crop_right": box.right,
        "crop_bottom": box.bottom,
        "crop_angle": box.angle,
        "width": box.width,
        "height": box.height,
    }


def _made(page: Photo, box: Box, place: int, by: User) -> Photo:
    return Photo.objects.create(
        album_id=page.album_id,
        original_id=page.original_id,
        page=page.page,
        lies_on=page,
        place=place,
        title=names.print_title(page.title, place),
        bits=page.bits,
        added_by=by,
        # So that they stand beside it in the album.
        created=page.created,
        **_fields(box),
    )


def _moved(print_: Photo, box: Box, place: int) -> bool:
    """Put a print at its place. Whether it is cut otherwise than before; then the album
    shows the print itself again, and no restoration of what it was."""
    same = Photo.objects.filter(pk=print_.pk)
    if crop_box(print_) == box:
        same.update(place=place)
        return False
    same.update(place=place, cut=F("cut") + 1, keeper=None, **_fields(box))
    print_.refresh_from_db()
    return True


def _set_aside(prints: Sequence[Photo], by: User) -> None:
    if not prints:
        return
    chosen = Photo.objects.filter(pk__in=[one.pk for one in prints])
    chosen.update(set_aside=timezone.now())
    prints_set_aside.send(sender=Photo, prints=tuple(prints), by=by)


def _say_what_it_is(page: Photo) -> None:
    has_prints = page.prints.in_albums().exists()
    kind = Photo.Kind.PAGE if has_prints else Photo.Kind.PHOTO
    Photo.objects.filter(pk=page.pk).update(kind=kind)
    page.kind = kind
