"""What somebody asks for in a form: which photos, which recipe, of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction
from django.http import QueryDict

from albums.models import Album, Photo, User
from jobs import searches, services
from jobs.offers import by_field
from jobs.option_fields import chosen_options
from jobs.providers import local
from jobs.recipes import Wish

# A transaction holds the database for as long as a page may wait.
AT_ONCE = 50


@dataclass(frozen=True)
class Asked:
    """Nothing of this was checked: `services.request_restoration` does."""

    album: Album
    photos: tuple[Photo, ...]
    wish: Wish
    chosen: Mapping[str, str]
    batch: UUID
    fallback: str = ""

    @property
    def codes(self) -> str:
        return codes_of(self.photos)

    @property
    def is_remote(self) -> bool:
        return self.wish.provider != local.NAME

    def start(self, *, by: User) -> None:
        """One batch, however often it is asked for. Raises BadOption, NoConsent."""
        for first in range(0, len(self.photos), AT_ONCE):
            with transaction.atomic():
                for photo in self.photos[first : first + AT_ONCE]:
                    services.request_restoration(
                        photo,
                        by=by,
                        recipe=self.wish.recipe,
                        batch=self.batch,
                        provider=self.wish.provider,
                        chosen=self.chosen,
                        fallback=self.fallback,
                    )
        searches.answered(self.photos)


def asked(data: QueryDict, album: Album, photos: tuple[Photo, ...]) -> Asked:
    wish = wish_of(data)
    return Asked(
        album=album,
        photos=photos,
        wish=wish,
        chosen=chosen_options(data, wish.provider),
        batch=batch_of(data),
        fallback=data.get("fallback", ""),
    )


def wish_of(data: QueryDict) -> Wish:
    """The recipe, and who was chosen for it."""
    wish = Wish.parse(data.get("recipe", ""))
    by = data.get(by_field(wish.recipe), "")
    return Wish(by, wish.recipe) if by else wish


def batch_of(data: QueryDict) -> UUID:
    """The form carries one, so that a double click is one wish."""
    try:
        return UUID(data.get("batch", ""))
    except ValueError:
        return uuid4()


def photos_of(album: Album, data: QueryDict) -> tuple[Photo, ...]:
    """The photos that were selected, or all of the album, as the album shows them."""
    photos = album.photos.as_shown().select_related("original", "keeper")
    if data.get("all"):
        # An album page is restored where somebody asks for it; its prints are photos.
        return tuple(photos.filter(kind=Photo.Kind.PHOTO))
    return tuple(photos.filter(code__in=codes_in(data)))


def codes_in(data: QueryDict) -> set[UUID]:
    """One field for each, or one with all of them, divided by commas."""
    found = set()
    for text in (*data.getlist("photo"), *data.get("photos", "").split(",")):
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def codes_of(photos: tuple[Photo, ...]) -> str:
    """All in one form field, because a form may have only so many."""
    return ",".join(photo.code.hex for photo in photos)
