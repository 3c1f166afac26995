"""Reading the manifest beside a model. Every refusal says what to write instead."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from jobs.engine.own.spec import Kind, Layout, Range, Role, Spec
from jobs.engine.own.trouble import BadModel

LONGEST_LINE = 300
LONGEST_TITLE = 60
LARGEST_MANIFEST = 64 * 1024
RANGES = {
    "0..1": Range(),
    "-1..1": Range(-1.0, 1.0),
    "-0.5..0.5": Range(-0.5, 0.5),
    "0..255": Range(0.0, 255.0),
    "0..100": Range(0.0, 100.0),
}
LOGIT = Range(is_logit=True)
# What a model of a role may be given, and what it may give.
TAKES = {
    Role.DETECT: (Kind.RGB, Kind.BGR, Kind.GREY),
    Role.INPAINT: (Kind.RGB, Kind.BGR),
    Role.RESTORE: (Kind.RGB, Kind.BGR, Kind.GREY),
    Role.FACE: (Kind.RGB, Kind.BGR),
    Role.COLOUR: (Kind.RGB, Kind.BGR, Kind.GREY, Kind.LAB_L),
    Role.UPSCALE: (Kind.RGB, Kind.BGR, Kind.GREY),
}
GIVES = {
    Role.DETECT: (Kind.CHANCE,),
    Role.COLOUR: (Kind.AB, Kind.RGB, Kind.BGR),
}
# Of a square picture; the others work in tiles.
SQUARE = (Role.FACE, Role.COLOUR)
KNOWN = {
    "title", "role", "licence", "source", "sha256",
    "colour", "range", "mean", "std", "layout",
    "output_colour", "output_range",
    "tile", "overlap", "size", "multiple", "scale",
    "image", "mask", "output",
}  # fmt: skip
Chosen = TypeVar("Chosen", bound=StrEnum)


def read(path: Path) -> Spec:
    """The manifest in a .toml or .json file. Raises BadModel."""
    try:
        if path.stat().st_size > LARGEST_MANIFEST:
            raise _bad("The manifest is longer than 64 kB: keep what is documented.")
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise _bad("The manifest cannot be read: save it as UTF-8 text.") from error
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise _bad(f"The manifest is not written right: {error}.") from error
    except RecursionError as error:
        raise _bad("The manifest is nested too deep: keep to single values.") from error
    if not isinstance(raw, dict):
        raise _bad("The manifest must be names with values: title = …, role = ….")
    return parse(raw)


def parse(raw: Mapping[str, object]) -> Spec:
    """A manifest's values, checked. Raises BadModel."""
    unknown = sorted(set(raw) - KNOWN)
    if unknown:
        raise _bad(
            f"The manifest has “{unknown[0][:40]}”, which means nothing. It may have: "
            f"{', '.join(sorted(KNOWN))}."
        )
    role = _one_of(raw, "role", Role, tuple(Role), None)
    colour = _one_of(raw, "colour", Kind, TAKES[role], Kind.RGB)
    made_colour = _made_colour(raw, role, colour)
    values = _values(raw, colour)
    spec = Spec(
        title=_line(raw, "title", LONGEST_TITLE),
        role=role,
        licence=_line(raw, "licence", LONGEST_LINE),
        source=_line(raw, "source", LONGEST_LINE),
        sha256=_digest(raw),
        colour=colour,
        values=values,
        made_colour=made_colour,
        made_values=_made_values(raw, made_colour, values),
        layout=_one_of(raw, "layout", Layout, tuple(Layout), Layout.NCHW),
        tile=_whole(raw, "tile", 256, 32, 2048),
        overlap=_whole(raw, "overlap", 32, 0, 512),
        size=_whole(raw, "size", 512, 32, 2048) if role in SQUARE else 0,
        multiple=_whole(raw, "multiple", 1, 1, 256),
        scale=_whole(raw, "scale", 1, 1, 8),
        image=_name(raw, "image"),
        mask=_name(raw, "mask"),
        output=_name(raw, "output"),
    )
    return _agreeing(raw, spec)


def _agreeing(raw: Mapping[str, object], spec: Spec) -> Spec:
    if spec.role is not Role.INPAINT and spec.mask:
        raise _bad("“mask” names the second input of role inpaint: leave it out.")
    if spec.role in SQUARE and "tile" in raw:
        raise _bad(f"Role {spec.role} has no “tile”: write “size”, such as size = 512.")
    if spec.role not in SQUARE and "size" in raw:
        raise _bad(f"Role {spec.role} has no “size”: write “tile”, such as tile = 256.")
    if spec.role not in SQUARE and spec.overlap * 2 >= spec.tile:
        raise _bad("“overlap” must be less than half of “tile”.")
    side = spec.size or spec.tile
    if side % spec.multiple:
        name = "size" if spec.size else "tile"
        raise _bad(f"“{name}” must be a multiple of {spec.multiple}, see “multiple”.")
    if spec.role is Role.UPSCALE and spec.scale not in (2, 4):
        raise _bad("Role upscale needs scale = 2 or scale = 4.")
    if spec.role is not Role.UPSCALE and spec.scale != 1:
        raise _bad(f"Role {spec.role} keeps the size: leave “scale” out.")
    return spec


def _made_colour(raw: Mapping[str, object], role: Role, colour: Kind) -> Kind:
    usual = {Role.DETECT: Kind.CHANCE, Role.COLOUR: Kind.AB}.get(role, colour)
    allowed = GIVES.get(role, TAKES[role])
    return _one_of(raw, "output_colour", Kind, allowed, usual)


def _values(raw: Mapping[str, object], colour: Kind) -> Range:
    if "mean" not in raw and "std" not in raw:
        usual = "0..100" if colour is Kind.LAB_L else "0..1"
        return _range(raw, "range", usual)
    base = _range(raw, "range", "0..1")
    mean, deviation = _numbers(raw, "mean", colour), _numbers(raw, "std", colour)
    if min(deviation) <= 0:
        raise _bad("“std” must be more than 0, such as std = [0.229, 0.224, 0.225].")
    return Range(base.low, base.high, mean, deviation)


def _made_values(raw: Mapping[str, object], made: Kind, values: Range) -> Range:
    if made is Kind.AB:
        if "output_range" in raw:
            raise _bad("“ab” is given as Lab has it: leave “output_range” out.")
        return Range()
    if raw.get("output_range") == "logit":
        if made is not Kind.CHANCE:
            raise _bad("“logit” is for role detect: write “0..1” or what it gives.")
        return LOGIT
    if "output_range" in raw or made is Kind.CHANCE:
        return _range(raw, "output_range", "0..1")
    return Range(values.low, values.high, values.mean, values.deviation)


def _range(raw: Mapping[str, object], name: str, usual: str) -> Range:
    value = raw.get(name, usual)
    if not isinstance(value, str) or value not in RANGES:
        raise _bad(f"“{name}” must be one of: {', '.join(RANGES)}.")
    return RANGES[value]


def _numbers(raw: Mapping[str, object], name: str, colour: Kind) -> tuple[float, ...]:
    value: Any = raw.get(name)
    fits = isinstance(value, list) and len(value) == colour.channels
    if not fits or not all(_is_number(each) for each in value):
        raise _bad(
            f"“{name}” must be {colour.channels} numbers in brackets for colour = "
            f"“{colour}”. “mean” and “std” go together."
        )
    return tuple(float(each) for each in value)


def _is_number(value: object) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and abs(float(value)) < 1e6  # type: ignore[arg-type]  # checked just before


def _whole(
    raw: Mapping[str, object], name: str, usual: int, low: int, high: int
) -> int:
    value = raw.get(name, usual)
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or not low <= value <= high
    ):
        raise _bad(f"“{name}” must be a whole number from {low} to {high}.")
    return value


def _line(raw: Mapping[str, object], name: str, longest: int) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _bad(f'The manifest lacks “{name}”: write {name} = "…".')
    if len(value) > longest or not value.isprintable():
        raise _bad(f"“{name}” must be one line of at most {longest} characters.")
    return value.strip()


def _name(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST_LINE:
        raise _bad(f"“{name}” must be the name of an input or output, in quotes.")
    return value


def _digest(raw: Mapping[str, object]) -> str:
    value = raw.get("sha256", "")
    if not isinstance(value, str) or not re.fullmatch(r"([0-9a-fA-F]{64})?", value):
        raise _bad("“sha256” must be 64 digits of 0-9 and a-f, or be left out.")
    return value.lower()


def _one_of(
    raw: Mapping[str, object],
    name: str,
    kind: type[Chosen],
    allowed: tuple[Chosen, ...],
    usual: Chosen | None,
) -> Chosen:
    value = raw.get(name, usual)
    if not isinstance(value, str) or value not in allowed:
        said = ", ".join(allowed)
        missing = (
            f"The manifest lacks “{name}”" if value is None else f"“{name}” is not one"
        )
        raise _bad(f"{missing}: write one of {said}.")
    return kind(value)


def _bad(sentence: str) -> BadModel:
    return BadModel("bad_manifest", sentence)
