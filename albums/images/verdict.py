"""Refuse by what a file declares, before anything is decoded."""

from __future__ import annotations

from collections.abc import Sequence

from albums.images.declared import Declared
from albums.images.pictures import (
    MAX_BYTES,
    MAX_PAGES,
    MAX_PIXELS,
    MAX_PIXELS_OF_ALL_PAGES,
)
from albums.images.refusals import BadPicture
from albums.images.tiff import Claim

# Photographs take half a bit per pixel and more; blank scans as JPEG an eighth.
LEAST_BITS_PER_PIXEL = 0.1
# A picture this small when decoded is no bomb, however well it was packed.
HARMLESS = 100_000_000


def refuse_by_size(size: int) -> None:
    if size == 0:
        raise BadPicture("empty")
    if size > MAX_BYTES:
        # Rounded up, so that a file just over the limit doesn't seem to keep it.
        raise BadPicture("too_large", {"megabytes": -(-size // 1024**2)})


def refuse_by_claims(declared: Declared, size: int) -> None:
    """BadPicture when the declared pages break a limit or cannot fit in `size` bytes."""
    pages = declared.pages
    if len(pages) > MAX_PAGES:
        raise BadPicture("too_many_pages")
    for page in pages:
        _refuse_page(page, size)
    together = sum(page.width * page.height for page in pages)
    if together > MAX_PIXELS_OF_ALL_PAGES:
        raise BadPicture(
            "too_many_pixels",
            {
                "kind": "all_pages",
                "megapixels": together // 1_000_000,
                "max_megapixels": MAX_PIXELS_OF_ALL_PAGES // 1_000_000,
            },
        )
    if _is_bomb(pages, together, size):
        raise BadPicture("bomb", detail=f"{together} pixels in {size} bytes")


def _refuse_page(page: Claim, size: int) -> None:
    if page.width * page.height > MAX_PIXELS:
        megapixels = -(-page.width * page.height // 1_000_000)
        facts = {"width": page.width, "height": page.height, "megapixels": megapixels}
        raise BadPicture("too_many_pixels", facts)
    if page.width == 0 or page.height == 0:
        raise BadPicture("broken", detail="no pixels declared")
    if page.stored > size:
        raise BadPicture("broken", detail="shorter than declared")


def _is_bomb(pages: Sequence[Claim], together: int, size: int) -> bool:
    # Pages that share their pixel data would make a small file endless work.
    if sum(page.stored for page in pages) > 2 * size:
        return True
    heavy = max((decoded_bytes(page) for page in pages), default=0)
    return heavy > HARMLESS and size * 8 < LEAST_BITS_PER_PIXEL * together


def decoded_bytes(page: Claim) -> int:
    return page.width * page.height * page.channels * page.bits // 8
