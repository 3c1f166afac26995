"""The prints on a scanned album page."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from jobs.engine.contract import Pixels, Plane
from jobs.engine.page_fit import Fitted, fitted
from jobs.engine.page_paper import Paper, looked_at, papers
from jobs.engine.page_shapes import candidates
from jobs.engine.page_sides import PAPER, Page
from jobs.engine.rectangles import Rectangle, is_print_size, shared_area

# What counts as a print: how much of its edges can be seen, and ends at paper.
LEAST_SEEN, LEAST_WEAKEST, LEAST_FREE, LEAST_SCORE = 0.75, 0.4, 0.5, 0.7
# Two prints may lie on one another by so much of the smaller one.
MOST_SHARED = 0.12
# So much (L) varies the middle of a picture.
LEAST_PICTURE, MIDDLE = 2.5, 0.7
LARGER = 0.12
# How often prints are looked for between those found before.
ROUNDS = 3
# Pixels of its longer side below which a scan is no page that is worth cutting.
SMALLEST_PAGE = 800
# A page: how well its prints can be seen, how much lies around the prints, how much of
# that is paper, and how many times larger one print is than another at most.
LEAST_MEAN_SCORE, LEAST_AROUND, LEAST_PAPER, SHADOW = 0.87, 0.05, 0.8, 6
MOST_LARGER = 20
# When several count instead of the one that they seem to be.
WITHIN, NOT_WORSE, TOGETHER = 0.9, 0.01, 0.85


@dataclass(frozen=True)
class Print:
    """A print on a scan: centre and size in the scan's pixels, turned clockwise by
    `angle` degrees. `confidence` is 0 to 1."""

    x: float
    y: float
    width: float
    height: float
    angle: float
    confidence: float


def find_prints(scan: Pixels) -> tuple[Print, ...]:
    """The prints on a scan (h,w) or (h,w,3), uint8 or uint16, in reading order.

    None or one where the scan is a single print or nothing is sure: a page is better
    left whole than a print cut apart. The paper is a surface of the second order fitted
    to the flat pixels of one colour (least squares, repeated without what does not
    fit); what differs from it is bounded by rectangles, whose sides are moved onto the
    edges seen there; those whose four edges end at paper count.
    """
    if max(scan.shape[:2]) < SMALLEST_PAGE:
        return ()
    lab, scale = looked_at(scan)
    best: list[Fitted] = []
    for paper in papers(lab):
        chosen = _on_paper(lab, paper)
        if _worth(chosen) > _worth(best) and _is_page(Page(lab, paper), chosen):
            best = chosen
    return tuple(_print(one, scale) for one in _in_reading_order(best))


def _on_paper(lab: Plane, paper: Paper) -> list[Fitted]:
    """Again without those that were found, for what they hid: a print that lies against
    another one ends there as it would at the paper."""
    chosen: list[Fitted] = []
    for _round in range(ROUNDS):
        page = Page(lab, paper)
        found = [fitted(page, one) for one in candidates(lab, paper)]
        more = _chosen([one for one in found if _is_print(page, one)])
        more = [
            one
            for one in more
            if all(_lie_apart(one.rectangle, other.rectangle) for other in chosen)
        ]
        chosen += more
        paper = paper.without([one.rectangle for one in chosen])
        if not more or not paper.hides_some:
            break
    return chosen


def _is_page(page: Page, prints: list[Fitted]) -> bool:
    """Whether there is hardly anything but paper around the prints."""
    if not prints or np.mean([one.score for one in prints]) < LEAST_MEAN_SCORE:
        return False
    areas = [one.rectangle.area for one in prints]
    if max(areas) > MOST_LARGER * min(areas):
        return False
    rest = np.full(page.lab.shape[:2], 255, np.uint8)
    for one in prints:
        cv2.fillConvexPoly(rest, np.rint(one.rectangle.corners).astype(np.int32), 0)
    disc = np.ones((2 * SHADOW + 1, 2 * SHADOW + 1), np.uint8)
    around = page.difference[cv2.erode(rest, disc) > 0]
    if around.size < LEAST_AROUND * rest.size:
        return False
    return bool((around < PAPER).mean() >= LEAST_PAPER)


def _worth(chosen: list[Fitted]) -> float:
    return sum(one.score * one.rectangle.area for one in chosen)


def _is_print(page: Page, one: Fitted) -> bool:
    if not is_print_size(one.rectangle, page.lab.shape):
        return False
    if (
        one.score < LEAST_SCORE
        or one.seen < LEAST_SEEN
        or one.weakest < LEAST_WEAKEST
        or one.free < LEAST_FREE
    ):
        return False
    return _has_picture(page, one.rectangle)


def _has_picture(page: Page, rectangle: Rectangle) -> bool:
    """Whether its middle varies, which that of a window or a label does not."""
    middle = replace(
        rectangle,
        width=rectangle.width * MIDDLE,
        height=rectangle.height * MIDDLE,
    )
    inside = np.zeros(page.lab.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.rint(middle.corners).astype(np.int32), 255)
    light = page.smooth[:, :, 0][inside > 0]
    if not light.size:
        return False
    low, high = np.percentile(light, [10, 90])
    return bool(high - low > LEAST_PICTURE)


def _chosen(found: list[Fitted]) -> list[Fitted]:
    """The best of those that lie on one another; larger ones count more, since a part
    of a print has good edges too."""
    found = sorted(found, key=_rank, reverse=True)
    chosen: list[Fitted] = []
    for one in found:
        if all(_lie_apart(one.rectangle, other.rectangle) for other in chosen):
            chosen.append(one)
    return [part for one in chosen for part in _parts(one, found)]


def _parts(whole: Fitted, found: list[Fitted]) -> list[Fitted]:
    """Prints that lie side by side look like one from afar: the edges of each
    are as good as those of their whole, and together they are as large."""
    parts: list[Fitted] = []
    for one in sorted(found, key=lambda one: one.score, reverse=True):
        inside = shared_area(one.rectangle, whole.rectangle) / one.rectangle.area
        if one.score < whole.score - NOT_WORSE or inside < WITHIN:
            continue
        if all(_lie_apart(one.rectangle, part.rectangle) for part in parts):
            parts.append(one)
    covered = sum(part.rectangle.area for part in parts)
    together = len(parts) > 1 and covered >= TOGETHER * whole.rectangle.area
    return parts if together else [whole]


def _rank(one: Fitted) -> float:
    return float(one.score * one.rectangle.area**LARGER)


def _lie_apart(one: Rectangle, other: Rectangle) -> bool:
    shared = shared_area(one, other)
    return shared <= MOST_SHARED * min(one.area, other.area)


def _in_reading_order(prints: list[Fitted]) -> list[Fitted]:
    """Row by row: whose middle lies within the height of a row's first one is in it."""
    left = sorted(prints, key=lambda one: one.rectangle.y)
    ordered: list[Fitted] = []
    while left:
        first = left[0].rectangle
        row = [one for one in left if one.rectangle.y - first.y < 0.5 * first.height]
        ordered += sorted(row, key=lambda one: one.rectangle.x)
        left = [one for one in left if one not in row]
    return ordered


def _print(one: Fitted, scale: float) -> Print:
    found = one.rectangle
    return Print(
        float(found.x / scale),
        float(found.y / scale),
        float(found.width / scale),
        float(found.height / scale),
        float(found.angle),
        min(1.0, one.score),
    )
