"""The options of a provider: one schema for forms, `--set` and validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Option:
    """One switch of a provider, under the vendor's own name.

    `choices` are (value, words) pairs; forms, the command's `--set` and validation
    are all made from them. `help` says in plain words what a person gets. `only_if`
    names another option and the values of it under which this one counts.
    """

    name: str
    label: str
    help: str
    choices: tuple[tuple[str, str], ...]
    default: str
    only_if: tuple[str, tuple[str, ...]] | None = None


class BadOption(Exception):
    """An option that a provider does not have, or a value that it does not take."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def complete_options(
    schema: tuple[Option, ...], chosen: Mapping[str, str]
) -> dict[str, str]:
    """Every option of the schema with a checked value. Raises BadOption."""
    known = {option.name: option for option in schema}
    for name in chosen:
        if name not in known:
            names = ", ".join(sorted(known))
            raise BadOption(f"There is no option {name}. Choose from: {names}.")
    return {option.name: _checked(option, chosen) for option in schema}


def _checked(option: Option, chosen: Mapping[str, str]) -> str:
    value = chosen.get(option.name, option.default)
    values = [choice for choice, _words in option.choices]
    if value not in values:
        raise BadOption(
            f"{option.name} cannot be {value}. Choose from: {', '.join(values)}."
        )
    return value
