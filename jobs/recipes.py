"""Finding recipes, and completing the options that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from jobs import own_options
from jobs.connections import KINDS
from jobs.providers import local
from jobs.providers.options import BadOption, Option, complete_options, counts
from jobs.recipe_table import (
    COLOURS,
    FACES,
    RECIPES,
    REPAIR,
    Cannot,
    Does,
    Recipe,
)

__all__ = ["REPAIR", "Recipe"]


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
    return tuple(recipe for recipe in RECIPES if can_do(provider, recipe.code))


def refused_by(provider: str) -> tuple[tuple[Recipe, str], ...]:
    """What a provider cannot do, with the reason for each."""
    rows = ((recipe, row_of(provider, recipe)) for recipe in RECIPES)
    return tuple(
        (found, str(row.why)) for found, row in rows if isinstance(row, Cannot)
    )


def can_do(provider: str, recipe: str) -> bool:
    known = BY_CODE.get(recipe)
    return known is not None and isinstance(row_of(provider, known), Does)


def row_of(provider: str, recipe: Recipe) -> Does | Cannot | None:
    """The table's row; for the engine of this app with what own models add to it."""
    row = recipe.by.get(provider)
    if row is None or provider != local.NAME:
        return row
    return own_options.row_of(recipe, row)


def says(provider: str, recipe: Recipe) -> str:
    """What a person should know of this provider's way, or why it cannot."""
    row = row_of(provider, recipe)
    if row is None:
        return ""
    return str(row.says if isinstance(row, Does) else row.why)


def schema_of(provider: str) -> tuple[Option, ...]:
    """Every option of a provider; of the engine also those of own models."""
    own = own_options.options() if provider == local.NAME else ()
    return SCHEMAS[provider] + own


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
    asked = dict(chosen or {})
    if provider == local.NAME:
        asked = own_options.resolved(asked)
    if not recipe:
        return complete_options(schema_of(provider), asked)
    row = row_of(provider, BY_CODE[recipe]) if recipe in BY_CODE else None
    if not isinstance(row, Does):
        raise BadOption(_refusal(provider, recipe))
    return complete_options(schema_of(provider), {**row.options, **asked})


def guesses(provider: str, options: Mapping[str, str]) -> str:
    """What these options make up, in words for the restoration; "" if nothing."""
    said = []
    if _makes_up(COLOURS, provider, options):
        said.append(_("The colours are a guess."))
    if _makes_up(FACES, provider, options):
        said.append(_("Faces were partly made up."))
    return " ".join(said)


def _makes_up(
    table: Mapping[str, tuple[str, set[str]]], provider: str, options: Mapping[str, str]
) -> bool:
    if provider not in table:
        return False
    name, values = table[provider]
    (option,) = (one for one in SCHEMAS[provider] if one.name == name)
    return options.get(name) in values and counts(option, options)


def _refusal(provider: str, recipe: str) -> str:
    known = ", ".join(each.code for each in recipes_of(provider))
    why = says(provider, BY_CODE[recipe]) if recipe in BY_CODE else ""
    said = f"{LABELS[provider]} has no recipe {recipe}. {why}".strip()
    return f"{said} Choose from: {known}."
