"""What crashes and impatient people leave behind goes away; nothing else does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from albums import services, storage
from albums.models import Album, Original, Upload
from tests.albums import tus
from tests.pictures import drawn

HOURS_LATER = timedelta(hours=2)
A_WEEK_LATER = timedelta(days=7, hours=2)


def sweep_after(time: timedelta) -> int:
    return services.sweep_uploads(timezone.now() + time)


def placed(relative: str) -> Path:
    part = storage.new_part()
    part.write_bytes(b"left behind")
    return storage.put_in_place(part, relative)


@pytest.mark.parametrize(
    "relative",
    [
        storage.original_path(uuid4(), ".jpg"),
        storage.restoration_path(uuid4(), ".png"),
    ],
    ids=["original", "restoration"],
)
def test_file_without_a_row_goes_after_an_hour(db: None, relative: str) -> None:
    path = placed(relative)
    assert sweep_after(timedelta(minutes=59)) == 0
    assert path.exists()
    assert sweep_after(HOURS_LATER) == 1
    assert not path.exists()


def test_files_with_rows_stay(alice_client: Client, album: Album) -> None:
    tus.send(alice_client, album, drawn())
    sweep_after(timedelta(days=1000))
    assert storage.media(Original.objects.get().path).exists()


def test_abandoned_upload_goes_after_a_week(alice_client: Client, album: Album) -> None:
    url = tus.announce(alice_client, album, size=len(drawn()))["Location"]
    tus.add_part(alice_client, url, 0, drawn()[:500])
    part = storage.part_path(Upload.objects.get().code)
    sweep_after(timedelta(days=6))
    assert tus.offset_of(alice_client, url) == 500
    sweep_after(A_WEEK_LATER)
    assert not Upload.objects.exists()
    assert not part.exists()
    assert tus.find(alice_client, url).status_code == 404


def test_parts_keep_an_upload_alive(alice_client: Client, album: Album) -> None:
    url = tus.announce(alice_client, album, size=len(drawn()))["Location"]
    long_ago = timezone.now() - timedelta(days=30)
    Upload.objects.update(touched=long_ago)
    tus.add_part(alice_client, url, 0, drawn()[:500])
    sweep_after(timedelta())
    assert tus.offset_of(alice_client, url) == 500


def test_stray_parts_go_after_an_hour(db: None) -> None:
    part = storage.new_part()
    part.write_bytes(b"left behind")
    sweep_after(timedelta(minutes=1))
    assert part.exists()
    sweep_after(HOURS_LATER)
    assert not part.exists()


def test_places_of_people_are_no_leftovers(alice_client: Client, album: Album) -> None:
    tus.send(alice_client, album, drawn())
    (place,) = storage.upload_folder().iterdir()
    assert sweep_after(A_WEEK_LATER) == 0
    assert place.exists()
