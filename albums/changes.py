"""What a restoration changed, and where a photo is damaged: keeping the files and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from albums import storage
from albums.images import Encoded
from albums.models import Changes, Mask, Photo, Restoration, User


@dataclass(frozen=True)
class Figures:
    """As `Changes` has them."""

    area: float
    mended: float
    mean: float
    strongest: float
    in_faces: float | None
    faces: Sequence[Sequence[float]]


@dataclass(frozen=True)
class StageWords:
    """What one stage said: `changed` is the mean change, `area` the share of the picture
    in which one could see it; 0..1."""

    stage: str
    applied: bool
    changed: float
    note: str
    area: float = 0.0


def keep_changes(
    restoration: Restoration,
    part: Path,
    encoded: Encoded,
    figures: Figures,
    stages: Sequence[StageWords] = (),
) -> Changes:
    """Keep a map with its numbers. The first one stays."""
    known = Changes.objects.filter(restoration=restoration).first()
    if known:
        return known
    path = storage.changes_path(restoration.attempt)
    storage.put_in_place(part, path)
    made, _new = Changes.objects.get_or_create(
        restoration=restoration,
        defaults={
            "path": path,
            "sha256": encoded.sha256,
            "stages": [asdict(stage) for stage in stages],
            **asdict(figures),
        },
    )
    return made


def keep_mask(
    photo: Photo,
    part: Path,
    encoded: Encoded,
    *,
    by: User | None,
    area: float | None = None,
) -> Mask:
    """`by` drew it; None: the engine found it."""
    code = uuid4()
    path = storage.mask_path(code)
    storage.put_in_place(part, path)
    return Mask.objects.create(
        code=code,
        photo=photo,
        drawn_by=by,
        is_drawn=by is not None,
        path=path,
        sha256=encoded.sha256,
        width=encoded.width,
        height=encoded.height,
        area=area,
    )
