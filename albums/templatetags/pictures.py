"""Addresses and sizes of pictures, for templates."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from albums import renditions
from albums.models import Photo, Restoration

register = template.Library()


@dataclass(frozen=True)
class Picture:
    """A picture to show: its address, and the pixels it will have."""

    url: str
    width: int
    height: int

    @property
    def is_wide(self) -> bool:
        return self.width >= self.height


@register.filter
def photo_url(photo: Photo, size: str | int) -> str:
    return renditions.photo_url(photo, str(size))


@register.filter
def restoration_url(restoration: Restoration, size: str | int) -> str:
    return renditions.restoration_url(restoration, str(size))


@register.simple_tag
def shown_picture(photo: Photo, size: int) -> Picture:
    """The picture by which an album shows a photo: its keeper, else the original."""
    kept = photo.keeper
    url = restoration_url(kept, size) if kept else photo_url(photo, size)
    width, height = fit(kept or photo, size)
    return Picture(url, width, height)


def fit(picture: Photo | Restoration, size: int) -> tuple[int, int]:
    """Width and height with a longest side of at most `size`."""
    scale = min(1.0, size / max(picture.width, picture.height))
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
