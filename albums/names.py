"""Names that people gave to their files: harmless to show, to keep and to download."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from albums.images import Format

LONGEST = 255
# What each kind of file may end with and still be opened by every computer.
ENDINGS = {
    Format.JPEG: {".jpg", ".jpeg", ".jpe", ".jfif"},
    Format.PNG: {".png"},
    Format.WEBP: {".webp"},
    Format.TIFF: {".tif", ".tiff"},
    Format.HEIC: {".heic", ".heif"},
}


def clean_name(name: str) -> str:
    """The last part of a path, without anything that a screen or a disk trips over:
    control characters, marks that turn the reading direction, endless length."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C")
    kept = " ".join(kept.split()).strip(". ")
    if len(kept) > LONGEST:
        ending = PurePosixPath(kept).suffix[:20]
        kept = kept[: LONGEST - len(ending)] + ending
    return kept or _("Photo")


def title_from(name: str, *, page: int = 0) -> str:
    stem = PurePosixPath(name).stem
    if page == 0:
        return stem
    which = _("– page %(number)d") % {"number": page + 1}
    return f"{stem[: LONGEST - len(which) - 1]} {which}"


def print_title(page_title: str, place: int) -> str:
    which = _("– print %(number)d") % {"number": place}
    return f"{page_title[: LONGEST - len(which) - 1]} {which}"


def download_name(name: str, format: Format) -> str:
    """The name with the ending that the content has, whatever it was sent as."""
    if PurePosixPath(name).suffix.lower() in ENDINGS[format]:
        return name
    return name + format.extension
