"""Where a photo is damaged: what pages show of it, and what people drew themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from albums import images
from albums.models import Mask, Photo, User
from albums.overlays import mask_url
from albums.services import keep_mask, new_part
from jobs.models import Errand

# A drawing is white on black, and packs to a hundredth of this.
MOST_BYTES = 8 * 1024 * 1024
# The engine searches a copy of this size; a finer drawing would say no more.
MOST_PIXELS = 6_000_000
# The shape of a drawing may differ so much from that of its photo, for rounding.
SLACK = 0.02


class BadMask(Exception):
    """A drawing that is not taken in, and why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class MarksPage:
    """`mask` is the newest, or the chosen one; `found` the engine's newest."""

    photo: Photo
    mask: Mask | None
    found: Mask | None
    errand: Errand | None

    @property
    def is_searching(self) -> bool:
        return self.errand is not None and not self.errand.is_given_up

    @property
    def has_failed(self) -> bool:
        return self.errand is not None and self.errand.is_given_up

    @property
    def has_marks(self) -> bool:
        return self.mask is not None and (self.mask.is_drawn or bool(self.mask.area))

    @property
    def usual(self) -> str:
        """How damaged to say it is: where nothing was found, look more closely."""
        return "severe" if self.mask and not self.has_marks else "auto"

    @property
    def address(self) -> str:
        return mask_url(self.mask) if self.mask else ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is drawn on."""
        if self.mask:
            return self.mask.width, self.mask.height
        width, height = self.photo.width, self.photo.height
        scale = min(1.0, math.sqrt(MOST_PIXELS / (width * height)))
        return max(1, int(width * scale)), max(1, int(height * scale))

    @property
    def sentence(self) -> str:
        if self.mask is None:
            return ""
        if self.mask.is_drawn:
            return _("These are the places that were marked last.")
        share = 100 * (self.mask.area or 0)
        if share == 0:
            return _("The engine found no damage. You can mark it yourself.")
        if share < 1:
            return _("The engine found damage on less than 1 % of the picture.")
        words = _("The engine found damage on %(share)d %% of the picture.")
        return words % {"share": round(share)}


def marks_page(photo: Photo, *, code: str = "") -> MarksPage | None:
    """None where `code` names no mask of this photo."""
    masks = list(photo.masks.all())
    by_code = {str(mask.code): mask for mask in masks}
    if code and code not in by_code:
        return None
    return MarksPage(
        photo=photo,
        mask=by_code[code] if code else next(iter(masks), None),
        found=next((mask for mask in masks if not mask.is_drawn), None),
        errand=photo.errands.filter(kind=Errand.Kind.MARKS).first(),
    )


def take_in_drawing(photo: Photo, file: UploadedFile[bytes], *, by: User) -> Mask:
    """Keep what somebody drew as a mask of the photo. It is untrusted like any picture:
    decoded in the helper alone, and written anew. Raises BadMask."""
    if (file.size or 0) > MOST_BYTES:
        raise BadMask(_("What was drawn is too large to be taken in."))
    part, made = new_part(), new_part()
    try:
        _write(file, part)
        _check(photo, images.inspect(part))
        return keep_mask(photo, made, images.make_mask(part, made), by=by)
    except images.BadPicture as error:
        raise BadMask(_("What was drawn could not be read. Draw it again.")) from error
    finally:
        part.unlink(missing_ok=True)
        made.unlink(missing_ok=True)


def _write(file: UploadedFile[bytes], part: Path) -> None:
    with part.open("wb") as stream:
        for chunk in file.chunks():
            stream.write(chunk)


def _check(photo: Photo, picture: images.Picture) -> None:
    page = picture.pages[0]
    across = page.height * photo.width / photo.height
    slack = SLACK * page.width + photo.width / photo.height + 1
    fits = abs(across - page.width) <= slack
    too_many = page.width * page.height > MOST_PIXELS * (1 + SLACK)
    if not fits or too_many or len(picture.pages) != 1:
        raise BadMask(_("What was drawn does not belong to this photo."))
