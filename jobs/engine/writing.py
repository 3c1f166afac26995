"""Telling letters from scratches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.engine.marks import Numbers

LETTERS = 4
REACH = 8.0
ALIKE = 1.7
# Specks of two pixels stand in line by chance.
SMALLEST = 4.0


def is_writing(boxes: Numbers, asked: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each of the `asked` boxes (left, top, width, height) stands in a line,
    across or down, with at least four others of about its height."""
    tall = boxes[np.maximum(boxes[:, 2], boxes[:, 3]) >= SMALLEST]
    across = _in_line(boxes[asked], tall)
    down = _in_line(boxes[asked][:, [1, 0, 3, 2]], tall[:, [1, 0, 3, 2]])
    return across | down


def _in_line(asked: Numbers, others: Numbers) -> NDArray[np.bool_]:
    result = np.zeros(len(asked), bool)
    middles = others[:, 1] + others[:, 3] / 2
    for number, (left, top, width, height) in enumerate(asked):
        line = np.abs(middles - top - height / 2) < height / 2
        alike = np.maximum(others[:, 3] / height, height / others[:, 3]) < ALIKE
        gap = np.maximum(
            others[:, 0] - left - width, left - others[:, 0] - others[:, 2]
        )
        near = gap < REACH * height
        result[number] = (
            height >= SMALLEST and np.count_nonzero(line & alike & near) > LETTERS
        )
    return result
