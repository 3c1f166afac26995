"""What may be done to albums, photos and restorations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import F

from albums import storage
from albums.images import Box, Encoded
from albums.models import Album, Photo, Restoration, User


@dataclass(frozen=True)
class MadeBy:
    """Where a restoration comes from: one attempt of one provider."""

    attempt: UUID
    provider: str
    recipe: str
    note: str = ""


def create_album(*, title: str, owner: User) -> Album:
    return Album.objects.create(title=title, owner=owner)


def bump_version(album_id: int) -> int:
    """The album's next version. Holds its row until the transaction ends."""
    Album.objects.filter(pk=album_id).update(version=F("version") + 1)
    return Album.objects.values_list("version", flat=True).get(pk=album_id)


def original_file(photo: Photo) -> Path:
    return storage.media(photo.original.path)


def crop_box(photo: Photo) -> Box | None:
    if photo.crop_left is None:
        return None
    assert photo.crop_top is not None  # noqa: S101  # a database constraint says so
    assert photo.crop_right is not None  # noqa: S101
    assert photo.crop_bottom is not None  # noqa: S101
    return Box(photo.crop_left, photo.crop_top, photo.crop_right, photo.crop_bottom)


def add_restoration(
    photo: Photo, part: Path, encoded: Encoded, made_by: MadeBy
) -> Restoration:
    """Keep a finished picture. The same attempt again answers the one that is there."""
    known = Restoration.objects.filter(attempt=made_by.attempt).first()
    if known:
        return known
    relative = storage.restoration_path(made_by.attempt, encoded.format.extension)
    storage.put_in_place(part, relative)
    restoration, _made = Restoration.objects.get_or_create(
        attempt=made_by.attempt,
        defaults={
            "photo": photo,
            "provider": made_by.provider,
            "recipe": made_by.recipe,
            "note": made_by.note,
            "path": relative,
            "format": encoded.format.value,
            "width": encoded.width,
            "height": encoded.height,
            "size": encoded.size,
            "sha256": encoded.sha256,
        },
    )
    return restoration


def keep(restoration: Restoration) -> None:
    """Make this the picture that the album shows. The others stay."""
    with transaction.atomic():
        Photo.objects.filter(pk=restoration.photo_id).update(keeper=restoration)
        Restoration.objects.filter(pk=restoration.pk).update(verdict="")
        bump_version(restoration.photo.album_id)


def keep_original(photo: Photo) -> None:
    with transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(keeper=None)
        bump_version(photo.album_id)


def say_not_quite(restoration: Restoration, verdict: Restoration.Verdict) -> None:
    """Remember what is wrong with a restoration. It stops being the keeper."""
    with transaction.atomic():
        Restoration.objects.filter(pk=restoration.pk).update(verdict=verdict)
        Photo.objects.filter(pk=restoration.photo_id, keeper=restoration).update(
            keeper=None
        )
        bump_version(restoration.photo.album_id)
