"""Clean pictures drawn in memory, with what a photograph has: edges, texture, tones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def draw_scene(height: int = 360, width: int = 480, *, seed: int = 0) -> Picture:
    """A house on a meadow under a sky, (h, w, 3), with blacks and whites."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.uint8)
    horizon = height * 3 // 5
    rows = np.linspace(0, 1, horizon)[:, None, None]
    sky = (1 - rows) * np.array([90, 140, 215]) + rows * np.array([225, 230, 240])
    picture[:horizon] = np.broadcast_to(sky, (horizon, width, 3))
    grass = random.normal(0, 22, (height - horizon, width, 1)) + [70, 105, 50]
    picture[horizon:] = np.clip(grass, 0, 255)
    left, top = width // 4, height // 3
    box = (left, top), (width * 3 // 4, horizon + height // 10)
    cv2.rectangle(picture, *box, (190, 160, 130), -1)
    roof = [(left - 20, top), (width // 2, height // 8), (width * 3 // 4 + 20, top)]
    cv2.fillPoly(picture, [np.array(roof, np.int32)], (120, 45, 35))
    for number in range(3):
        x = left + 15 + number * width // 6
        pane = (x, top + 15), (x + width // 12, top + 55)
        cv2.rectangle(picture, *pane, (12, 14, 18), -1)
        cv2.rectangle(picture, *pane, (250, 250, 248), 3)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7), np.uint8)


def grey_of(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
