"""Clean pictures drawn from a seed: leaves of every size that hide one another.

Natural pictures have the statistics of such heaps (Lee, Mumford and Huang, "Occlusion
models for natural images", 2001), and networks learn from them nearly as well (Achddou,
Gousseau and Ladjal, "Synthetic images as a regularity prior for image restoration
neural networks", 2021). Thin things that belong to the scene, such as wires, letters,
twigs and panes, are drawn as well: they are what must not be taken for damage.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.floating]
Picture = NDArray[np.uint8]
Random = np.random.Generator

WORDS = "Grandma Erna and uncle Karl, summer holidays by the lake 1958 No.7 & Co"
FACES = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
)


def clouds(size: int, slope: float, random: Random) -> Real:
    """Noise (size, size) of mean 0 and spread 1 whose power falls with the frequency."""
    y, x = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    away = np.hypot(y, x)
    away[0, 0] = 1
    wave = random.normal(size=away.shape) + 1j * random.normal(size=away.shape)
    field = np.fft.irfft2(wave / away ** (slope / 2), s=(size, size))
    return np.asarray((field - field.mean()) / field.std(), np.float32)


class Artist:
    """Draws scenes with textures of its own and those it is given."""

    def __init__(self, textures: list[Picture], random: Random) -> None:
        self.random = random
        self.textures = [
            clouds(512, slope, random) for slope in (0.6, 1.2, 1.8, 2.2, 2.6, 3.2)
        ]
        for texture in textures:
            grey = texture if texture.ndim == 2 else texture.mean(axis=2)
            plane = grey.astype(np.float32)
            self.textures.append((plane - plane.mean()) / max(float(plane.std()), 1.0))

    def scene(self, size: int) -> Real:
        """(size, size, 3), 0..1."""
        picture = self._surface(size)
        count = int(self.random.integers(12, 70))
        reach = size * self.random.uniform(0.25, 0.6)
        radii = np.clip(reach / np.arange(1, count + 1) ** 0.8, 4, size)
        for radius in radii:
            self._leaf(picture, float(radius))
        if self.random.random() < 0.7:
            thin_things(picture, self.random)
        return np.clip(picture, 0, 1)

    def _surface(self, size: int) -> Real:
        texture = self.textures[self.random.integers(len(self.textures))]
        y, x = (self.random.integers(0, side - size + 1) for side in texture.shape)
        part = texture[y : y + size, x : x + size]
        depth = self.random.uniform(0, 0.12) * (self.random.random() < 0.8)
        colour = _colour(self.random)
        ramp = np.linspace(-1, 1, size, dtype=np.float32) * self.random.uniform(0, 0.2)
        shade = ramp[:, None] if self.random.random() < 0.5 else ramp[None]
        light = part * np.float32(depth) + shade
        return np.asarray(colour * (1 + light[..., None]), np.float32)

    def _leaf(self, picture: Real, radius: float) -> None:
        size = picture.shape[0]
        shape = np.zeros((size, size), np.uint8)
        middle = self.random.uniform(0, size, 2)
        points = _outline(radius, self.random) + middle
        cv2.fillPoly(
            shape, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4
        )
        x, y, wide, tall = cv2.boundingRect(shape)
        if not wide:
            return
        cover = shape[y : y + tall, x : x + wide, None].astype(np.float32) / 255
        soft = self.random.random()
        if soft < 0.2:
            blurred = cv2.GaussianBlur(shape, (0, 0), 1 + 12 * soft)
            cover = blurred[y : y + tall, x : x + wide, None].astype(np.float32) / 255
        inside = self._surface(size)[y : y + tall, x : x + wide]
        place = picture[y : y + tall, x : x + wide]
        place[...] = place * (1 - cover) + inside * cover


def _colour(random: Random) -> Real:
    """Mostly dull, some bright, black and white among them."""
    value = random.beta(1.1, 1.1)
    tint = random.normal(0, random.choice([0.0, 0.05, 0.15, 0.3]), 3)
    return np.clip(value * (1 + tint), 0, 1).astype(np.float32)


def _outline(radius: float, random: Random) -> NDArray[np.float64]:
    kind = random.random()
    if kind < 0.35:
        corners = 24
        reach = np.ones(corners)
    elif kind < 0.65:
        corners = int(random.integers(3, 9))
        reach = random.uniform(0.5, 1.2, corners)
    else:
        corners = 4
        reach = np.ones(corners)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * reach[:, None] * radius
    points[:, 1] *= random.choice([1.0, 0.6, 0.3, 0.12])
    turn = random.uniform(0, np.pi) if random.random() < 0.6 else np.pi / 4
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(points @ spin.T)


def thin_things(picture: Real, random: Random) -> None:
    """Wires, twigs, panes, stripes and letters, drawn into (h, w, 3)."""
    for _ in range(random.integers(1, 4)):
        colour = tuple(float(x) for x in _colour(random))
        draw = (_wires, _twigs, _panes, _stripes, _letters, _grains)[random.integers(6)]
        draw(picture, colour, random)


Colour = tuple[float, ...]


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
