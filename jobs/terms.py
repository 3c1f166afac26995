"""What a person is told before a restoration starts: who gets the pictures, which, at
what price, for how long."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums.models import Photo
from jobs import money
from jobs.asking import Asked
from jobs.connections import KINDS, Kind
from jobs.money import Room
from jobs.offers import Maker, Offer, label_of, offers_for, others_for
from jobs.option_fields import Field, fields_of
from jobs.providers.base import SUBMIT, Limits
from jobs.recipes import BY_CODE, Recipe


@dataclass(frozen=True)
class Smaller:
    """A photo that is larger than its provider takes, and what it gets instead."""

    photo: Photo
    width: int
    height: int


@dataclass(frozen=True)
class Terms:
    """`kind` and `offer` are None where the engine of this app does it."""

    asked: Asked
    label: str
    recipe: Recipe | None
    kind: Kind | None
    offer: Offer | None
    room: Room
    smaller: tuple[Smaller, ...]
    takes: str
    others: tuple[Maker, ...]
    fields: tuple[Field, ...]

    @property
    def number(self) -> int:
        return len(self.asked.photos)

    @property
    def size(self) -> str:
        """At which size the photos are sent."""
        if not self.smaller:
            return ngettext("In its full size.", "All in their full size.", self.number)
        if self.number == 1:
            small = self.smaller[0]
            return _(
                "As a smaller copy of %(width)d × %(height)d pixels, because "
                "%(provider)s takes no larger ones. The scan has %(full_width)d × "
                "%(full_height)d."
            ) % {
                "width": small.width,
                "height": small.height,
                "full_width": small.photo.width,
                "full_height": small.photo.height,
                "provider": self.label,
            }
        return ngettext(
            "%(number)d of them as a smaller copy, because %(provider)s takes no larger "
            "ones; the others in their full size.",
            "%(number)d of them as smaller copies, because %(provider)s takes no larger "
            "ones; the others in their full size.",
            len(self.smaller),
        ) % {"number": len(self.smaller), "provider": self.label}

    @property
    def price(self) -> str:
        """What all of it costs, "" where the administrator set no price."""
        price = money.price_of(self.asked.wish.provider)
        if price is None:
            return ""
        said = {"one": price.words, "all": price.times(self.number).words}
        if self.number == 1:
            return _("%(one)s, as the administrator of this site knows it.") % said
        return _(
            "%(all)s in all: %(number)d photos at %(one)s each, as the administrator of "
            "this site knows it."
        ) % {**said, "number": self.number}

    @property
    def left(self) -> str:
        """What is left of this month's budget, "" where there is no limit."""
        return ". ".join(cap.words for cap in self.room.caps)


def terms_of(asked: Asked) -> Terms:
    wish, album = asked.wish, asked.album
    offers = offers_for(album)
    kind = KINDS.get(wish.provider)
    return Terms(
        asked=asked,
        label=label_of(wish.provider),
        recipe=BY_CODE.get(wish.recipe),
        kind=kind,
        offer=next((one for one in offers if one.kind is kind), None),
        room=money.room_for(album, wish.provider, len(asked.photos)),
        smaller=smaller_copies(asked.photos, kind.limits) if kind else (),
        takes=takes_words(wish.provider, len(asked.photos)),
        others=others_for(offers, wish) if kind else (),
        fields=fields_of(wish, asked.chosen),
    )


def smaller_copies(photos: tuple[Photo, ...], limits: Limits) -> tuple[Smaller, ...]:
    found = []
    for photo in photos:
        scale = min(limits.max_width / photo.width, limits.max_height / photo.height)
        if scale < 1:
            width, height = round(photo.width * scale), round(photo.height * scale)
            found.append(Smaller(photo, width, height))
    return tuple(found)


def takes_words(provider: str, number: int) -> str:
    """How long it takes under the provider's limits, roughly."""
    seconds = 60.0 * number
    if provider in KINDS:
        limits = KINDS[provider].limits
        starts = limits.per_hour_by_call.get(SUBMIT, 0)
        between = 3600.0 / starts if starts else 2.0 / limits.per_second
        seconds = limits.typical.total_seconds() + between * (number - 1)
    if seconds < 90:
        return _("About a minute.")
    minutes = round(seconds / 60)
    if minutes < 100:
        return _("About %(number)d minutes.") % {"number": minutes}
    return _("About %(number)d hours.") % {"number": round(minutes / 60)}
