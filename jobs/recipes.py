"""What a person asks for in plain words, and which options each provider gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.providers import local
from jobs.providers.options import BadOption, Option, complete_options


@dataclass(frozen=True)
class Recipe:
    code: str
    title: str | Promise
    promise: str | Promise
    options: Mapping[str, Mapping[str, str]]


RECIPES = (
    Recipe(
        "repair",
        _("Repair"),
        _("Brings back faded colours, mends scratches, calms the grain."),
        {"local": {}},
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
SCHEMAS: Mapping[str, tuple[Option, ...]] = {local.NAME: local.OPTIONS}
LABELS: Mapping[str, str] = {local.NAME: local.LABEL}


def options_for(
    provider: str, recipe: str, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The provider's complete options: the recipe's, then the person's own.

    Raises BadOption for a provider, recipe, option or value that does not exist.
    """
    if provider not in SCHEMAS:
        raise BadOption(
            f"There is no provider {provider}. Choose from: {', '.join(SCHEMAS)}."
        )
    if recipe not in BY_CODE or provider not in BY_CODE[recipe].options:
        raise BadOption(
            f"{LABELS[provider]} has no recipe {recipe}. "
            f"Choose from: {', '.join(BY_CODE)}."
        )
    wanted = dict(BY_CODE[recipe].options[provider]) | dict(chosen or {})
    return complete_options(SCHEMAS[provider], wanted)
