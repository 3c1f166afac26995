"""The only door to Pillow, OpenCV's codecs and pillow-heif.

Pictures are never decoded in the calling process, but in the limited children of a
helper process (`helper`, `sandbox`).
"""

from __future__ import annotations

from albums.images.door import (
    check_head,
    cut_out,
    decode,
    encode,
    inspect,
    make_full,
    make_mask,
    make_renditions,
    sendable,
    tint,
)
from albums.images.helper import HelperLost, SharedHelper
from albums.images.pictures import (
    MAX_BYTES,
    MAX_PAGES,
    MAX_PIXELS,
    Box,
    Encoded,
    Format,
    Page,
    Picture,
    Sendable,
)
from albums.images.refusals import BadPicture

__all__ = [
    "MAX_BYTES",
    "MAX_PAGES",
    "MAX_PIXELS",
    "BadPicture",
    "Box",
    "Encoded",
    "Format",
    "HelperLost",
    "Page",
    "Picture",
    "Sendable",
    "SharedHelper",
    "check_head",
    "cut_out",
    "decode",
    "encode",
    "inspect",
    "make_full",
    "make_mask",
    "make_renditions",
    "sendable",
    "tint",
]
