"""What a restoration changed, in words and pictures for the family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums.models import Changes
from albums.overlays import FaceBox, Layer, Side, changes_url, face_boxes, face_url

# Less than this share of a picture is as good as nothing.
NOTHING = 0.0005
# The share that a step changed is told between these: more is all of it.
TOLD_FROM, TOLD_TO = 0.005, 0.95
# From here on nobody sees it in parts, but all over.
ALL_OVER = 0.5
SOME = 0.02
# The mean change inside faces: up to where it is nothing, hardly anything, a little.
UNTOUCHED, HARDLY, LITTLE = 0.0005, 0.004, 0.012


@dataclass(frozen=True)
class ShownFace:
    number: int
    box: FaceBox
    before: str
    after: str


@dataclass(frozen=True)
class ShownChanges:
    changes: Changes

    @property
    def layer(self) -> Layer:
        """What the map shows at first: what was mended, if anything was."""
        return Layer.MENDED if self.is_mended else Layer.ALL

    @property
    def is_mended(self) -> bool:
        return self.changes.mended >= NOTHING

    @property
    def has_tones(self) -> bool:
        """Whether more was changed than what was mended."""
        return self.changes.area - self.changes.mended > SOME

    @property
    def map(self) -> str:
        return changes_url(self.changes, self.layer)

    @property
    def other_map(self) -> str:
        """With the tones, too; "" where that would show the same."""
        both = self.is_mended and self.has_tones
        return changes_url(self.changes, Layer.ALL) if both else ""

    @property
    def number_of_faces(self) -> int:
        return len(self.changes.faces)

    @property
    def sentence(self) -> str:
        """How much of the picture was changed, and how much inside faces."""
        if self.changes.area < NOTHING:
            return _("Nothing was changed that one could see.")
        words = self._of_the_picture()
        if self.changes.in_faces is None:
            return f"{words}."
        return f"{words}; {self._inside_faces(self.changes.in_faces)}."

    @property
    def tones(self) -> str:
        """What was done to colours and contrast, "" if nothing."""
        if not self.has_tones:
            return ""
        if self.changes.area > ALL_OVER:
            return _("Colours or contrast were changed all over it.")
        return _("Colours or contrast were changed in parts of it.")

    @property
    def says_map(self) -> str:
        """What the map shows at first."""
        if self.is_mended and self.has_tones:
            return _("In colour: what was mended, smoothed or sharpened.")
        return _("Where there is no colour, the picture is as it was.")

    @property
    def notes(self) -> list[str]:
        """What each step says of itself, where it did something."""
        stages = [stage for stage in self.changes.stages if stage["applied"]]
        return [_with_share(stage) for stage in stages]

    @property
    def faces(self) -> list[ShownFace]:
        return [
            ShownFace(
                number + 1,
                box,
                face_url(self.changes, number, Side.BEFORE),
                face_url(self.changes, number, Side.AFTER),
            )
            for number, box in enumerate(face_boxes(self.changes))
        ]

    def _of_the_picture(self) -> str:
        share = 100 * self.changes.mended
        if not self.is_mended and not self.tones:
            return _("Almost nothing was changed")
        if not self.is_mended:
            return _("Nothing was mended, smoothed or sharpened")
        if share < 1 and self.tones:
            return _("Less than 1 % of the picture was mended, smoothed or sharpened")
        if share < 1:
            return _("Less than 1 % of the picture was changed")
        words = _("%(share)d %% of the picture was changed")
        if self.tones:
            words = _("%(share)d %% of the picture was mended, smoothed or sharpened")
        return words % {"share": round(share)}

    def _inside_faces(self, change: float) -> str:
        count = {"count": self.number_of_faces}
        if change < UNTOUCHED:
            words = ngettext(
                "inside the face nothing",
                "inside the %(count)d faces nothing",
                self.number_of_faces,
            )
        elif change < HARDLY:
            words = ngettext(
                "inside the face almost nothing",
                "inside the %(count)d faces almost nothing",
                self.number_of_faces,
            )
        elif change < LITTLE:
            words = ngettext(
                "inside the face a little",
                "inside the %(count)d faces a little",
                self.number_of_faces,
            )
        else:
            words = ngettext(
                "the face was changed, too: look closely",
                "the %(count)d faces were changed, too: look closely",
                self.number_of_faces,
            )
        return words % count


def _with_share(stage: Mapping[str, Any]) -> str:
    """What a step says, and in how much of the picture one sees it."""
    note, share = str(stage["note"]), float(stage.get("area", 0.0))
    if not TOLD_FROM <= share <= TOLD_TO:
        return note
    told = _("%(share)d %% of the picture") % {"share": round(100 * share)}
    return f"{note} ({told})"
