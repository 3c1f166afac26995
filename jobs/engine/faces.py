"""Finding faces, only so as to be more careful in them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from jobs.engine.contract import Mask, Plane

SMALLEST = 24
NEIGHBOURS = 4


# Left, top, width and height.
Box = tuple[int, int, int, int]


def find_faces(grey: Plane) -> list[Box]:
    """Faces in grey values 0..1, (h, w), in reading order.

    The cascade of Viola and Jones, "Rapid object detection using a boosted cascade of
    simple features", 2001, as OpenCV 4 ships it.
    """
    path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
    cascade = cv2.CascadeClassifier(str(path))
    pixels = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    boxes = cascade.detectMultiScale(
        pixels, 1.1, NEIGHBOURS, minSize=(SMALLEST, SMALLEST)
    )
    found = [(int(x), int(y), int(wide), int(high)) for x, y, wide, high in boxes]
    return sorted(found, key=lambda box: (box[1], box[0]))


def face_mask(grey: Plane, height: int, width: int) -> Mask:
    """(height, width), 255 in the faces found in grey values 0..1 of any size."""
    mask = np.zeros((height, width), np.uint8)
    down, across = height / grey.shape[0], width / grey.shape[1]
    for x, y, wide, high in find_faces(grey):
        top, bottom = round(y * down), round((y + high) * down)
        mask[top:bottom, round(x * across) : round((x + wide) * across)] = 255
    return mask
