"""The table of recipes, held against what each provider really has."""

from __future__ import annotations

import pytest

from jobs.providers.options import BadOption, complete_options, counts
from jobs.recipe_table import COLOURS, FACES, RECIPES, Cannot, Does, Recipe
from jobs.recipes import (
    BY_CODE,
    SCHEMAS,
    can_do,
    guesses,
    options_for,
    recipes_of,
    refused_by,
)

PROVIDERS = ("local", "picwish", "autoenhance", "upscayl", "claid")
ROWS = [
    (recipe, provider, row)
    for recipe in RECIPES
    for provider, row in recipe.by.items()
    if provider in SCHEMAS
]
DOES = [(recipe, name, row) for recipe, name, row in ROWS if isinstance(row, Does)]


def name_of(value: object) -> str:
    if isinstance(value, Recipe):
        return value.code
    return value if isinstance(value, str) else "-"


def test_the_table_knows_every_provider_and_nobody_else() -> None:
    assert set(SCHEMAS) <= set(PROVIDERS)
    for recipe in RECIPES:
        assert tuple(recipe.by) == PROVIDERS, recipe.code


def test_old_names_still_work() -> None:
    assert {"repair", "repair_colour", "enlarge_2", "enlarge_4"} <= set(BY_CODE)


@pytest.mark.parametrize(("recipe", "provider", "row"), DOES, ids=name_of)
def test_a_row_holds_options_that_the_provider_takes(
    recipe: Recipe, provider: str, row: Does
) -> None:
    schema = SCHEMAS[provider]
    complete = complete_options(schema, row.options)
    assert options_for(provider, recipe.code) == complete
    for option in schema:
        if option.name in row.options:
            assert complete[option.name] == row.options[option.name]
            assert counts(option, complete), f"{option.name} has no effect"


@pytest.mark.parametrize(("recipe", "provider", "row"), DOES, ids=name_of)
def test_every_choice_can_be_made_in_a_form(
    recipe: Recipe, provider: str, row: Does
) -> None:
    """Where nothing is written, a form takes what the recipe says."""
    said = options_for(provider, recipe.code)
    for option in SCHEMAS[provider]:
        values = [value for value, _words in option.choices]
        assert "" not in values or said[option.name] == "", option.name


@pytest.mark.parametrize(("recipe", "provider", "row"), DOES, ids=name_of)
def test_nothing_is_made_up_unless_the_recipe_says_so(
    recipe: Recipe, provider: str, row: Does
) -> None:
    said = guesses(provider, options_for(provider, recipe.code))
    assert ("Faces" in said) == recipe.redraws_faces
    assert ("colours" in said) == recipe.guesses_colour


def test_it_is_said_in_the_name_and_in_the_promise() -> None:
    for recipe in RECIPES:
        assert recipe.redraws_faces == ("redraw" in str(recipe.title))
        assert recipe.guesses_colour == ("guess" in str(recipe.promise))


@pytest.mark.parametrize("table", [COLOURS, FACES])
def test_what_makes_things_up_is_named_as_the_provider_names_it(
    table: dict[str, tuple[str, set[str]]],
) -> None:
    for provider in set(table) & set(SCHEMAS):
        name, values = table[provider]
        (option,) = (one for one in SCHEMAS[provider] if one.name == name)
        assert values <= {value for value, _words in option.choices}
        assert option.default not in values


def test_no_two_recipes_of_a_provider_are_the_same() -> None:
    for provider in SCHEMAS:
        wanted = [options_for(provider, one.code) for one in recipes_of(provider)]
        assert wanted
        assert all(wanted.count(options) == 1 for options in wanted), provider


@pytest.mark.parametrize("provider", SCHEMAS)
def test_what_cannot_be_done_has_its_reason(provider: str) -> None:
    refused = refused_by(provider)
    codes = [recipe.code for recipe in recipes_of(provider)]
    codes += [recipe.code for recipe, _why in refused]
    assert sorted(codes) == sorted(BY_CODE)
    for recipe, why in refused:
        assert isinstance(recipe.by[provider], Cannot)
        assert why.endswith(".")
        assert not can_do(provider, recipe.code)
        with pytest.raises(BadOption) as refusal:
            options_for(provider, recipe.code)
        assert why in refusal.value.sentence


def test_own_options_that_have_no_effect_make_nothing_up() -> None:
    options = {"restoration_type": "0", "model_type": "3", "change_color": "0"}
    assert guesses("picwish", options) == ""
    options["restoration_type"] = "1"
    assert guesses("picwish", options) == "Faces were partly made up."
    assert guesses("local", {"colour": "on"}) == ""
