"""The white borders of prints, also on paper that is nearly as white."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jobs.engine.page_sides import BESIDE, STEP, Line, Look

# Of a side, so much must be seen to count as the edge of a border; a border's lightness.
BORDER_SEEN, MOST_BUSY, BORDER_LIGHT = 0.6, 0.35, 78.0
NEAREST_BORDER, WIDEST_SHADOW = 3, 12
# Rows that the picture's own edge may reach out; how calm a border is for its edge.
INNER_EDGE, CALM = 2, 0.5
# How much less like the paper a border is than the paper itself; on two more sides
# of a border that is seen on others.
UNLIKE, LESS_UNLIKE = 1.4, 1.15
# By how much (L) a border may be darker than the paper.
DARKER = 5.5
# How even (L) the border is that ends at a side, and how much darker its shadow.
EVEN, SHADED = 4.0, 0.8


def with_border(looks: list[Look]) -> tuple[Line, ...]:
    """Each side's outermost line. A border that shows on two sides is believed to go
    on where it cannot be told from the paper."""
    sides = [_outermost(look) for look in looks]
    found = [side.offset for side in sides if side.offset > NEAREST_BORDER]
    if len(found) < 2:
        return tuple(sides)
    wide = float(np.median(found))
    for number, look in enumerate(looks):
        if sides[number].offset > NEAREST_BORDER:
            continue
        believed = replace(sides[number], offset=wide)
        if _is_border(look, believed, sure=False):
            sides[number] = believed
    return tuple(sides)


def _outermost(look: Look) -> Line:
    """The first edge beyond the picture's own with nothing but an even border before
    it, and paper beyond."""
    lines = look.even_lines()
    here = min(look.lines(), key=lambda line: (abs(line.offset), -line.rank))
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        is_peak = before.rank <= line.rank >= after.rank
        is_seen = min(line.seen, line.free) >= BORDER_SEEN
        is_further = line.offset > NEAREST_BORDER
        if is_further and is_peak and is_seen and _is_border(look, line):
            return line
    return here


def _is_border(look: Look, edge: Line, *, sure: bool = True) -> bool:
    """Whether what lies before the edge is one even strip, and no shadow, which is
    darker than the paper or changes less and less, nor a part of the picture."""
    start, end = INNER_EDGE - look.first, round(edge.offset) - 1 - look.first
    if end - start < INNER_EDGE:
        return False
    changes = look.changes_along(edge.slope)
    calm = start + int(changes[start:end].argmin())
    peak = float(changes[end : end + INNER_EDGE].max())
    if sure and changes[calm] > CALM * peak:
        return False
    between = slice(start + 1, max(end - BESIDE, start + 2))
    limit = max(STEP, CALM * peak)
    busy = min(_busy(look, rows, limit) for rows in (slice(calm, calm + 1), between))
    if busy > MOST_BUSY:
        return False
    # Right behind the edge its shadow may lie.
    behind = slice(end + 1, end + WIDEST_SHADOW)
    beyond = float(np.median(look.beyond[behind], axis=1).min())
    paper = float(np.median(look.light[behind], axis=1).max())
    light = float(np.median(look.light[calm]))
    if light < max(BORDER_LIGHT, paper - DARKER) or light < _border_within(look):
        return False
    unlike = UNLIKE if sure else LESS_UNLIKE
    return float(np.median(look.other[calm])) > unlike * beyond


def _border_within(look: Look) -> float:
    """The lightness of a border that ends at the side already: what lies beyond it and is
    darker is its shadow. 0 where the picture itself ends there."""
    inside = look.light[: -look.first - 1]
    low, middle, high = np.percentile(inside, [10, 50, 90])
    return float(middle) - SHADED if high - low < EVEN and middle > BORDER_LIGHT else 0


def _busy(look: Look, rows: slice, limit: float) -> float:
    return float((look.step[rows] > limit).mean())
