"""What a person asks for in plain words, and which options each provider gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.connections import KINDS
from jobs.providers import local
from jobs.providers.options import BadOption, Option, complete_options


@dataclass(frozen=True)
class Recipe:
    code: str
    title: str | Promise
    promise: str | Promise
    options: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Wish:
    """A recipe of a provider. Forms and uploads write it as "repair", which means the
    engine of this app, or as "picwish:repair"."""

    provider: str
    recipe: str

    @classmethod
    def parse(cls, text: str) -> Wish:
        """Never fails; whether there is such a thing, `options_for` says."""
        provider, _colon, recipe = text.rpartition(":")
        return cls(provider or local.NAME, recipe)

    def __str__(self) -> str:
        if self.provider == local.NAME:
            return self.recipe
        return f"{self.provider}:{self.recipe}"


# Which options each recipe means for each provider. A provider that is not named
# cannot do the recipe.
RECIPES = (
    Recipe(
        "repair",
        _("Repair"),
        _("Brings back faded colours, mends scratches, calms the grain."),
        {
            "local": {},
            "picwish": {
                "restoration_type": "1",
                "model_type": "1",
                "change_color": "0",
            },
        },
    ),
    Recipe(
        "repair_colour",
        _("Repair and colour"),
        _("Also colours a black-and-white photo. The colours are a guess."),
        {
            "picwish": {
                "restoration_type": "1",
                "model_type": "1",
                "change_color": "1",
            },
        },
    ),
    Recipe(
        "enlarge_2",
        _("Repair and enlarge 2 times"),
        _("The same, twice as wide and twice as high."),
        {"local": {"enlarge": "2"}},
    ),
    Recipe(
        "enlarge_4",
        _("Repair and enlarge 4 times"),
        _("For small prints: four times as wide and as high."),
        {"local": {"enlarge": "4"}},
    ),
)
BY_CODE = {recipe.code: recipe for recipe in RECIPES}
SCHEMAS: Mapping[str, tuple[Option, ...]] = {
    local.NAME: local.OPTIONS,
    **{kind.name: kind.options for kind in KINDS.values()},
}
LABELS: Mapping[str, str] = {
    local.NAME: local.LABEL,
    **{kind.name: kind.label for kind in KINDS.values()},
}


def recipes_of(provider: str) -> tuple[Recipe, ...]:
    return tuple(recipe for recipe in RECIPES if provider in recipe.options)


def options_for(
    provider: str, recipe: str, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The provider's complete options: the recipe's ("" for none), then the person's.

    Raises BadOption for a provider, recipe, option or value that does not exist.
    """
    if provider not in SCHEMAS:
        raise BadOption(
            f"There is no provider {provider}. Choose from: {', '.join(SCHEMAS)}."
        )
    if not recipe:
        return complete_options(SCHEMAS[provider], dict(chosen or {}))
    if recipe not in BY_CODE or provider not in BY_CODE[recipe].options:
        raise BadOption(
            f"{LABELS[provider]} has no recipe {recipe}. "
            f"Choose from: {', '.join(each.code for each in recipes_of(provider))}."
        )
    wanted = dict(BY_CODE[recipe].options[provider]) | dict(chosen or {})
    return complete_options(SCHEMAS[provider], wanted)
