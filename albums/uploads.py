"""An upload on its way in: parts are added at its end until all is there.

Whoever adds holds the upload's lock; what its row counts as arrived is on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from albums import names, services, storage
from albums.images import BadPicture, check_head
from albums.images.verdict import refuse_by_size
from albums.locks import Busy, hold, hold_one_of
from albums.models import Album, Photo, Upload, User

AT_ONCE = 3
# Enough of a file to tell its kind by, even where parts are tiny.
HEAD_BYTES = 64


@dataclass(frozen=True)
class Announced:
    """What is said of a file before its first byte."""

    name: str
    size: int
    fingerprint: str
    wish: str
    batch: UUID
    cut_pages: bool = False


class Refused(Exception):
    """This file is not taken in: `sentence` has its name, the reason and the limit."""

    def __init__(self, name: str, error: BadPicture) -> None:
        super().__init__(error.code)
        self.code = error.code
        self.sentence = _("%(name)s: %(reason)s") % {
            "name": name,
            "reason": error.sentence,
        }


class TooMany(Exception):
    """This person is sending enough at once already."""


class Gone(Exception):
    """The upload was dismissed meanwhile."""


def announce(said: Announced, *, album: Album, by: User) -> tuple[Upload, bool]:
    """The upload to go on with, and whether it is new. Raises Refused, DiskFull."""
    name = names.clean_name(said.name)
    try:
        refuse_by_size(said.size)
    except BadPicture as error:
        raise Refused(name, error) from error
    begun = _begun(said, album, by)
    if begun:
        return begun, False
    if not storage.has_room_for(said.size):
        raise storage.DiskFull
    upload = Upload.objects.create(
        album=album,
        owner=by,
        name=name,
        size=said.size,
        fingerprint=said.fingerprint,
        wish=said.wish,
        batch=said.batch,
        cut_pages=said.cut_pages,
    )
    return upload, True


def _begun(said: Announced, album: Album, by: User) -> Upload | None:
    if not said.fingerprint:
        return None
    same = Upload.objects.filter(
        owner=by,
        album=album,
        fingerprint=said.fingerprint,
        size=said.size,
        state=Upload.State.RECEIVING,
    )
    return same.order_by("-offset", "-pk").first()


def arrived(upload: Upload) -> int:
    """How many bytes are on disk for good."""
    if upload.state != Upload.State.RECEIVING:
        return upload.offset
    try:
        return min(upload.offset, storage.part_path(upload.code).stat().st_size)
    except FileNotFoundError:
        return 0


@contextmanager
def one_of_few(owner: User) -> Iterator[None]:
    """A place among the parts that one person may send at once. Raises TooMany."""
    folder = storage.upload_folder()
    places = (folder / f"person-{owner.pk}-{number}.lock" for number in range(AT_ONCE))
    with ExitStack() as place:
        try:
            place.enter_context(hold_one_of(places))
        except Busy as error:
            raise TooMany from error
        yield


@contextmanager
def held(upload: Upload) -> Iterator[Path]:
    """The file of an upload, for nobody else to write to. Raises Busy, Gone."""
    part = storage.part_path(upload.code)
    with hold(part.with_suffix(".lock")):
        try:
            upload.refresh_from_db()
        except Upload.DoesNotExist as error:
            raise Gone from error
        yield part


def receive(upload: Upload, part: Path, pieces: Iterable[bytes]) -> None:
    """Add to a held upload. Whatever ends this, the pieces that arrived whole count.

    Raises Refused when the first bytes tell that it is not a picture, DiskFull, and
    whatever `pieces` raises.
    """
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        writer = Writer(descriptor, arrived(upload))
        try:
            for piece in pieces:
                _look_at_head(upload, writer, piece)
                writer.add(piece)
        finally:
            _count(upload, writer)
    finally:
        os.close(descriptor)


class Writer:
    """Adds whole pieces at the end of an open file. `synced` is on disk for good."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self.descriptor = descriptor
        self.offset = self.synced = offset

    def head(self) -> bytes:
        return os.pread(self.descriptor, min(self.offset, HEAD_BYTES), 0)

    def add(self, piece: bytes) -> None:
        os.lseek(self.descriptor, self.offset, os.SEEK_SET)
        rest = memoryview(piece)
        with storage.room_needed():
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        self.offset += len(piece)

    def sync(self) -> None:
        with storage.room_needed():
            os.ftruncate(self.descriptor, self.offset)
            os.fsync(self.descriptor)
        self.synced = self.offset


def _look_at_head(upload: Upload, writer: Writer, piece: bytes) -> None:
    """Before those bytes are stored by which a kind of file is told."""
    needed = min(upload.size, HEAD_BYTES)
    if writer.offset >= needed or writer.offset + len(piece) < needed:
        return
    try:
        check_head(writer.head() + piece, upload.size)
    except BadPicture as error:
        raise _refuse(upload, error) from error


def _count(upload: Upload, writer: Writer) -> None:
    try:
        writer.sync()
    finally:
        upload.offset = writer.synced
        Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING).update(
            offset=writer.synced, touched=timezone.now()
        )


def finish(upload: Upload, part: Path) -> None:
    """Make photos of a held upload of which every byte is there.

    Raises Refused, Gone; and DiskFull or a database's error, after which it may be
    tried again.
    """
    try:
        added = services.add_photos(
            part,
            name=upload.name,
            album=upload.album,
            by=upload.owner,
            wish=upload.wish,
            batch=upload.batch,
            cut_pages=upload.cut_pages,
        )
    except BadPicture as error:
        raise _refuse(upload, error) from error
    with transaction.atomic():
        _end(upload, Upload.State.DONE, is_duplicate=added.duplicate)
        upload.photos.set(added.photos)
    part.with_suffix(".lock").unlink(missing_ok=True)


def _refuse(upload: Upload, error: BadPicture) -> Refused:
    refused = Refused(upload.name, error)
    _end(upload, Upload.State.REFUSED, sentence=refused.sentence)
    _forget_files(upload)
    return refused


def _end(upload: Upload, state: Upload.State, **changes: str | bool) -> None:
    receiving = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING)
    if not receiving.update(state=state, touched=timezone.now(), **changes):
        raise Gone
    upload.refresh_from_db()


def result_words(album: Album, *, count: int, is_duplicate: bool) -> str:
    if is_duplicate:
        return _("Already in %(album)s.") % {"album": album.title}
    words = ngettext(
        "Added to %(album)s.", "Added to %(album)s: %(count)d photos.", count
    )
    return words % {"album": album.title, "count": count}


def disk_full_words() -> str:
    return _(
        "The disk of this computer is full. Nothing was lost; ask whoever looks after it "
        "to make room, then add the file again."
    )


def photos_of(upload: Upload) -> list[Photo]:
    """What became of it, as far as its sender may still see that."""
    photos = Photo.objects.visible_to(upload.owner).filter(
        pk__in=upload.photos.values("pk")
    )
    return list(photos.select_related("album", "original").order_by("page", "pk"))


def dismiss(upload: Upload) -> None:
    """Forget an upload. Photos that it became stay."""
    upload.delete()
    _forget_files(upload)


def _forget_files(upload: Upload) -> None:
    part = storage.part_path(upload.code)
    part.unlink(missing_ok=True)
    part.with_suffix(".lock").unlink(missing_ok=True)
