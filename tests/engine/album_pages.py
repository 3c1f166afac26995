"""Album pages drawn from seeds, with what lies where known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.engine.page_clutter import add_photo_corners, punch_holes
from tests.engine.pictures import draw_scene

Picture = NDArray[np.uint8]
Values = NDArray[np.float32]
Random = np.random.Generator


class Level(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Paper(StrEnum):
    WHITE = "white"
    GREY = "grey"
    BLACK = "black"
    CREAM = "cream"
    KRAFT = "kraft"


TONES = {
    Paper.WHITE: (247, 247, 245),
    Paper.GREY: (150, 150, 152),
    Paper.BLACK: (30, 29, 31),
    Paper.CREAM: (236, 226, 203),
    Paper.KRAFT: (180, 146, 106),
}
RATIOS = (1.5, 1.33, 1.25, 1.0, 0.8, 0.75, 0.67)


@dataclass(frozen=True)
class Lies:
    """Where a print lies: pixels of the page, clockwise degrees."""

    x: float
    y: float
    width: float
    height: float
    angle: float

    @property
    def corners(self) -> Values:
        box = ((self.x, self.y), (self.width, self.height), self.angle)
        return np.asarray(cv2.boxPoints(box), np.float32)

    @property
    def outline(self) -> NDArray[np.int32]:
        return np.rint(self.corners).astype(np.int32)


@dataclass(frozen=True)
class AlbumPage:
    picture: Picture
    prints: tuple[Lies, ...]
    paper: Paper


@dataclass(frozen=True)
class Hardness:
    """How far from a clean page: degrees, shares of 1, and grey levels."""

    prints: tuple[int, int]
    tilt: float
    uneven: float
    noise: float
    quality: int
    touching: float
    clutter: float
    glare: float
    bed: float


HARDNESS = {
    Level.EASY: Hardness((2, 4), 3, 0.02, 1.5, 92, 0.0, 0.0, 0.0, 0.0),
    Level.MEDIUM: Hardness((3, 6), 8, 0.05, 2.5, 85, 0.2, 0.4, 0.0, 0.15),
    Level.HARD: Hardness((3, 8), 15, 0.10, 4.0, 75, 0.5, 0.6, 0.3, 0.3),
}


def draw_album_page(
    seed: int,
    level: Level = Level.MEDIUM,
    *,
    paper: Paper | None = None,
    photos: Sequence[Picture] = (),
    side: int = 1500,
) -> AlbumPage:
    """`photos` lie on it besides drawn ones. `side` is the longer one, in pixels."""
    random = np.random.default_rng(seed)
    hard = HARDNESS[level]
    chosen = paper or list(Paper)[int(random.integers(len(Paper)))]
    height, width = side, round(side * random.uniform(0.68, 0.85))
    if random.random() < 0.5:
        height, width = width, height
    page = _paper(random, height, width, chosen, hard)
    prints = _layout(random, height, width, hard)
    for lies in prints:
        _lay(random, page, lies, _photo(random, photos), chosen)
    _add_holders(np.random.default_rng([seed, 1]), page, prints, hard)
    if random.random() < hard.clutter:
        _write_captions(random, page, prints, chosen)
    if random.random() < hard.glare:
        _shine(random, page)
    if random.random() < hard.bed:
        _show_bed(random, page, prints)
    return AlbumPage(_scanned(random, page, hard), tuple(prints), chosen)


def draw_one_print(
    seed: int, photo: Picture | None = None, *, side: int = 1200
) -> Picture:
    """A scan of a single print: bare, with its own border, or with some bed around."""
    random = np.random.default_rng(seed)
    picture = _photo(random, () if photo is None else [photo], drawn=photo is None)
    scale = side / max(picture.shape[:2])
    card = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), np.float32)
    kind = int(random.integers(3))
    if kind:
        rim = int(side * random.uniform(0.02, 0.08))
        pad = ((rim, rim), (rim, rim), (0, 0))
        card = np.pad(card, pad, constant_values=random.uniform(225, 252))
    if kind == 2:
        paper = list(Paper)[int(random.integers(len(Paper)))]
        hard = HARDNESS[Level.MEDIUM]
        high, wide = (round(n * random.uniform(1.1, 1.6)) for n in card.shape[:2])
        page = _paper(random, high, wide, paper, hard)
        lies = Lies(
            wide / 2,
            high / 2,
            card.shape[1] * 0.97,
            card.shape[0] * 0.97,
            float(random.uniform(-2, 2)),
        )
        _lay(random, page, lies, np.asarray(card, np.uint8), paper, border=0)
        card = page
    return _scanned(random, card, HARDNESS[Level.EASY])


def _paper(
    random: Random, height: int, width: int, paper: Paper, hard: Hardness
) -> Values:
    tone = np.array(TONES[paper], np.float32) + random.uniform(-5, 5, 3)
    page = np.broadcast_to(tone, (height, width, 3)).astype(np.float32)
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    turn = random.uniform(0, 2 * np.pi)
    slope = across * np.cos(turn) + down * np.sin(turn)
    light = 1 + hard.uneven * (slope / 2 - 0.3 * (across**2 + down**2))
    page *= light[:, :, None].astype(np.float32)
    rough = {Paper.KRAFT: 5.0, Paper.GREY: 2.5, Paper.BLACK: 2.5}.get(paper, 1.0)
    fibres = cv2.GaussianBlur(
        random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 1.2
    )
    page += (fibres / fibres.std() * rough)[:, :, None]
    return np.ascontiguousarray(page, np.float32)


def _layout(random: Random, height: int, width: int, hard: Hardness) -> list[Lies]:
    """Cells of a grid, a print in each, tilted and not quite in the middle."""
    count = int(random.integers(hard.prints[0], hard.prints[1] + 1))
    columns = max(1, round(np.sqrt(count * width / height)))
    rows = -(-count // columns)
    wide, high = width * 0.94 / columns, height * 0.94 / rows
    prints: list[Lies] = []
    for number in range(count):
        x = width * 0.03 + (number % columns + 0.5) * wide
        y = height * 0.03 + (number // columns + 0.5) * high
        lies = _in_cell(random, x, y, wide, high, hard)
        if prints and random.random() < hard.touching:
            lies = _moved_to_touch(lies, prints)
        if not any(overlap(lies, other) > 0.004 for other in prints):
            prints.append(lies)
    return prints


def _in_cell(
    random: Random, x: float, y: float, wide: float, high: float, hard: Hardness
) -> Lies:
    ratio = RATIOS[int(random.integers(len(RATIOS)))]
    angle = float(random.uniform(-hard.tilt, hard.tilt))
    slant = np.deg2rad(abs(angle))
    across = ratio * np.cos(slant) + np.sin(slant)
    down = ratio * np.sin(slant) + np.cos(slant)
    fits = min(wide * 0.94 / across, high * 0.94 / down)
    tall = fits * float(random.uniform(0.72, 1.0))
    spare_x, spare_y = (
        (wide * 0.97 - tall * across) / 2,
        (high * 0.97 - tall * down) / 2,
    )
    return Lies(
        x + float(random.uniform(-spare_x, spare_x)),
        y + float(random.uniform(-spare_y, spare_y)),
        tall * ratio,
        tall,
        angle,
    )


def _moved_to_touch(lies: Lies, prints: Sequence[Lies]) -> Lies:
    """Towards the nearest print until a corner lies a little on it."""
    other = min(prints, key=lambda each: np.hypot(each.x - lies.x, each.y - lies.y))
    step_x, step_y = (other.x - lies.x) / 200, (other.y - lies.y) / 200
    for number in range(100):
        moved = Lies(
            lies.x + step_x * number,
            lies.y + step_y * number,
            lies.width,
            lies.height,
            lies.angle,
        )
        if overlap(moved, other) > 0:
            return moved
    return lies


def overlap(one: Lies, other: Lies) -> float:
    """The area that both cover, of the smaller one's area."""
    kind, shared = cv2.rotatedRectangleIntersection(
        ((one.x, one.y), (one.width, one.height), one.angle),
        ((other.x, other.y), (other.width, other.height), other.angle),
    )
    if kind == cv2.INTERSECT_NONE or len(shared) < 3:
        return 0.0
    area = cv2.contourArea(cv2.convexHull(shared))
    return float(area / min(one.width * one.height, other.width * other.height))


def _photo(random: Random, photos: Sequence[Picture], *, drawn: bool = True) -> Picture:
    if photos and not (drawn and random.random() < 0.2):
        picture = photos[int(random.integers(len(photos)))]
        if drawn:
            picture = _part_of(random, picture)
    else:
        picture = draw_scene(360, 480, seed=int(random.integers(1 << 30)))
    values = picture.astype(np.float32)
    if random.random() < 0.5:
        values = values @ np.array([0.299, 0.587, 0.114], np.float32)
        tint = np.array([1, 1, 1] if random.random() < 0.6 else [1, 0.92, 0.78])
        values = (values[:, :, None] * tint).astype(np.float32)
    low, high = random.uniform(0, 60), random.uniform(190, 253)
    return np.asarray(np.clip(low + values * (high - low) / 255, 0, 255), np.uint8)


def _part_of(random: Random, picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    high, wide = (round(n * random.uniform(0.6, 1)) for n in (height, width))
    top = int(random.integers(height - high + 1))
    left = int(random.integers(width - wide + 1))
    return picture[top : top + high, left : left + wide]


def _lay(
    random: Random,
    page: Values,
    lies: Lies,
    photo: Picture,
    paper: Paper,
    *,
    border: float | None = None,
) -> None:
    """Glue a print onto the page, with the shadow that it throws."""
    if border is None:
        border = float(random.uniform(0.03, 0.08)) if random.random() < 0.6 else 0.0
    wide, high = round(lies.width), round(lies.height)
    rim = round(min(wide, high) * border)
    inner = cv2.resize(photo, (max(2, wide - 2 * rim), max(2, high - 2 * rim)))
    tone = np.array([248, 247, 242]) - random.uniform(0, 14)
    card = np.full((high, wide, 3), tone, np.float32)
    card[rim : rim + inner.shape[0], rim : rim + inner.shape[1]] = inner
    turn = cv2.getRotationMatrix2D((wide / 2 - 0.5, high / 2 - 0.5), -lies.angle, 1)
    turn[:, 2] += np.array([lies.x - wide / 2, lies.y - high / 2])
    size = (page.shape[1], page.shape[0])
    cover = cv2.warpAffine(np.ones((high, wide), np.float32), turn, size)
    laid = cv2.warpAffine(card, turn, size, borderMode=cv2.BORDER_REPLICATE)
    blur, strength = random.uniform(1.5, 5), random.uniform(0.08, 0.35)
    moved = np.array([[1, 0, random.uniform(-3, 3)], [0, 1, random.uniform(1, 4)]])
    shade = cv2.warpAffine(cv2.GaussianBlur(cover, (0, 0), blur), moved, size)
    page *= 1 - np.float32(strength) * shade[:, :, None]
    page += (laid - page) * cover[:, :, None]


def _add_holders(
    random: Random, page: Values, prints: Sequence[Lies], hard: Hardness
) -> None:
    outlines = [lies.corners for lies in prints]
    if random.random() < hard.clutter / 2:
        add_photo_corners(random, page, outlines)
    if random.random() < hard.clutter / 2:
        punch_holes(random, page, outlines)


def _write_captions(
    random: Random, page: Values, prints: Sequence[Lies], paper: Paper
) -> None:
    ink = (235.0,) * 3 if paper is Paper.BLACK else (60.0, 50.0, 70.0)
    for lies in prints:
        if random.random() < 0.5:
            continue
        below = lies.y + lies.height / 2 + lies.width * 0.12 + 26
        words = "".join(random.choice(list("aeilmnorstu ")) for _ in range(12))
        place = (round(lies.x - lies.width / 3), round(below))
        layer = page.copy()
        cv2.putText(
            layer,
            words,
            place,
            cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
            0.8,
            ink,
            1,
            cv2.LINE_AA,
        )
        covered = np.zeros(page.shape[:2], np.uint8)
        for other in prints:
            cv2.fillConvexPoly(covered, other.outline, 1)
        page[covered == 0] = layer[covered == 0]


def _shine(random: Random, page: Values) -> None:
    """The light of a lamp on glossy paper."""
    height, width = page.shape[:2]
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    x, y = random.uniform(0, width), random.uniform(0, height)
    wide, high = random.uniform(0.05, 0.2, 2) * max(height, width)
    spot = np.exp(-(((across - x) / wide) ** 2) - ((down - y) / high) ** 2)
    strength = random.uniform(0.2, 0.6) * spot[:, :, None]
    page += ((255 - page) * strength).astype(np.float32)


def _show_bed(random: Random, page: Values, prints: Sequence[Lies]) -> None:
    """A strip of the scanner's bed beside the page, where no print lies."""
    height, width = page.shape[:2]
    strip = int(random.uniform(0.008, 0.025) * max(height, width))
    tone = 12.0 if random.random() < 0.5 else 252.0
    bed = np.zeros((height, width), np.uint8)
    turned = np.rot90(bed, int(random.integers(4)))
    turned[:strip] = 1
    for lies in prints:
        cv2.fillConvexPoly(bed, lies.outline, 0)
    page[bed == 1] = tone


def _scanned(random: Random, page: Values, hard: Hardness) -> Picture:
    softened = cv2.GaussianBlur(page, (0, 0), float(random.uniform(0.5, 1.0)))
    noisy = softened + random.normal(0, hard.noise, page.shape)
    whole = np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)
    written = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, hard.quality])[1]
    return np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)
