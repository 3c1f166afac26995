"""Things of the scene that must not be taken for damage, drawn into clean pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Random = np.random.Generator
Colour = tuple[float, ...]

WORDS = "Grandma Erna and uncle Karl, summer holidays by the lake 1958 No.7 & Co"
FACES = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
)


def colour_of(random: Random) -> Real:
    """Mostly dull, some bright, black and white among them."""
    value = random.beta(1.1, 1.1)
    tint = random.normal(0, random.choice([0.0, 0.05, 0.15, 0.3]), 3)
    return np.clip(value * (1 + tint), 0, 1).astype(np.float32)


def thin_things(picture: Real, random: Random) -> None:
    """Wires, twigs, panes, rims, seams, letters and the like in (h, w, 3)."""
    for _ in range(random.integers(1, 4)):
        colour = tuple(float(x) for x in colour_of(random))
        _THINGS[random.integers(len(_THINGS))](picture, colour, random)


def _wires(picture: Real, colour: Colour, random: Random) -> None:
    height, width = picture.shape[:2]
    thick = int(random.integers(1, 4))
    start, end = random.uniform(0, height, 2)
    for number in range(random.integers(1, 7)):
        gap = number * random.uniform(5, 25)
        x = np.linspace(-5, width + 5, 30)
        sag = random.uniform(-20, 20) * (1 - ((x / width) * 2 - 1) ** 2)
        y = start + (end - start) * x / width + gap + sag
        points = np.stack([x, y], axis=1)
        points = points if random.random() < 0.5 else points[:, ::-1]
        _stroke(picture, points, colour, thick)


def _twigs(picture: Real, colour: Colour, random: Random) -> None:
    """Branches, whiskers and strands of hair: many, alike, and side by side."""
    size = picture.shape[0]
    root, aim = random.uniform(0, size, 2), random.uniform(0, 2 * np.pi)
    bend = random.uniform(-0.1, 0.1)
    thick = int(random.integers(1, 3))
    for _ in range(random.integers(4, 40)):
        turn = aim + random.normal(0, 0.35) + np.cumsum(random.normal(bend, 0.05, 16))
        leaps = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        path = np.cumsum(leaps, axis=0) * random.uniform(1, size / 20)
        tint = tuple(x * random.uniform(0.7, 1.3) for x in colour)
        _stroke(picture, root + random.normal(0, 12, 2) + path, tint, thick)


def _panes(picture: Real, colour: Colour, random: Random) -> None:
    size = picture.shape[0]
    left, top = random.uniform(0, size * 0.6, 2)
    wide, tall = random.uniform(8, 60, 2)
    thick = int(random.integers(1, 5))
    lean = random.normal(0, 0.1)
    for row in range(random.integers(1, 5)):
        for column in range(random.integers(1, 5)):
            x, y = left + column * wide, top + row * tall
            points = [(0, 0), (wide, 0), (wide, tall), (0, tall), (0, 0)]
            corners = np.array(points) + (x, y)
            corners[:, 1] += lean * corners[:, 0]
            _stroke(picture, corners, colour, thick)


def _stripes(picture: Real, colour: Colour, random: Random) -> None:
    size = picture.shape[0]
    turn, period = random.uniform(0, np.pi), random.uniform(3, 25)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    wave = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period)
    mask = np.zeros((size, size), np.float32)
    middle, radius = random.uniform(0, size, 2), random.uniform(10, size / 2)
    cv2.circle(mask, tuple(int(v) for v in middle), int(radius), 1.0, -1)
    sharp = np.clip(wave * random.uniform(0.7, 4) + random.uniform(-1, 0.3), 0, 1)
    cover = (sharp * mask * random.uniform(0.3, 1))[..., None]
    picture[...] = picture * (1 - cover) + cover * np.array(colour, np.float32)


def _letters(picture: Real, colour: Colour, random: Random) -> None:
    size = picture.shape[0]
    scale, face = random.uniform(0.3, 1.2), int(random.choice(FACES))
    start = int(random.integers(0, len(WORDS) - 8))
    for line in range(random.integers(1, 5)):
        place = (
            int(random.integers(-20, size // 2)),
            int(random.uniform(0, size) + line * 32 * scale),
        )
        thick = 1 if scale < 0.7 else int(random.integers(1, 3))
        words = WORDS[start:] + WORDS[:start]
        cv2.putText(picture, words, place, face, scale, colour, thick, cv2.LINE_AA)


def _grains(picture: Real, colour: Colour, random: Random) -> None:
    """Small things of the scene in a heap: pebbles, blossoms, lights, buttons."""
    size = picture.shape[0]
    middle, spread = random.uniform(0, size, 2), random.uniform(15, size / 2)
    radius = random.uniform(0.8, 4)
    for _ in range(random.integers(10, 120)):
        x, y = np.rint((middle + random.normal(0, spread, 2)) * 16).astype(int)
        tint = tuple(v * random.uniform(0.75, 1.25) for v in colour)
        around = int(16 * radius * random.uniform(0.6, 1.4))
        cv2.circle(picture, (int(x), int(y)), around, tint, -1, cv2.LINE_AA, 4)


def _stroke(
    picture: Real, points: NDArray[np.floating], colour: Colour, thick: int
) -> None:
    fixed = np.rint(points * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(picture, [fixed], False, colour, thick, cv2.LINE_AA, 4)


def _rims(picture: Real, colour: Colour, random: Random) -> None:
    """Rims of cups and glasses, wheels, buttons: thin, even, and closed or nearly so."""
    size = picture.shape[0]
    middle = random.uniform(0, size, 2)
    wide = random.uniform(6, size / 2)
    axes = np.array([wide, wide * random.uniform(0.15, 1)])
    turn, thick = random.uniform(0, 360), int(random.integers(1, 4))
    first, reach = random.uniform(0, 360), random.uniform(60, 360)
    for number in range(random.integers(1, 4)):
        part = np.rint(axes * (1 - 0.12 * number) * 16).astype(int)
        tint = tuple(x * random.uniform(0.8, 1.3) for x in colour)
        place = tuple(int(v) for v in np.rint(middle * 16))
        cv2.ellipse(
            picture,
            place,
            (int(part[0]), int(part[1])),
            turn,
            first,
            first + reach,
            tint,
            thick,
            cv2.LINE_AA,
            4,
        )


def _spokes(picture: Real, colour: Colour, random: Random) -> None:
    size = picture.shape[0]
    middle, radius = random.uniform(0, size, 2), random.uniform(15, size)
    thick = int(random.integers(1, 3))
    count = int(random.integers(5, 36))
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        way = np.array([np.cos(angle), np.sin(angle)]) * radius
        points = np.stack([middle + 0.1 * way, middle + way])
        _stroke(picture, points, colour, thick)


def _rails(picture: Real, colour: Colour, random: Random) -> None:
    """Railings, masts, legs of chairs, slats: straight, side by side, of one width."""
    size = picture.shape[0]
    lean, gap = random.normal(0, 0.15), random.uniform(4, 40)
    thick = int(random.integers(1, 5))
    top, bottom = np.sort(random.uniform(-20, size + 20, 2))
    left = random.uniform(-20, size * 0.8)
    turned = random.random() < 0.4
    lit = tuple(x * random.uniform(1.1, 1.6) for x in colour)
    for number in range(random.integers(1, 12)):
        x = left + number * gap
        points = np.array([(x, top), (x + lean * (bottom - top), bottom)])
        points = points[:, ::-1] if turned else points
        _stroke(picture, points, colour, thick)
        if thick > 2:
            _stroke(picture, points + (-1, 0), lit, 1)


def _lights(picture: Real, colour: Colour, random: Random) -> None:
    """Highlights on eyes, glass, metal and water: small, bright, with soft ends."""
    size = picture.shape[0]
    layer = np.zeros(picture.shape[:2], np.float32)
    middle, spread = random.uniform(0, size, 2), random.uniform(5, size / 2)
    for _ in range(random.integers(1, 14)):
        x, y = np.rint((middle + random.normal(0, spread, 2)) * 16).astype(int)
        long = random.uniform(0.8, 12)
        axes = int(16 * long), int(16 * random.uniform(0.6, min(long, 3)))
        turn = random.uniform(0, 180)
        cv2.ellipse(
            layer, (int(x), int(y)), axes, turn, 0, 360, 1.0, -1, cv2.LINE_AA, 4
        )
    soft = cv2.GaussianBlur(layer, (0, 0), random.uniform(0.5, 1.8))
    cover = (np.asarray(soft) * random.uniform(0.5, 1))[..., None]
    picture[...] = picture * (1 - cover) + cover * random.uniform(0.8, 1)


def _cloth(picture: Real, colour: Colour, random: Random) -> None:
    """White collars and shirts, dark ties: sharp corners and seams along their edges."""
    size = picture.shape[0]
    value = random.uniform(0.8, 1) if random.random() < 0.7 else random.uniform(0, 0.2)
    middle, reach = random.uniform(0, size, 2), random.uniform(10, size / 3)
    corners = random.normal(0, 1, (int(random.integers(3, 6)), 2)) * reach + middle
    fixed = np.rint(corners * 16).astype(np.int32)
    cv2.fillPoly(picture, [fixed], (value,) * 3, cv2.LINE_AA, 4)
    shade = (value * random.uniform(0.6, 0.95),) * 3
    inner = middle + (corners - middle) * random.uniform(0.75, 0.95)
    closed = np.concatenate([inner, inner[:1]])
    if random.random() < 0.5:
        _stroke(picture, closed, shade, 1)
        return
    for share in np.arange(0, 1, random.uniform(0.02, 0.06)):
        start = closed[:-1] + (closed[1:] - closed[:-1]) * share
        end = closed[:-1] + (closed[1:] - closed[:-1]) * (share + 0.01)
        for first, last in zip(start, end, strict=True):
            _stroke(picture, np.stack([first, last]), shade, 1)


_THINGS = (
    _wires,
    _twigs,
    _panes,
    _stripes,
    _letters,
    _grains,
    _rims,
    _spokes,
    _rails,
    _lights,
    _cloth,
)
