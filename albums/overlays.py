"""Pictures that are laid over a photo, and close-ups of the faces in it: made on demand,
like renditions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.urls import reverse

from albums import images, renditions, storage
from albums.images import Box
from albums.locks import hold
from albums.models import Changes, Mask

# Grows when they are made differently, so that no browser keeps an old one.
VERSION = 1
MOST_FACES = 12
# Of a face's box, on each side: hair and chin belong to it.
ROUND_A_FACE = 0.35
MARKS = "marks"


class Layer(StrEnum):
    """What a map shows: what was mended, or all that was changed, tones too."""

    MENDED = "mended"
    ALL = "all"


CHANNELS = {Layer.ALL: 0, Layer.MENDED: 1}


class Side(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class FaceBox:
    """In percent of the picture's sides, a little larger than the face itself."""

    left: float
    top: float
    right: float
    bottom: float

    def within(self, width: int, height: int) -> Box:
        left, top = int(self.left * width / 100), int(self.top * height / 100)
        right = max(round(self.right * width / 100), left + 1)
        return Box(left, top, right, max(round(self.bottom * height / 100), top + 1))


def face_boxes(changes: Changes) -> list[FaceBox]:
    """The largest, from left to right."""
    by_size = sorted(changes.faces, key=lambda b: -(b[2] - b[0]) * (b[3] - b[1]))
    largest = by_size[:MOST_FACES]
    return [_wider(*box) for box in changes.faces if box in largest]


def _wider(left: float, top: float, right: float, bottom: float) -> FaceBox:
    across, down = ROUND_A_FACE * (right - left), ROUND_A_FACE * (bottom - top)
    sides = (
        max(left - across, 0),
        max(top - down, 0),
        min(right + across, 1),
        min(bottom + down, 1),
    )
    return FaceBox(*(round(100 * side, 3) for side in sides))


def changes_key(changes: Changes) -> str:
    return _key(changes.sha256, "changes")


def mask_key(mask: Mask) -> str:
    return _key(mask.sha256, MARKS)


def faces_key(changes: Changes, side: Side) -> str:
    restored = changes.restoration
    of = restored.photo if side is Side.BEFORE else restored
    return _key(renditions.source_of(of).key, json.dumps(changes.faces))


def _key(*made_from: str) -> str:
    text = ":".join((*made_from, str(VERSION)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def changes_url(changes: Changes, layer: Layer) -> str:
    code = changes.restoration.code
    return reverse(
        "albums:changes_file", args=[code, layer.value, changes_key(changes)]
    )


def mask_url(mask: Mask) -> str:
    return reverse("albums:mask_file", args=[mask.code, mask_key(mask)])


def face_url(changes: Changes, number: int, side: Side) -> str:
    code, key = changes.restoration.code, faces_key(changes, side)
    return reverse("albums:face_file", args=[code, number, side.value, key])


def ensure_map(changes: Changes, layer: Layer) -> Path:
    """The file, made now if need be. Raises as `renditions.ensure` does."""
    path = storage.rendition_path(changes_key(changes), layer, ".png")
    return _ensure(
        storage.media(path),
        lambda target: images.tint(
            _kept(changes.path), ramp="changes", layer=CHANNELS[layer], target=target
        ),
    )


def ensure_mask(mask: Mask) -> Path:
    path = storage.media(storage.rendition_path(mask_key(mask), MARKS, ".png"))
    return _ensure(
        path, lambda target: images.tint(_kept(mask.path), ramp=MARKS, target=target)
    )


def ensure_face(changes: Changes, number: int, side: Side) -> Path:
    """All faces of a picture are made together: it is opened only once."""
    key = faces_key(changes, side)
    names = [f"face{n}" for n in range(len(face_boxes(changes)))]
    files = [storage.media(storage.rendition_path(key, name)) for name in names]
    return _ensure(files[number], lambda _target: _cut_faces(changes, side, files))


def _cut_faces(changes: Changes, side: Side, files: list[Path]) -> None:
    restored = changes.restoration
    picture = restored.photo if side is Side.BEFORE else restored
    source = renditions.source_of(picture)
    boxes = [box.within(picture.width, picture.height) for box in face_boxes(changes)]
    images.cut_out(
        _kept(source.path),
        page=source.page,
        crop=source.crop,
        targets=dict(zip(boxes, files, strict=True)),
    )


def _kept(relative: str) -> Path:
    path = storage.media(relative)
    if not path.exists():
        raise FileNotFoundError(relative)
    return path


def _ensure(target: Path, make: Callable[[Path], None]) -> Path:
    if target.exists():
        return target
    storage.private_folder(target.parent)
    # Whoever asks for the same one meanwhile waits here and finds it made.
    with hold(target.parent / renditions.LOCK, wait=True):
        if not target.exists():
            make(target)
    return target


def wanted_keys() -> Iterator[str]:
    """Of all files that this room would make again."""
    rows = Changes.objects.select_related("restoration__photo__original")
    for changes in rows.iterator():
        yield changes_key(changes)
        yield from (faces_key(changes, side) for side in Side)
    for mask in Mask.objects.iterator():
        yield mask_key(mask)
