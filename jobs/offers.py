"""What an album may be offered: recipes, and who can do each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.translation import gettext as _

from albums.models import Album
from jobs import connections, money
from jobs.connections import KINDS, Kind, has_key
from jobs.models import Consent
from jobs.providers import local
from jobs.recipe_table import RECIPES, REPAIR
from jobs.recipes import LABELS, Recipe, Wish, can_do, recipes_of


@dataclass(frozen=True)
class Offer:
    """A remote provider, and whether somebody agreed that the album's photos go there."""

    kind: Kind
    consent: Consent | None
    album: Album

    @property
    def recipes(self) -> str:
        """What it can do, as people read it."""
        return ", ".join(f"“{recipe.title}”" for recipe in recipes_of(self.kind.name))

    @property
    def sends_to(self) -> str:
        return connections.sends_to(self.kind.name)

    @property
    def country(self) -> str:
        """Where the pictures land, as far as the vendor says."""
        unknown = _("%(provider)s does not say in which country its computers are.")
        return self.kind.promise.country or unknown % {"provider": self.kind.label}

    @cached_property
    def left(self) -> str:
        """What is left of this month's budgets, "" where there is no limit."""
        caps = money.room_for(self.album, self.kind.name, 0).caps
        return ". ".join(cap.words for cap in caps)

    @cached_property
    def price(self) -> str:
        """What one restoration costs, "" where the administrator set no price."""
        return money.price_words(self.kind.name)

    @property
    def is_price_new(self) -> bool:
        """Whether somebody agreed to another price than the one of today."""
        agreed, now = self.consent, money.shown_price(self.kind.name)
        return agreed is not None and agreed.price_shown != now

    @property
    def limit(self) -> str:
        """What becomes of a photo that is larger than the provider takes."""
        limits = self.kind.limits
        return _(
            "Photos of more than %(width)d × %(height)d pixels are made smaller for it."
        ) % {"width": limits.max_width, "height": limits.max_height}


@dataclass(frozen=True)
class Maker:
    """The engine of this app (no `offer`), or a provider to which the album's photos may
    go. `says` is what to know of its way of doing a recipe, or why it cannot."""

    name: str
    label: str
    offer: Offer | None = None
    says: str = ""


@dataclass(frozen=True)
class Ask:
    """A recipe that the album may be restored with, and who can do it, the chosen one
    among them."""

    recipe: Recipe
    makers: tuple[Maker, ...]
    unable: tuple[Maker, ...]
    chosen: str

    @property
    def field(self) -> str:
        return by_field(self.recipe.code)

    def wish(self) -> Wish:
        return Wish(self.chosen, self.recipe.code)


@dataclass(frozen=True)
class Asks:
    """All that a form needs to ask what should happen, and who does it."""

    asks: tuple[Ask, ...]
    chosen: str
    closed: tuple[Offer, ...]
    leaves_home: bool

    @property
    def wish(self) -> Wish:
        """What is chosen when the form opens; where that is nothing, the first."""
        at = {ask.recipe.code: ask for ask in self.asks}
        return (at.get(self.chosen) or self.asks[0]).wish()


def by_field(recipe: str) -> str:
    """The form field that says who does a recipe."""
    return f"by-{recipe}"


def offers_for(album: Album) -> tuple[Offer, ...]:
    """Every provider with a key. No query where there is no key at all."""
    kinds = [kind for kind in KINDS.values() if has_key(kind.name)]
    if not kinds:
        return ()
    agreed = Consent.objects.in_force().filter(album=album).select_related("by")
    by_provider = {consent.provider: consent for consent in agreed}
    return tuple(Offer(kind, by_provider.get(kind.name), album) for kind in kinds)


def asks_for(album: Album, offers: tuple[Offer, ...], wish: Wish | None = None) -> Asks:
    """The recipes that somebody can do to whom the album's photos may go. `wish` is
    chosen, else what the album is restored with ("" is to ask for nothing)."""
    makers = makers_for(offers)
    usual = wish or Wish.parse(album.recipe)
    asks = tuple(
        ask for recipe in RECIPES if (ask := _ask_for(recipe, makers, usual)).makers
    )
    at = {ask.recipe.code: ask for ask in asks}
    may = usual.recipe in at and at[usual.recipe].chosen == usual.provider
    first = asks[0].recipe.code
    return Asks(
        asks=asks,
        chosen=usual.recipe if may or (not album.recipe and not wish) else first,
        closed=tuple(offer for offer in offers if not offer.consent),
        leaves_home=any(maker.offer for maker in makers),
    )


def makers_for(offers: tuple[Offer, ...]) -> tuple[Maker, ...]:
    """The engine of this app first, then to whom the photos may go."""
    home = Maker(local.NAME, str(_("The engine of this app")))
    agreed = (offer for offer in offers if offer.consent)
    away = (Maker(offer.kind.name, offer.kind.label, offer) for offer in agreed)
    return home, *away


def _ask_for(recipe: Recipe, makers: tuple[Maker, ...], usual: Wish) -> Ask:
    told = [
        replace(maker, says=str(recipe.says(maker.name)))
        for maker in makers
        if maker.name in recipe.by
    ]
    can = tuple(maker for maker in told if can_do(maker.name, recipe.code))
    names = [maker.name for maker in can]
    is_usual = usual.recipe == recipe.code and usual.provider in names
    return Ask(
        recipe=recipe,
        makers=can,
        unable=tuple(maker for maker in told if maker not in can),
        chosen=usual.provider if is_usual else next(iter(names), ""),
    )


def others_for(offers: tuple[Offer, ...], wish: Wish) -> tuple[Maker, ...]:
    """Who could do a wish instead, where its provider is not well or refuses. Own
    options are one provider's alone; another would repair."""
    recipe = wish.recipe or REPAIR
    makers = (maker for maker in makers_for(offers) if maker.name != wish.provider)
    return tuple(maker for maker in makers if can_do(maker.name, recipe))


def label_of(provider: str) -> str:
    if provider == local.NAME:
        return _("The engine of this app")
    return str(LABELS.get(provider, provider))
