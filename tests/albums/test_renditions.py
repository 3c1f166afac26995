"""Renditions: made once, found again by their names, and disposable."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from albums import images, renditions, services, storage
from albums.models import Album, Photo, User
from albums.renditions import Size
from tests.pictures import drawn


@pytest.fixture
def photo(album: Album, alice: User) -> Photo:
    part = storage.new_part()
    part.write_bytes(drawn(800, 600))
    added = services.add_photos(
        part, name="a.jpg", album=album, by=alice, wish="", batch=uuid4()
    )
    return added.photos[0]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The originals that were decoded for small renditions."""
    decoded: list[Path] = []
    make = images.make_renditions

    def counted(path: Path, **wishes: Any) -> None:
        decoded.append(path)
        make(path, **wishes)

    monkeypatch.setattr(images, "make_renditions", counted)
    return decoded


def test_both_small_ones_in_one_go(photo: Photo, made: list[Path]) -> None:
    services.prepare_renditions(photo.pk)
    assert renditions.ensure(photo, Size.SMALL).exists()
    assert renditions.ensure(photo, Size.LARGE).exists()
    assert len(made) == 1
    assert {path.name for path in renditions.rendition_files()} == {
        renditions.source_of(photo).file(size).name for size in (Size.SMALL, Size.LARGE)
    }


def test_made_once_for_all_who_ask_at_once(photo: Photo, made: list[Path]) -> None:
    together = threading.Barrier(6)
    found = []

    def ask() -> None:
        together.wait()
        found.append(renditions.ensure(photo, Size.SMALL))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert found == [renditions.source_of(photo).file(Size.SMALL)] * 6


def test_photo_that_is_gone_is_no_trouble(db: None) -> None:
    services.prepare_renditions(12345)
    assert list(storage.media("renditions").glob("**/*.jpg")) == []


def test_key_depends_on_page_crop_and_bytes(photo: Photo) -> None:
    def key() -> str:
        return renditions.source_of(photo).key

    keys = [key()]
    photo.page = 1
    keys.append(key())
    photo.crop_left, photo.crop_top, photo.crop_right, photo.crop_bottom = 0, 0, 9, 9
    keys.append(key())
    photo.crop_bottom = 8
    keys.append(key())
    photo.crop_angle = 2.5
    keys.append(key())
    photo.original.sha256 = "0" * 64
    keys.append(key())
    assert len(set(keys)) == 6


class TestPruning:
    def test_what_is_needed_stays(self, photo: Photo) -> None:
        services.prepare_renditions(photo.pk)
        renditions.ensure(photo, Size.FULL)
        call_command("prune_renditions", verbosity=0)
        assert len(list(renditions.rendition_files())) == 3

    def test_old_full_size_goes(self, photo: Photo) -> None:
        services.prepare_renditions(photo.pk)
        full = renditions.ensure(photo, Size.FULL)
        call_command("prune_renditions", "--days=0", verbosity=0)
        assert not full.exists()
        assert len(list(renditions.rendition_files())) == 2

    def test_what_nobody_needs_goes_when_old(self, photo: Photo) -> None:
        services.prepare_renditions(photo.pk)
        wanted = {renditions.source_of(photo).key}
        photo.original.sha256 = "0" * 64
        newest = renditions.source_of(photo).key
        assert renditions.prune({newest}, unwanted_before=0, full_before=0) == 0
        late = 4e9
        assert renditions.prune(wanted, unwanted_before=late, full_before=0) == 0
        assert renditions.prune({newest}, unwanted_before=late, full_before=0) == 2

    def test_all_go_and_come_back(self, photo: Photo) -> None:
        before = renditions.ensure(photo, Size.SMALL).read_bytes()
        call_command("prune_renditions", "--all", verbosity=0)
        assert list(renditions.rendition_files()) == []
        assert renditions.ensure(photo, Size.SMALL).read_bytes() == before
