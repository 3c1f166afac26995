"""The options of a provider as fields of a form, made from its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.providers import local
from jobs.providers.options import BadOption, Option
from jobs.recipes import LABELS, SCHEMAS, Wish, options_for, schema_of

ON, OFF = {"on", "yes"}, {"off", "no"}


@dataclass(frozen=True)
class Field:
    """An option as a form shows it. `says` is what the recipe takes, in words, where it
    takes anything (`is_said`); `value` what the person wrote; `counts` when it matters;
    `away` what the vendor would do."""

    name: str
    option: Option
    value: str
    says: str
    is_said: bool
    counts: str
    away: str

    @property
    def is_for_few(self) -> bool:
        """Made of codes that only an account at the vendor explains."""
        text = self.option.text
        return text is not None and text.example[:1] in {"", "{"}


def fields_of(wish: Wish, chosen: Mapping[str, str] | None = None) -> tuple[Field, ...]:
    """Every option of the wish's provider; none where there is no such wish."""
    chosen = chosen or {}
    try:
        ours = options_for(wish.provider, wish.recipe)
    except BadOption:
        return ()
    schema = schema_of(wish.provider)
    options = {option.name: option for option in schema}
    return tuple(
        Field(
            name=field_name(wish.provider, option.name),
            option=option,
            value=chosen.get(option.name, ""),
            says=words_of(option, ours[option.name]),
            is_said=ours[option.name] != "",
            counts=_counts(option, options),
            away=_away(option, ours[option.name], wish.provider),
        )
        for option in schema
        if not option.is_hidden
    )


def field_name(provider: str, option: str) -> str:
    return f"{provider}-{option}"


def chosen_options(data: QueryDict, provider: str) -> dict[str, str]:
    """What differs from the recipe; an option left at "as the recipe says" is empty."""
    schema = schema_of(provider) if provider in SCHEMAS else ()
    names = (option.name for option in schema if not option.is_hidden)
    sent = {name: data.get(field_name(provider, name), "").strip() for name in names}
    return {name: value for name, value in sent.items() if value}


def words_of(option: Option, value: str) -> str:
    """A value as a person reads it."""
    return option.words_of(value) or _("nothing")


def _counts(option: Option, others: Mapping[str, Option]) -> str:
    if option.only_if is None:
        return ""
    name, values = option.only_if
    other = others[name]
    said = [f"“{words}”" for value, words in other.choices if value in values]
    if not said:
        return ""
    return ngettext(
        "Counts only where “%(option)s” is %(values)s.",
        "Counts only where “%(option)s” is one of %(values)s.",
        len(said),
    ) % {"option": other.label, "values": ", ".join(said)}


def _away(option: Option, ours: str, provider: str) -> str:
    """What the vendor does by itself, where that is not what we ask for."""
    theirs = option.vendor_default
    if provider == local.NAME or not theirs or theirs == ours:
        return ""
    words = {
        "ours": words_of(option, ours),
        "theirs": words_of(option, theirs),
        "provider": LABELS[provider],
    }
    if not ours:
        left_out = _("We say nothing; %(provider)s itself would take “%(theirs)s”.")
        return left_out % words
    if words["ours"].lower() in OFF and words["theirs"].lower() in ON:
        return _("We leave this off; %(provider)s itself would turn it on.") % words
    if words["ours"].lower() in ON and words["theirs"].lower() in OFF:
        return _("We turn this on; %(provider)s itself would leave it off.") % words
    return _("We take “%(ours)s”; %(provider)s itself would take “%(theirs)s”.") % words
