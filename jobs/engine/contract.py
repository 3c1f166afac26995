"""What goes in and out of the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Canvas = NDArray[np.uint16]
Plane = NDArray[np.float32]
Mask = NDArray[np.uint8]
Workspace = Callable[[tuple[int, ...], DTypeLike], NDArray[Any]]
Tick = Callable[[float], None]


class Damage(StrEnum):
    """How badly the print has suffered. AUTO measures it."""

    AUTO = "auto"
    LIGHT = "light"
    MEDIUM = "medium"
    SEVERE = "severe"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to do. Each stage can be switched; a stage that is on still looks first.

    `mask` (m, n), of the picture's shape at any scale, takes the place of the search
    for damage: 128 and more is filled, less is left as it is.
    """

    damage: Damage = Damage.AUTO
    colour: bool = True
    contrast: bool = True
    scratches: bool = True
    grain: bool = True
    sharpen: bool = True
    enlarge: int = 1
    mask: Mask | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Progress:
    """`fraction` is of the whole, 0 to 1, and never goes back."""

    stage: str
    fraction: float


@dataclass(frozen=True)
class StageReport:
    """`changed` is the mean absolute change of the picture by this stage, 0 to 1.

    `held_back` says that the stage was asked for and would have had something to do,
    but did less or nothing so as not to do harm; the person is then shown the note.
    """

    stage: str
    applied: bool
    changed: float
    note: str
    held_back: bool = False


@dataclass(frozen=True)
class Outcome:
    picture: NDArray[Any]
    reports: tuple[StageReport, ...]


class EngineError(Exception):
    """A wish that the engine refuses: `code` is stable, the text is for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
