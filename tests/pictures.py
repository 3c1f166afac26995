"""Test pictures, drawn in memory."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def drawn(
    width: int = 320, height: int = 240, *, format: str = "JPEG", seed: int = 0
) -> bytes:
    """A picture file of soft gradients with some noise; another seed, other bytes."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    red = 255 * columns / max(width - 1, 1)
    green = 255 * rows / max(height - 1, 1)
    blue = 128 + 60 * np.sin((rows + columns) / 17 + seed)
    pixels = np.dstack([red, green, blue]) + random.normal(0, 4, (height, width, 1))
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, format)
    return file.getvalue()
