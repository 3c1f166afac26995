"""Things that happen at the very same moment, with real transactions and threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from albums import images, services, storage
from albums.models import Album, Original, Photo, User
from albums.services import Added
from tests.pictures import drawn

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, act: Callable[[], Any]) -> None:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_same_file_twice_is_one_photo(
    album: Album, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have passed the first look for duplicates before any of them is stored."""
    together = threading.Barrier(3)
    inspect = images.inspect
    added: list[Added] = []

    def inspect_together(path: Path) -> Any:
        picture = inspect(path)
        together.wait(60)
        return picture

    def add() -> None:
        part = storage.new_part()
        part.write_bytes(drawn())
        added.append(
            services.add_photos(
                part, name="a.jpg", album=album, by=alice, wish="", batch=uuid4()
            )
        )

    monkeypatch.setattr(images, "inspect", inspect_together)
    at_once(3, add)
    assert sorted(each.duplicate for each in added) == [False, True, True]
    assert {each.photos for each in added} == {(Photo.objects.get(),)}
    kept = Original.objects.get()
    files = list(storage.media("originals").glob("*/*"))
    assert files == [storage.media(kept.path)]
    assert list(storage.upload_folder().iterdir()) == []


def test_photo_appears_with_its_file_or_not_at_all(
    album: Album, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between the two leaves a file that is swept up, no row."""

    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    part = storage.new_part()
    part.write_bytes(drawn())
    with monkeypatch.context() as patch:
        patch.setattr(services, "_store", die)
        patch.setattr(storage, "take_back", lambda *_: None)
        with pytest.raises(SystemExit):
            services.add_photos(
                part, name="a.jpg", album=album, by=alice, wish="", batch=uuid4()
            )
    assert not Photo.objects.exists()
    (left,) = storage.media("originals").glob("*/*")
    assert left.read_bytes() == drawn()
