"""What holds prints on a page, and the page in its album: photo corners, holes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


def add_photo_corners(
    random: np.random.Generator, page: Values, outlines: Sequence[Values]
) -> None:
    """Paper triangles over the corners of prints, of which `outlines` (4, 2) each."""
    tone = float(random.choice([25, 235])) + random.uniform(-12, 12, 3)
    for outline in outlines:
        sides = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
        reach = 0.13 * float(sides.min())
        for number, corner in enumerate(outline):
            before, behind = outline[number - 1], outline[(number + 1) % 4]
            triangle = [
                corner,
                *(corner + reach * _unit(end - corner) for end in (before, behind)),
            ]
            points = np.rint(np.array(triangle)).astype(np.int32)
            cv2.fillConvexPoly(page, points, tone.tolist(), cv2.LINE_AA)


def punch_holes(
    random: np.random.Generator, page: Values, outlines: Sequence[Values]
) -> None:
    """Two or four holes beside the left edge, through which the bed is seen."""
    height, width = page.shape[:2]
    radius = round(0.009 * max(height, width))
    tone = [float(random.choice([15, 250]))] * 3
    count = int(random.choice([2, 4]))
    for number in range(count):
        middle = (round(2.2 * radius), round(height * (number + 1) / (count + 1)))
        if not any(_is_near(outline, middle, radius) for outline in outlines):
            cv2.circle(page, middle, radius, tone, -1, cv2.LINE_AA)


def _unit(vector: Values) -> Values:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def _is_near(outline: Values, middle: tuple[int, int], radius: int) -> bool:
    apart = cv2.pointPolygonTest(outline.reshape(-1, 1, 2), middle, measureDist=True)
    return apart > -2 * radius
