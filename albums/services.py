"""What may be done to albums, photos and restorations."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import F

from albums import images, names, renditions, storage
from albums.changes import Figures as Figures
from albums.changes import StageWords as StageWords
from albums.changes import keep_changes as keep_changes
from albums.changes import keep_mask as keep_mask
from albums.images import Encoded, Picture
from albums.models import Album, Mask, Original, Photo, Restoration, User
from albums.renditions import crop_box as crop_box
from albums.signals import photo_uploaded, restoration_judged
from albums.storage import DiskFull as DiskFull
from albums.storage import new_part as new_part
from albums.sweep import sweep_uploads as sweep_uploads

PHOTOS_ON_A_PAGE = 60
NOBODY_YET = "administrator@localhost"
HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class MadeBy:
    """Where a restoration comes from: one attempt of one provider. `cut` is that of the
    print as it was sent; None: as it is cut now."""

    attempt: UUID
    provider: str
    recipe: str
    note: str = ""
    cut: int | None = None


@dataclass(frozen=True)
class Added:
    """The photos of one file, all in one album; there already if `duplicate`."""

    photos: tuple[Photo, ...]
    duplicate: bool

    @property
    def album(self) -> Album:
        return self.photos[0].album


@dataclass(frozen=True)
class Arrival:
    """Where a file comes from, and what is to become of it."""

    name: str
    album: Album
    by: User
    wish: str
    batch: UUID
    cut_pages: bool = False


def create_album(*, title: str, owner: User) -> Album:
    return Album.objects.create(title=title, owner=owner)


def first_administrator() -> User:
    """Who owns what commands take in. Made without a password where there is nobody yet;
    the first account that is made in the browser becomes this one."""
    administrators = User.objects.filter(is_superuser=True, is_active=True)
    with transaction.atomic():
        first = administrators.order_by("pk").first()
        return first or User.objects.create_superuser(NOBODY_YET)


def album_titled(title: str, *, owner: User) -> Album:
    """The owner's album of this title, made if missing."""
    with transaction.atomic():
        # Two commands at once must not make the album twice.
        User.objects.select_for_update().get(pk=owner.pk)
        known = Album.objects.filter(owner=owner, title=title).order_by("pk").first()
        return known or create_album(title=title, owner=owner)


def album_page(
    album: Album, number: str | None, *, pictures: bool = True
) -> Page[Photo]:
    """The photos that one page of an album shows, newest first; without `pictures`
    only their codes."""
    photos = album.photos.as_shown()
    if pictures:
        photos = photos.select_related("original", "keeper")
    else:
        photos = photos.only("code", "album", "kind")
    return Paginator(photos, PHOTOS_ON_A_PAGE).get_page(number)


def bump_version(album_id: int) -> int:
    """The album's next version. Holds its row until the transaction ends."""
    Album.objects.filter(pk=album_id).update(version=F("version") + 1)
    return Album.objects.values_list("version", flat=True).get(pk=album_id)


def add_photos(
    part: Path,
    *,
    name: str,
    album: Album,
    by: User,
    wish: str,
    batch: UUID,
    cut_pages: bool = False,
) -> Added:
    """Take over a finished file: a photo for each of its pages. `wish` is the recipe to
    start, "" to only keep it; `batch` is shared by all files of one click. `cut_pages`:
    where one shows several prints, these become photos as soon as a worker saw it.

    The same bytes among the photos that `by` may see are answered with those. The part
    is gone afterwards, unless something other than the picture is to blame: then it is
    still there to be tried again. Raises BadPicture, DiskFull.
    """
    arrival = Arrival(names.clean_name(name), album, by, wish, batch, cut_pages)
    digest = storage.sha256(part)
    known = _same_photos(digest, arrival)
    if known:
        part.unlink()
        return Added(known, duplicate=True)
    try:
        picture = images.inspect(part)
    except images.BadPicture:
        part.unlink()
        raise
    return _move_in(part, digest, picture, arrival)


def add_copy(
    path: Path,
    *,
    name: str,
    album: Album,
    by: User,
    wish: str,
    batch: UUID,
    cut_pages: bool = False,
) -> Added:
    """`add_photos` for a file that stays where it is."""
    with path.open("rb") as file:
        images.check_head(file.read(HEAD_BYTES), path.stat().st_size)
    arrival = Arrival(name, album, by, wish, batch)
    known = _same_photos(storage.sha256(path), arrival)
    if known:
        return Added(known, duplicate=True)
    part = storage.copy_to_part(path)
    with ExitStack() as undo:
        undo.callback(part.unlink, missing_ok=True)
        return add_photos(
            part,
            name=name,
            album=album,
            by=by,
            wish=wish,
            batch=batch,
            cut_pages=cut_pages,
        )


def _same_photos(digest: str, arrival: Arrival) -> tuple[Photo, ...]:
    """The photos of one original with these bytes, in this album where possible."""
    same = list(
        Photo.objects.visible_to(arrival.by)
        .filter(original__sha256=digest, lies_on=None)
        .select_related("album", "original")
        .order_by("pk")
    )
    if not same:
        return ()
    here = [photo for photo in same if photo.album_id == arrival.album.pk]
    first = (here or same)[0]
    return tuple(
        photo
        for photo in same
        if (photo.album_id, photo.original_id) == (first.album_id, first.original_id)
    )


def _move_in(part: Path, digest: str, picture: Picture, arrival: Arrival) -> Added:
    """First the file, then its row: a file without a row is swept up later."""
    code = uuid4()
    path = storage.original_path(code, picture.extension)
    with ExitStack() as undo:
        with storage.room_needed():
            storage.put_in_place(part, path)
        undo.callback(storage.take_back, path, part)
        original = Original(
            code=code,
            path=path,
            name=arrival.name,
            format=picture.format.value,
            size=picture.size,
            sha256=digest,
            pages=len(picture.pages),
            lossless=picture.lossless,
        )
        added = _store(original, picture, arrival)
        undo.pop_all()
    if added.duplicate:
        storage.media(path).unlink()
    return added


def _store(original: Original, picture: Picture, arrival: Arrival) -> Added:
    with transaction.atomic():
        # Holds the album's row: the same file sent twice at once waits here.
        bump_version(arrival.album.pk)
        known = _same_photos(original.sha256, arrival)
        if known:
            return Added(known, duplicate=True)
        original.save()
        photos = tuple(
            Photo.objects.create(
                album=arrival.album,
                original=original,
                page=page.number,
                title=names.title_from(original.name, page=page.number),
                width=page.width,
                height=page.height,
                bits=page.bits,
                added_by=arrival.by,
            )
            for page in picture.pages
        )
        for photo in photos:
            photo_uploaded.send(
                sender=Photo,
                photo=photo,
                by=arrival.by,
                wish=arrival.wish,
                batch=arrival.batch,
                cut_pages=arrival.cut_pages,
            )
    return Added(photos, duplicate=False)


def prepare_renditions(photo_id: int) -> None:
    """Make the two small renditions of a photo before somebody asks for them."""
    photo = Photo.objects.select_related("original").filter(pk=photo_id).first()
    if photo:
        renditions.ensure(photo, renditions.Size.SMALL)


def original_file(photo: Photo) -> Path:
    return storage.media(photo.original.path)


def restoration_file(restoration: Restoration) -> Path:
    return storage.media(restoration.path)


def mask_file(mask: Mask) -> Path:
    return storage.media(mask.path)


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
            "cut": photo.cut if made_by.cut is None else made_by.cut,
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
        _announce(restoration, Restoration.Verdict.NONE)


def keep_original(photo: Photo) -> None:
    with transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(keeper=None)
        bump_version(photo.album_id)


def retitle(photo: Photo, title: str) -> None:
    with transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(title=title)
        bump_version(photo.album_id)


def say_not_quite(restoration: Restoration, verdict: Restoration.Verdict) -> None:
    """Remember what is wrong with a restoration. It stops being the keeper."""
    with transaction.atomic():
        Restoration.objects.filter(pk=restoration.pk).update(verdict=verdict)
        Photo.objects.filter(pk=restoration.photo_id, keeper=restoration).update(
            keeper=None
        )
        bump_version(restoration.photo.album_id)
        _announce(restoration, verdict)


def _announce(restoration: Restoration, verdict: Restoration.Verdict) -> None:
    restoration_judged.send(
        sender=Restoration, restoration=restoration, verdict=verdict
    )
