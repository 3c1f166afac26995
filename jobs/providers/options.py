"""The options of a provider: one schema for forms, `--set` and validation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number from `low` to `high` in steps of `step`; whole where `step` is whole."""

    low: float
    high: float
    step: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of at most `longest` characters that `pattern` matches whole; `example`
    is shown where somebody wrote something else."""

    longest: int
    pattern: str = r"[^\x00-\x1f]*"
    example: str = ""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One switch of a provider, under the vendor's own name.

    What it takes is one of `choices`, (value, words) pairs, or a `number`, or a `text`;
    forms, the command's `--set` and validation are all made from them. Every value is
    text; "" means that nothing is sent, and is taken where it is the default. `help`
    says in plain words what a person gets. `vendor_default` is what the vendor does
    where nothing is sent, if that is known and is not what we do. `only_if` names
    another option and the values of it under which this one counts. One that no form
    shows (`is_hidden`) is filled in by a page of its own.
    """

    name: str
    label: str
    help: str
    default: str
    choices: tuple[tuple[str, str], ...] = ()
    number: Number | None = None
    text: Text | None = None
    vendor_default: str = ""
    only_if: tuple[str, tuple[str, ...]] | None = None
    is_hidden: bool = False

    def words_of(self, value: str) -> str:
        """A value as a person reads it."""
        return dict(self.choices).get(value, value)


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


def counts(option: Option, values: Mapping[str, str]) -> bool:
    """Whether an option has any effect beside the others' values."""
    if option.only_if is None:
        return True
    name, wanted = option.only_if
    return values.get(name, "") in wanted


def _checked(option: Option, chosen: Mapping[str, str]) -> str:
    value = chosen.get(option.name, option.default).strip()
    if value == "" and option.default == "":
        return value
    if option.number:
        return _checked_number(option.name, value, option.number)
    if option.text:
        return _checked_text(option.name, value, option.text)
    values = [choice for choice, _words in option.choices]
    if value not in values:
        raise BadOption(
            f"{option.name} cannot be {value}. Choose from: {', '.join(values)}."
        )
    return value


def _checked_number(name: str, value: str, number: Number) -> str:
    try:
        given = float(value)
    except ValueError:
        given = math.nan
    steps = (given - number.low) / number.step
    fits = number.low <= given <= number.high and math.isclose(
        steps, round(steps), abs_tol=1e-6
    )
    if not fits:
        raise BadOption(
            f"{name} cannot be {value}. Give a number from {number.low:g} to "
            f"{number.high:g}, in steps of {number.step:g}."
        )
    return f"{given:g}"


def _checked_text(name: str, value: str, text: Text) -> str:
    if len(value) > text.longest or not re.fullmatch(text.pattern, value):
        example = f" such as {text.example}" if text.example else ""
        raise BadOption(
            f"{name} cannot be that. Write at most {text.longest} characters{example}."
        )
    return value
