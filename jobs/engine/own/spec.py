"""What is known of a model that an administrator brought."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """What a model does, in the order of the work."""

    DETECT = "detect"
    INPAINT = "inpaint"
    RESTORE = "restore"
    FACE = "face"
    COLOUR = "colour"
    UPSCALE = "upscale"


class Kind(StrEnum):
    """What the channels of an array are. AB are those of Lab, CHANCE is one of damage."""

    RGB = "rgb"
    BGR = "bgr"
    GREY = "grey"
    LAB_L = "lab-l"
    AB = "ab"
    CHANCE = "chance"

    @property
    def channels(self) -> int:
        return {Kind.RGB: 3, Kind.BGR: 3, Kind.AB: 2}.get(self, 1)


class Layout(StrEnum):
    NCHW = "nchw"
    NHWC = "nhwc"


@dataclass(frozen=True)
class Range:
    """How values 0..1 are written for the model: v * (high - low) + low, then, by
    channel, minus `mean` and over `deviation`. `is_logit`: 1 / (1 + exp(-v)) is meant."""

    low: float = 0.0
    high: float = 1.0
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    is_logit: bool = False


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A checked manifest.

    `tile` and `overlap` are pixels; `size` is the side of the square to which a picture
    or a face is brought (0: it works in tiles). Sides are multiples of `multiple`.
    Empty names mean the only input or output.
    """

    title: str
    role: Role
    licence: str
    source: str
    colour: Kind = Kind.RGB
    values: Range = Range()
    made_colour: Kind = Kind.RGB
    made_values: Range = Range()
    layout: Layout = Layout.NCHW
    tile: int = 256
    overlap: int = 32
    size: int = 0
    multiple: int = 1
    scale: int = 1
    image: str = ""
    mask: str = ""
    output: str = ""
    sha256: str = ""

    @property
    def inputs(self) -> int:
        return 2 if self.role is Role.INPAINT else 1


@dataclass(frozen=True)
class OwnModel:
    """A model's file, and what its manifest says."""

    path: Path
    spec: Spec
