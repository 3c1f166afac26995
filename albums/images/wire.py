"""What is said between the web's side and the helper: one line of JSON each way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from albums.images.pictures import Box


@dataclass(frozen=True)
class Request:
    """`outputs` maps the longest side in pixels (0: full size) to the file to write;
    where `boxes` are to be cut out, their number."""

    work: str
    path: str
    page: int = 0
    crop: Box | None = None
    outputs: dict[int, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    max_bytes: int | None = None
    max_width: int | None = None
    max_height: int | None = None
    shape: tuple[int, ...] = ()
    deep: bool = False
    lossless: bool = False
    boxes: tuple[Box, ...] = ()
    ramp: str = ""
    layer: int = 0

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Request:
        words = json.loads(line)
        words["crop"] = Box(*words["crop"]) if words["crop"] else None
        words["outputs"] = {int(side): path for side, path in words["outputs"].items()}
        words["formats"] = tuple(words["formats"])
        words["shape"] = tuple(words["shape"])
        words["boxes"] = tuple(Box(*box) for box in words["boxes"])
        return cls(**words)


@dataclass(frozen=True)
class PageFound:
    width: int
    height: int
    bits: int
    grey: bool


@dataclass(frozen=True)
class Answer:
    """What the child says: what it found or made, or why not.

    `refused` is the code of a BadPicture; `errno` that of a disk's error.
    """

    format: str = ""
    pages: tuple[PageFound, ...] = ()
    lossless: bool = False
    shape: tuple[int, ...] = ()
    deep: bool = False
    size: int = 0
    sha256: str = ""
    scaled: bool = False
    refused: str = ""
    facts: dict[str, int | str] = field(default_factory=dict)
    detail: str = ""
    errno: int = 0

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Answer:
        words = json.loads(line)
        words["pages"] = tuple(PageFound(**page) for page in words["pages"])
        words["shape"] = tuple(words["shape"])
        return cls(**words)


@dataclass(frozen=True)
class Ending:
    """How the child ended: wait status, CPU seconds, most memory resident in kB."""

    status: int
    cpu: float
    peak: int

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Ending:
        return cls(**json.loads(line))
