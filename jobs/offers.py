"""What an album may be offered beside the engine of this app, and under which terms."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums.models import Album
from jobs.connections import KINDS, Kind, has_key
from jobs.models import Consent
from jobs.providers import local
from jobs.providers.options import Option
from jobs.recipes import Recipe, Wish, recipes_of


@dataclass(frozen=True)
class Choice:
    """One recipe of one provider, as a radio button of a form."""

    wish: str
    recipe: Recipe


@dataclass(frozen=True)
class Field:
    """An option as a form shows it: its name there, and when it counts, in words."""

    name: str
    option: Option
    counts: str


@dataclass(frozen=True)
class Offer:
    """A remote provider, and whether somebody agreed that the album's photos go there."""

    kind: Kind
    consent: Consent | None

    @property
    def choices(self) -> tuple[Choice, ...]:
        return choices_of(self.kind.name)

    @property
    def fields(self) -> tuple[Field, ...]:
        return fields_of(self.kind.name, self.kind.options)

    @property
    def limit(self) -> str:
        """What becomes of a photo that is larger than the provider takes."""
        limits = self.kind.limits
        return _(
            "Photos of more than %(width)d × %(height)d pixels are made smaller for it."
        ) % {"width": limits.max_width, "height": limits.max_height}


def offers_for(album: Album) -> tuple[Offer, ...]:
    """Every provider with a key. No query where there is no key at all."""
    kinds = [kind for kind in KINDS.values() if has_key(kind.name)]
    if not kinds:
        return ()
    agreed = Consent.objects.in_force().filter(album=album).select_related("by")
    by_provider = {consent.provider: consent for consent in agreed}
    return tuple(Offer(kind, by_provider.get(kind.name)) for kind in kinds)


def default_wish(album: Album, offers: tuple[Offer, ...]) -> str:
    """What a form offers first: the album's recipe where it may be asked for ("" is to
    ask for nothing), else the first one of the engine of this app."""
    home = choices_of(local.NAME)
    agreed = [choice for offer in offers if offer.consent for choice in offer.choices]
    wishes = ["", *(choice.wish for choice in (*home, *agreed))]
    return album.recipe if album.recipe in wishes else home[0].wish


def choices_of(provider: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(str(Wish(provider, recipe.code)), recipe)
        for recipe in recipes_of(provider)
    )


def fields_of(provider: str, options: tuple[Option, ...]) -> tuple[Field, ...]:
    labels = {option.name: option for option in options}
    return tuple(
        Field(field_name(provider, option.name), option, _counts(option, labels))
        for option in options
    )


def field_name(provider: str, option: str) -> str:
    return f"{provider}-{option}"


def _counts(option: Option, others: dict[str, Option]) -> str:
    if option.only_if is None:
        return ""
    name, values = option.only_if
    other = others[name]
    said = [f"“{words}”" for value, words in other.choices if value in values]
    return ngettext(
        "Counts only where “%(option)s” is %(values)s.",
        "Counts only where “%(option)s” is one of %(values)s.",
        len(said),
    ) % {"option": other.label, "values": ", ".join(said)}
