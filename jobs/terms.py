"""What a person is told before a restoration starts: who gets the pictures, which, at
what price, for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums.models import Photo
from jobs import money, own_options
from jobs.asking import Asked
from jobs.connections import KINDS, Kind
from jobs.forecast import forecast
from jobs.leaving import largest_copy
from jobs.models import Job
from jobs.money import Room
from jobs.offers import Maker, Offer, label_of, offers_for, others_for
from jobs.option_fields import Field, fields_of
from jobs.providers import local
from jobs.providers.base import Enlarges, NeedsPerson
from jobs.providers.options import BadOption
from jobs.recipes import BY_CODE, Recipe, options_for


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
                "As a smaller copy of %(width)d × %(height)d pixels, %(reason)s. The "
                "scan has %(full_width)d × %(full_height)d."
            ) % {
                "width": small.width,
                "height": small.height,
                "full_width": small.photo.width,
                "full_height": small.photo.height,
                "reason": self.why_smaller,
            }
        return ngettext(
            "%(number)d of them as a smaller copy, %(reason)s; the others in their full "
            "size.",
            "%(number)d of them as smaller copies, %(reason)s; the others in their full "
            "size.",
            len(self.smaller),
        ) % {"number": len(self.smaller), "reason": self.why_smaller}

    @property
    def made_up(self) -> str:
        """What own models of the administrator's do, where some are to."""
        wish = self.asked.wish
        if self.kind:
            return ""
        options = options_for(wish.provider, wish.recipe, self.asked.chosen)
        return own_options.words(options)

    @property
    def why_smaller(self) -> str:
        if self.kind and isinstance(self.kind.connects, Enlarges):
            return _("so that the results are not larger than this app can open")
        words = _("because %(provider)s takes no larger ones")
        return words % {"provider": self.label}

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
    room = money.room_for(album, wish.provider, len(asked.photos))
    return Terms(
        asked=asked,
        label=label_of(wish.provider),
        recipe=BY_CODE.get(wish.recipe),
        kind=kind,
        offer=next((one for one in offers if one.kind is kind), None),
        room=room,
        smaller=smaller_copies(asked) if kind else (),
        takes=takes_words(wish.provider, room),
        others=others_for(offers, wish) if kind else (),
        fields=fields_of(wish, asked.chosen),
    )


def smaller_copies(asked: Asked) -> tuple[Smaller, ...]:
    """Those of which a remote provider gets a smaller copy. One for which the options
    make no sense gets none; it says so when its turn comes."""
    wish, found = asked.wish, []
    try:
        options = options_for(wish.provider, wish.recipe, asked.chosen)
    except BadOption:
        return ()
    for photo in asked.photos:
        try:
            most = largest_copy(wish.provider, photo, options)
        except NeedsPerson:
            continue
        scale = min(most[0] / photo.width, most[1] / photo.height)
        if scale < 1:
            width, height = round(photo.width * scale), round(photo.height * scale)
            found.append(Smaller(photo, width, height))
    return tuple(found)


def takes_words(provider: str, room: Room) -> str:
    """How long until what fits into the budget is done, with what waits already."""
    if provider != local.NAME:
        return forecast(provider, room.fits).sentence if room.fits else ""
    waiting = Job.objects.unfinished().filter(provider=provider).count()
    photos = waiting + room.asked
    minutes = math.ceil(photos / settings.ENGINE_WORKERS)
    if minutes == 1:
        return _("usually less than a minute")
    return _("usually less than %(minutes)d minutes") % {"minutes": minutes}
