"""The boxes of a page's prints as a form sends them: numbers for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from albums.models import Photo
from albums.prints import MOST_PRINTS, BadBox, PrintBox, box_of

NUMBERS = ("x", "y", "width", "height", "angle")


@dataclass(frozen=True)
class Row:
    """One box as it stands in the form: what was typed, or what the print has."""

    number: int
    values: Mapping[str, str]
    code: str = ""
    photo: Photo | None = None

    @property
    def placed(self) -> str:
        """Where its middle is drawn on the page."""
        x, y, _width, _height, angle = self._numbers()
        return f"translate({x:g} {y:g}) rotate({angle:g})"

    @property
    def straightened(self) -> str:
        """How the page is drawn so that this print lies upright in a corner."""
        x, y, width, height, angle = self._numbers()
        middle = f"translate({width / 2:g} {height / 2:g})"
        return f"{middle} rotate({-angle:g}) translate({-x:g} {-y:g})"

    @property
    def frame(self) -> str:
        _x, _y, width, height, _angle = self._numbers()
        return f"0 0 {max(width, 1):g} {max(height, 1):g}"

    @property
    def corner(self) -> dict[str, str]:
        """Of its rectangle, counted from the middle."""
        _x, _y, width, height, _angle = self._numbers()
        return {"x": f"{-width / 2:g}", "y": f"{-height / 2:g}"}

    @property
    def size(self) -> dict[str, str]:
        _x, _y, width, height, _angle = self._numbers()
        return {"width": f"{max(width, 0):g}", "height": f"{max(height, 0):g}"}

    def _numbers(self) -> list[float]:
        """0 for what is no number: the form says so where it is typed."""
        return [_shown(self.values[name]) for name in NUMBERS]


def rows_of(prints: list[Photo]) -> list[Row]:
    return [_row(number, one) for number, one in enumerate(prints, 1)]


def _row(number: int, print_: Photo) -> Row:
    box = box_of(print_)
    values = {name: f"{getattr(box, name):.10g}" for name in NUMBERS}
    return Row(number, values, str(print_.code), print_)


def typed_rows(data: Mapping[str, str], prints: list[Photo]) -> list[Row]:
    """What somebody typed, to be shown again."""
    by_code = {str(one.code): one for one in prints}
    rows: list[Row] = []
    for prefix in _prefixes(data):
        values = {name: data.get(f"{prefix}-{name}", "") for name in NUMBERS}
        code = data.get(f"{prefix}-code", "")
        rows.append(Row(len(rows) + 1, values, code, by_code.get(code)))
    return rows


def boxes_in(data: Mapping[str, str]) -> list[PrintBox]:
    """Without rows that were left empty, and those that were ticked to be removed.
    Raises BadBox."""
    prefixes = list(_prefixes(data))
    if len(prefixes) > MOST_PRINTS:
        words = _("A page can have at most %(number)d prints.")
        raise BadBox(words % {"number": MOST_PRINTS})
    return [_box(data, prefix) for prefix in prefixes]


def _prefixes(data: Mapping[str, str]) -> Iterator[str]:
    """Numbers may be missing: rows go and come while somebody draws."""
    for name in data:
        prefix, dash, rest = name.rpartition("-")
        if rest != "x" or not dash or data.get(f"{prefix}-remove"):
            continue
        if not any(
            data.get(f"{prefix}-{number}", "").strip() for number in NUMBERS[:4]
        ):
            continue
        yield prefix


def _box(data: Mapping[str, str], prefix: str) -> PrintBox:
    code = data.get(f"{prefix}-code", "")
    try:
        x, y, width, height, angle = (
            _number(data.get(f"{prefix}-{name}", "")) for name in NUMBERS
        )
        known = UUID(code) if code else None
        return PrintBox(x, y, width, height, angle, known)
    except ValueError as error:
        raise BadBox(_("A box needs numbers.")) from error


def _shown(text: str) -> float:
    try:
        number = _number(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _number(text: str) -> float:
    """0 where nothing was typed; a comma is a point."""
    return float(text.strip().replace(",", ".") or 0)
