"""The pictures of one photo that can be laid beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from albums.models import Photo, Restoration
from albums.renditions import Size, photo_url, restoration_url
from albums.shown_changes import ShownChanges

ORIGINAL = "original"


class CompareMode(StrEnum):
    SLIDER = "slider"
    SIDE = "side"
    HOLD = "hold"
    CHANGES = "changes"


@dataclass(frozen=True)
class Version:
    """The original, or one of its restorations; `code` names it in an address."""

    photo: Photo
    restoration: Restoration | None = None

    @property
    def code(self) -> str:
        return str(self.restoration.code) if self.restoration else ORIGINAL

    @property
    def width(self) -> int:
        return (self.restoration or self.photo).width

    @property
    def height(self) -> int:
        return (self.restoration or self.photo).height

    @property
    def small(self) -> str:
        return self.url(Size.SMALL)

    @property
    def large(self) -> str:
        return self.url(Size.LARGE)

    @property
    def full(self) -> str:
        return self.url(Size.FULL)

    def url(self, size: Size) -> str:
        if self.restoration:
            return restoration_url(self.restoration, size)
        return photo_url(self.photo, size)

    @property
    def is_of_former_cut(self) -> bool:
        """Whether it shows the print as it was cut before."""
        return self.restoration is not None and self.restoration.cut < self.photo.cut

    @property
    def is_keeper(self) -> bool:
        kept = self.photo.keeper_id
        return self.restoration is not None and self.restoration.pk == kept


@dataclass(frozen=True)
class Comparison:
    """What lies beside what. `b` is None where nothing has been restored yet."""

    a: Version
    b: Version | None
    versions: tuple[Version, ...]

    @property
    def restorations(self) -> tuple[Version, ...]:
        return self.versions[1:]

    @property
    def changes(self) -> ShownChanges | None:
        """What `b` changed in the original, where that lies beside it and is known."""
        if self.a.restoration or not (self.b and self.b.restoration):
            return None
        # Reading it raises an AttributeError where there is none.
        changes = getattr(self.b.restoration, "changes", None)
        return ShownChanges(changes) if changes else None


class NoSuchVersion(Exception):
    """An address names a picture that this photo does not have."""


def comparison(photo: Photo, *, a: str = "", b: str = "") -> Comparison:
    """Of the two wanted, by code; else the original and the keeper, or the newest.

    Raises NoSuchVersion.
    """
    made = photo.restorations.select_related("changes").order_by("-created", "-pk")
    versions = (Version(photo), *(Version(photo, one) for one in made))
    by_code = {version.code: version for version in versions}
    try:
        return Comparison(
            a=by_code[a or ORIGINAL],
            b=by_code[b] if b else _usual(versions[1:]),
            versions=versions,
        )
    except KeyError as error:
        raise NoSuchVersion(str(error)) from error


def _usual(restorations: Sequence[Version]) -> Version | None:
    kept = [version for version in restorations if version.is_keeper]
    return next(iter([*kept, *restorations]), None)


def neighbours(photo: Photo) -> tuple[Photo | None, Photo | None]:
    """The photos before and after this one on the album's pages, newest first."""
    same = Q(created=photo.created)
    there = same & Q(place=photo.place)
    others = photo.album.photos.in_albums().only("code", "title", "album")
    newer = others.filter(
        Q(created__gt=photo.created)
        | same & Q(place__lt=photo.place)
        | there & Q(pk__gt=photo.pk)
    )
    older = others.filter(
        Q(created__lt=photo.created)
        | same & Q(place__gt=photo.place)
        | there & Q(pk__lt=photo.pk)
    )
    return (
        newer.order_by("created", "-place", "pk").first(),
        older.order_by("-created", "place", "-pk").first(),
    )
