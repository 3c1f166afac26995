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

from training.things import colour_of, thin_things

Real = NDArray[np.floating]
Picture = NDArray[np.uint8]
Random = np.random.Generator


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
        colour = colour_of(self.random)
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
