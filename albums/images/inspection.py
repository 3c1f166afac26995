"""Finding out what a file really holds, by decoding all of it."""

from __future__ import annotations

from collections.abc import Iterator

from albums.images.opening import Source, opened, orientation_of
from albums.images.orientation import upright_size
from albums.images.pictures import Format
from albums.images.pixels import ShallowRaster, read_deep
from albums.images.wire import PageFound

# JPEG's own scaling: all of the file is read, an eighth of each side is made of it.
DRAFT = 8


def inspect_pages(source: Source) -> Iterator[PageFound]:
    """Every page, fully decoded, so that none is cut short or garbled later."""
    if source.format is Format.PNG:
        _check_sums(source)
    for number in range(len(source.declared.pages)):
        yield _inspect_page(source, number)


def _check_sums(source: Source) -> None:
    """PNG alone has them, and Pillow's decoder passes over those of the pixels."""
    with opened(source, 0) as image:
        image.verify()


def _inspect_page(source: Source, number: int) -> PageFound:
    with opened(source, number) as image:
        orientation = orientation_of(image, source, number)
        width, height = upright_size(image.width, image.height, orientation)
        if source.format is Format.JPEG:
            image.draft(image.mode, (image.width // DRAFT, image.height // DRAFT))
        image.load()
        claim = source.page(number)
        if claim.bits == 16:
            image.close()
            deep = read_deep(source, claim)
            if deep is not None:
                return PageFound(width, height, 16, deep.ndim == 2)
        return PageFound(width, height, 8, ShallowRaster(image).grey)
