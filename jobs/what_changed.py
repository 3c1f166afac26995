"""The map of what a restoration changed, from the engine's arrays to the family's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albums import images
from albums.images import Encoded
from albums.models import Restoration
from albums.services import Figures, StageWords, keep_changes
from jobs.engine import ChangeMap, StageReport, change_map

DIGITS = 6


@dataclass(frozen=True)
class Made:
    """A map that is written, and waits for its restoration."""

    part: Path
    encoded: Encoded
    figures: Figures
    stages: tuple[StageWords, ...]

    def keep(self, restoration: Restoration) -> None:
        keep_changes(restoration, self.part, self.encoded, self.figures, self.stages)


def made_of(
    scan: NDArray[Any],
    picture: NDArray[Any],
    folder: Path,
    *,
    reports: Sequence[StageReport] = (),
    tick: Callable[[float], None] | None = None,
) -> Made:
    """Compare a scan with its restoration, and write the map into `folder`. Raises
    ValueError where their shapes do not belong together, and whatever a full disk does.
    """
    found = change_map(scan, picture, tick=tick)
    part = folder / "changes"
    none = np.zeros_like(found.plane)
    pixels = np.dstack([found.plane, found.local, none])
    encoded = images.encode(pixels, part, lossless=True)
    return Made(part, encoded, _figures(found), tuple(map(_words, reports)))


def _figures(found: ChangeMap) -> Figures:
    faces = [[round(side, DIGITS) for side in astuple(face)] for face in found.faces]
    return Figures(
        area=round(found.area, DIGITS),
        mended=round(found.mended, DIGITS),
        mean=round(found.mean, DIGITS),
        strongest=round(found.strongest, DIGITS),
        in_faces=None if found.in_faces is None else round(found.in_faces, DIGITS),
        faces=faces,
    )


def _words(report: StageReport) -> StageWords:
    return StageWords(
        stage=str(report.stage),
        applied=report.applied,
        changed=round(float(report.changed), DIGITS),
        note=str(report.note),
        area=round(float(report.area), DIGITS),
    )
