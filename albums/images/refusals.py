"""Why a file is not taken in, in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from albums.images.pictures import MAX_BYTES, MAX_PAGES, MAX_PIXELS

SENTENCES = {
    "empty": _(
        "This file is empty; copy it again from the camera, card or scanner,"
        " then add it again."
    ),
    "too_large": _(
        "This file has {megabytes} MB, and at most {max_megabytes} MB can be taken"
        " in; scan it at a lower resolution or save it as JPEG, then add it again."
    ),
    "not_a_picture": _(
        "This is {kind}, not a picture; choose a JPEG, PNG, WebP, TIFF or HEIC file."
    ),
    "unsupported": _(
        "This is {kind}, and only JPEG, PNG, WebP, TIFF and HEIC can be taken in;"
        " open it in a picture program, save it as JPEG, and add that file."
    ),
    "too_many_pixels": _(
        "This picture says it is {width} × {height} pixels ({megapixels} megapixels),"
        " and at most {max_megapixels} megapixels can be taken in; scan it at a lower"
        " resolution or make it smaller, then add it again."
    ),
    "broken": _(
        "This picture is damaged or was cut short on its way, and cannot be opened"
        " whole; copy it again from where it came from, or scan the print again."
    ),
    "bomb": _(
        "This picture would need far more memory or time to open than a photo of its"
        " file size should; open it in a picture program, save it as JPEG, and add"
        " that file."
    ),
    "too_many_pages": _(
        "This file has more than {max_pages} pages, and at most {max_pages} can be"
        " taken in from one file; save it as several smaller files, then add those."
    ),
}

# Where the code alone would leave the reader guessing.
SENTENCES_BY_KIND = {
    "all_pages": _(
        "The pages of this file have {megapixels} megapixels together, and at most"
        " {max_megapixels} can be taken in from one file; save it as several smaller"
        " files, then add those."
    ),
    "depth": _(
        "This TIFF keeps its tones as 32-bit or decimal numbers, and only 8 and 16"
        " bits can be taken in; open it in a picture program, save it with 16 bits,"
        " and add that file."
    ),
    "planes": _(
        "This TIFF keeps red, green and blue of 16 bits in separate planes, and only"
        " interleaved colours can be taken in; open it in a picture program, save it"
        " with interleaved channels, and add that file."
    ),
}

KINDS = {
    "avif": _("an AVIF picture"),
    "bmp": _("a BMP picture"),
    "dicom": _("a medical DICOM picture"),
    "document": _("a document"),
    "eps": _("an EPS drawing"),
    "gif": _("a GIF picture"),
    "icon": _("an icon file"),
    "jpeg2000": _("a JPEG 2000 picture"),
    "jpegxl": _("a JPEG XL picture"),
    "pdf": _("a PDF document"),
    "photoshop": _("a Photoshop file"),
    "raw": _("a camera's raw file"),
    "sound": _("a sound recording"),
    "svg": _("an SVG drawing"),
    "text": _("a text or a web page"),
    "unknown": _("a file of an unknown kind"),
    "video": _("a video"),
    "zip": _("a ZIP archive or an office document"),
}

Facts = Mapping[str, int | str]


class BadPicture(Exception):
    """A file that is not taken in.

    `code` is stable; `sentence` is made when it is read, in the reader's language, and
    does not name the file. `detail` is for the log.
    """

    def __init__(self, code: str, facts: Facts | None = None, detail: str = "") -> None:
        super().__init__(code, dict(facts or {}), detail)
        self.code = code
        self.facts = dict(facts or {})
        self.detail = detail

    @property
    def sentence(self) -> str:
        kind = str(self.facts.get("kind", "unknown"))
        template = SENTENCES_BY_KIND.get(kind, SENTENCES[self.code])
        words: dict[str, int | str] = {
            "max_megabytes": MAX_BYTES // 1024**2,
            "max_megapixels": MAX_PIXELS // 1_000_000,
            "max_pages": MAX_PAGES,
        }
        known = KINDS.get(kind, KINDS["unknown"])
        return str(template).format(**(words | self.facts | {"kind": known}))
