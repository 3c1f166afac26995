"""Adding photos without scripting: a plain form, one file per request."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from albums import form_uploads, storage
from albums.images import verdict
from albums.models import Album, Member, Original, Photo, User
from jobs.models import Batch, Job
from tests.pictures import drawn


def post(client: Client, album: Album, content: bytes | None, **fields: Any) -> Any:
    name = fields.pop("name", "print.jpg")
    if content is not None:
        fields["file"] = SimpleUploadedFile(name, content)
    return client.post(f"/albums/{album.code}/add/", fields)


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_photo_is_added(alice_client: Client, album: Album) -> None:
    batch = uuid4()
    answer = post(alice_client, album, drawn(), wish="repair", batch=str(batch))
    photo = Photo.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/albums/{album.code}/add/"
    assert "Added to Summer 1962" in told(answer)
    assert f"/photos/{photo.code}/" in told(answer)
    assert storage.media(photo.original.path).read_bytes() == drawn()
    assert Job.objects.get().batch == Batch.objects.get(code=batch)


def test_large_file_is_kept_byte_for_byte(alice_client: Client, album: Album) -> None:
    content = drawn(1700, 1100, format="PNG")
    assert len(content) > 2_500_000
    post(alice_client, album, content)
    assert storage.media(Original.objects.get().path).read_bytes() == content


def test_only_keep(alice_client: Client, album: Album) -> None:
    post(alice_client, album, drawn(), wish="")
    assert Photo.objects.exists()
    assert not Job.objects.exists()


def test_duplicate(alice_client: Client, album: Album) -> None:
    post(alice_client, album, drawn())
    answer = post(alice_client, album, drawn())
    assert "Already in Summer 1962" in told(answer)
    assert f"/photos/{Photo.objects.get().code}/" in told(answer)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("page.html", b"<!doctype html><p>" + b"x" * 100, "web page"),
        ("cut.jpg", drawn(600, 400)[:-3000], "damaged"),
        ("empty.jpg", b"", "empty"),
    ],
)
def test_refused_with_a_sentence(
    alice_client: Client, album: Album, name: str, content: bytes, word: str
) -> None:
    answer = post(alice_client, album, content, name=name)
    assert answer.status_code == 302
    assert f"{name}: " in told(answer)
    assert word in told(answer)
    assert not Photo.objects.exists()
    assert_nothing_left()


def test_too_large_is_not_written(
    alice_client: Client, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_uploads, "MAX_BYTES", 100_000)
    monkeypatch.setattr(verdict, "MAX_BYTES", 100_000)
    written = count_written(monkeypatch)
    answer = post(alice_client, album, drawn(1500, 1000, format="PNG"), name="a.png")
    assert "a.png: This file has" in told(answer)
    assert not Photo.objects.exists()
    assert sum(written) <= 100_000
    assert_nothing_left()


def test_nothing_chosen(alice_client: Client, album: Album) -> None:
    assert "Choose a photo" in told(post(alice_client, album, None))


def test_disk_full(
    alice_client: Client, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BYTES_KEPT_FREE", 1 << 60)
    assert "full" in told(post(alice_client, album, drawn()))
    assert not Photo.objects.exists()


def test_editor_may_add_and_viewer_not(
    bob_client: Client, album: Album, bob: User
) -> None:
    assert post(bob_client, album, drawn()).status_code == 404
    Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
    assert post(bob_client, album, drawn()).status_code == 302
    assert Photo.objects.get().added_by == bob


def test_stranger_may_not_add(charlie_client: Client, album: Album) -> None:
    assert post(charlie_client, album, drawn()).status_code == 404
    assert not Photo.objects.exists()


def test_nothing_of_the_signed_out_is_written(
    client: Client, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = count_written(monkeypatch)
    answer = post(client, album, drawn())
    assert answer.status_code == 302
    assert "/accounts/login/" in answer["Location"]
    assert written == []


def test_files_are_taken_nowhere_else(
    alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = count_written(monkeypatch)
    file = SimpleUploadedFile("print.jpg", drawn())
    alice_client.post("/albums/new/", {"title": "New", "file": file})
    assert Album.objects.filter(title="New").exists()
    assert written == []


def count_written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes that the form's file handler wrote to disk, by piece."""
    written: list[int] = []
    handler = TemporaryFileUploadHandler
    write = handler.receive_data_chunk

    def counted(self: Any, raw_data: bytes, start: int) -> Any:
        written.append(len(raw_data))
        return write(self, raw_data, start)

    monkeypatch.setattr(handler, "receive_data_chunk", counted)
    return written


def assert_nothing_left() -> None:
    assert list(storage.upload_folder().glob("*.part")) == []
    assert list(Path(str(settings.FILE_UPLOAD_TEMP_DIR)).iterdir()) == []
