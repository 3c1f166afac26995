"""Own models as options of the engine built in, and in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs import own_models
from jobs.providers.options import BadOption, Option
from jobs.recipe_table import Cannot, Does, Recipe, Words

NONE = "none"
ENGINE_ITSELF = gettext_lazy("The engine itself")
NO = gettext_lazy("No model")


@dataclass(frozen=True)
class Choice:
    """The option by which a model of a role is chosen. `without` is what "none" means.
    With the title, `said` is written with a restoration, `short` on its label, and
    `promise` with the recipe that it makes possible."""

    role: str
    name: str
    label: Words
    help: Words
    without: Words
    said: Words
    short: Words
    only_if: tuple[str, tuple[str, ...]] | None = None
    promise: Words = ""


CHOICES = (
    Choice(
        "detect",
        "detect_model",
        gettext_lazy("Find damage with"),
        gettext_lazy("A model of your administrator's, in place of the engine's own."),
        ENGINE_ITSELF,
        gettext_lazy("Damage is looked for by the model “%(title)s”."),
        gettext_lazy("damage found by %(title)s"),
        ("scratches", ("on",)),
    ),
    Choice(
        "inpaint",
        "fill_model",
        gettext_lazy("Fill damage with"),
        gettext_lazy(
            "A model of your administrator's. What it fills in is made up; big holes "
            "look more natural."
        ),
        ENGINE_ITSELF,
        gettext_lazy("Damage is filled by the model “%(title)s”."),
        gettext_lazy("filled by %(title)s"),
        ("scratches", ("on",)),
    ),
    Choice(
        "restore",
        "restore_model",
        gettext_lazy("Restore with"),
        gettext_lazy(
            "A model of your administrator's works on the whole picture, before the "
            "engine looks at its tones."
        ),
        NO,
        gettext_lazy("The model “%(title)s” has a part in it."),
        gettext_lazy("with %(title)s"),
    ),
    Choice(
        "face",
        "face_model",
        gettext_lazy("Redraw faces with"),
        gettext_lazy(
            "A model of your administrator's draws faces anew: sharp, but partly made "
            "up. It may no longer be quite the same person."
        ),
        NO,
        gettext_lazy(
            "Faces are redrawn by the model “%(title)s”: it may no longer be quite the "
            "same person."
        ),
        gettext_lazy("faces redrawn by %(title)s"),
        promise=gettext_lazy("The model “%(title)s” redraws them."),
    ),
    Choice(
        "colour",
        "colour_model",
        gettext_lazy("Make up colours with"),
        gettext_lazy(
            "A model of your administrator's colours a photo that has no colours. They "
            "are a guess."
        ),
        NO,
        gettext_lazy("The colours are made up by the model “%(title)s”."),
        gettext_lazy("colours made up by %(title)s"),
        promise=gettext_lazy("They are made up by the model “%(title)s”."),
    ),
    Choice(
        "upscale",
        "upscale_model",
        gettext_lazy("Enlarge with"),
        gettext_lazy(
            "A model of your administrator's. It may draw detail that was never there."
        ),
        ENGINE_ITSELF,
        gettext_lazy("It is enlarged by the model “%(title)s”."),
        gettext_lazy("enlarged by %(title)s"),
        ("enlarge", ("2", "4")),
    ),
)
BY_NAME = {choice.name: choice for choice in CHOICES}
BY_ROLE = {choice.role: choice for choice in CHOICES}


def options() -> tuple[Option, ...]:
    """An option for each role that a model can take; none without models."""
    return tuple(option for choice in CHOICES if (option := _option(choice)))


def row_of(recipe: Recipe, row: Does | Cannot) -> Does | Cannot:
    """What the engine can do of a recipe, now that these models are there: the first one
    by title does it, unless another is chosen."""
    role = _role_for(recipe)
    models = own_models.usable(role) if role and isinstance(row, Cannot) else ()
    if not models:
        return row
    choice, first = BY_ROLE[role], models[0]
    said = str(choice.promise) % {"title": first.title}
    return Does({choice.name: first.value}, said)


def resolved(chosen: Mapping[str, str]) -> dict[str, str]:
    """The same options, each model by the value of its present file. Raises BadOption
    for a model that is not there."""
    known = {option.name for option in options()}
    result = {}
    for name, wanted in chosen.items():
        if name not in BY_NAME:
            result[name] = wanted
        elif wanted != NONE:
            result[name] = _value(BY_NAME[name], wanted)
        elif name in known:
            result[name] = wanted
    return result


def chosen(options: Mapping[str, str]) -> tuple[tuple[Choice, str], ...]:
    """The roles for which a job's options name a model, and its value."""
    named = ((choice, options.get(choice.name, NONE)) for choice in CHOICES)
    return tuple((choice, value) for choice, value in named if value != NONE)


def words(options: Mapping[str, str], roles: Iterable[str] = own_models.ROLES) -> str:
    """What the models of these roles do, for a restoration's note."""
    done = set(roles)
    return " ".join(
        str(choice.said) % {"title": own_models.title_of(value)}
        for choice, value in chosen(options)
        if choice.role in done
    )


def label_words(note: str, options: Mapping[str, str]) -> str:
    """The same, short, for the models that a restoration's note names."""
    return " · ".join(
        str(choice.short) % {"title": own_models.title_of(value)}
        for choice, value in chosen(options)
        if f"“{own_models.title_of(value)}”" in note
    )


def gone_words(title: str) -> str:
    return _(
        "The model “%(title)s” that this was to be done with is not here any more, or is "
        "another one now. Ask whoever looks after this app, or restore the photo without "
        "it."
    ) % {"title": title}


def _option(choice: Choice) -> Option | None:
    models = own_models.usable(choice.role)
    if not models:
        return None
    titles = ((one.value, one.title) for one in models)
    return Option(
        name=choice.name,
        label=str(choice.label),
        help=str(choice.help),
        default=NONE,
        choices=((NONE, str(choice.without)), *titles),
        only_if=choice.only_if,
    )


def _role_for(recipe: Recipe) -> str:
    if recipe.guesses_colour:
        return "colour"
    return "face" if recipe.redraws_faces else ""


def _value(choice: Choice, wanted: str) -> str:
    entry = own_models.find(choice.role, wanted)
    if entry is None:
        raise BadOption(gone_words(own_models.title_of(wanted)))
    return entry.value
