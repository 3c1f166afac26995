"""What an ONNX file refers to, read without running anything.

Only as much of the format as is needed (protocol buffers' wire format, and the numbers of
onnx.proto3): other files that it names, and whose operators it asks for.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from jobs.engine.own.trouble import BadModel

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
DEEPEST = 32
OURS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Messages inside messages that are looked into: kind -> number -> kind.
INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}  # fmt: skip
NODE_DOMAIN, FUNCTION_DOMAIN, KEY, VALUE = 7, 10, 1, 2


@dataclass
class Found:
    """`files` are named as places of weights; `domains` are whose operators are used,
    `defined` those that the file defines itself."""

    files: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)


def check(path: Path) -> None:
    """Raise BadModel where a file names weights elsewhere, or foreign operators."""
    found = look_into(path)
    for name in sorted(found.files):
        _check_place(path, name)
    foreign = sorted(found.domains - found.defined - OURS)
    if foreign:
        raise BadModel(
            "custom_operators",
            f"It needs operators of “{foreign[0][:40]}”, which do not belong to ONNX. "
            "Export it again with standard operators only.",
        )


def look_into(path: Path) -> Found:
    """Raises BadModel for what is no ONNX file."""
    found = Found()
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
            memoryview(content) as view,
        ):
            _walk(view, 0, len(view), "model", found, 0)
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise BadModel(
            "not_onnx", "The file is no whole ONNX model. Copy or export it again."
        ) from error
    except OSError as error:
        raise BadModel(
            "not_readable", "The file cannot be read: let this app's user read it."
        ) from error
    return found


def _check_place(path: Path, name: str) -> None:
    """Weights may lie beside the model, in a file named after it, and nowhere else."""
    plain = {PurePosixPath(name).name, PureWindowsPath(name).name} == {name}
    ours = plain and name.startswith(path.name)
    place = path.with_name(name) if ours else path
    if not ours or place.is_symlink():
        raise BadModel(
            "weights_elsewhere",
            f"Its weights lie in another file, “{name[:60]}”. Only a file beside it "
            f"whose name begins with {path.name} is taken: save it in one file, or as "
            f"{path.name}.data.",
        )
    if not place.is_file():
        raise BadModel(
            "weights_missing", f"Its weights are missing: put {name} beside it."
        )


def _walk(
    view: memoryview, start: int, stop: int, kind: str, found: Found, depth: int
) -> None:
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    inside, entry = INSIDE.get(kind, {}), {}
    for number, begin, end in _fields(view, start, stop):
        if kind == "node" and number == NODE_DOMAIN:
            found.domains.add(_text(view, begin, end))
        elif kind == "function" and number == FUNCTION_DOMAIN:
            found.defined.add(_text(view, begin, end))
        elif kind == "entry" and number in (KEY, VALUE):
            entry[number] = _text(view, begin, end)
        elif number in inside:
            _walk(view, begin, end, inside[number], found, depth + 1)
    if entry.get(KEY) == "location":
        found.files.add(entry.get(VALUE, ""))


def _text(view: memoryview, begin: int, end: int) -> str:
    return bytes(view[begin:end]).decode("utf-8")


def _fields(view: memoryview, place: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Number, begin and end of every field that holds bytes; the rest is passed over."""
    while place < stop:
        tag, place = _varint(view, place, stop)
        wire = tag & 7
        if wire == VARINT:
            _value, place = _varint(view, place, stop)
        elif wire in (FIXED64, FIXED32):
            place += 8 if wire == FIXED64 else 4
        elif wire == BYTES:
            length, place = _varint(view, place, stop)
            if place + length > stop:
                raise ValueError("cut off")
            yield tag >> 3, place, place + length
            place += length
        else:
            raise ValueError("no such wire type")
    if place != stop:
        raise ValueError("cut off")


def _varint(view: memoryview, place: int, stop: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= stop or shift > 63:
            raise ValueError("cut off")
        byte = view[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
