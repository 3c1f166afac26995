"""Sending files in parts: what arrives, what is answered, what goes on."""

from __future__ import annotations

import hashlib
import random
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from albums import storage, uploads
from albums.locks import hold
from albums.models import Album, Member, Original, Photo, Upload, User
from albums.services import create_album
from jobs.models import Batch, Job
from tests.albums import tus
from tests.albums.drawings import pages_tiff
from tests.pictures import drawn


def test_photo_arrives_byte_for_byte(alice_client: Client, album: Album) -> None:
    content = drawn()
    sent = tus.send(alice_client, album, content, name="Grandma 1962.JPG")
    photo = Photo.objects.get()
    assert sent.answer.status_code == 200
    assert sent.words["state"] == "done"
    assert sent.words["duplicate"] is False
    assert sent.words["album_title"] == "Summer 1962"
    assert sent.words["photos"][0]["code"] == str(photo.code)
    assert sent.words["photos"][0]["url"] == f"/photos/{photo.code}/"
    assert photo.title == "Grandma 1962"
    assert (photo.width, photo.height, photo.bits) == (320, 240, 8)
    assert photo.original.sha256 == hashlib.sha256(content).hexdigest()
    assert storage.media(photo.original.path).read_bytes() == content
    assert photo.original.format == "jpeg"
    assert not photo.original.lossless
    album.refresh_from_db()
    assert album.version > 0


def test_original_is_for_reading_only(alice_client: Client, album: Album) -> None:
    tus.send(alice_client, album, drawn())
    path = storage.media(Original.objects.get().path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    before = path.stat()
    tus.send(alice_client, album, drawn())
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_part_stays_behind(alice_client: Client, album: Album) -> None:
    tus.send(alice_client, album, drawn())
    tus.send(alice_client, album, drawn())
    tus.send(alice_client, album, b"not a picture at all, but long enough to tell" * 9)
    left = {path.name.partition("-")[0] for path in storage.upload_folder().iterdir()}
    assert left == {"person"}


@pytest.mark.parametrize("seed", range(8))
def test_any_split_gives_the_same_file(
    alice_client: Client, album: Album, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # repeatable is what matters here
    content = drawn(seed=seed, format=chance.choice(["JPEG", "PNG", "WEBP", "TIFF"]))
    longest = chance.choice([7, 3000, 70_000])
    answer = tus.announce(alice_client, album, size=len(content))
    url, offset = answer["Location"], 0
    while offset < len(content):
        many = len(content) / longest > 40
        length = len(content) // 40 if many and offset > 200 else longest
        part = content[offset : offset + chance.randint(1, length)]
        answer = tus.add_part(alice_client, url, offset, part)
        offset += len(part)
        assert answer["Upload-Offset"] == str(offset)
    assert answer.json()["state"] == "done"
    kept = Original.objects.get()
    assert storage.media(kept.path).read_bytes() == content
    assert kept.sha256 == hashlib.sha256(content).hexdigest()


def test_wish_starts_a_job_and_only_keep_none(
    alice_client: Client, album: Album
) -> None:
    batch = uuid4()
    tus.send(alice_client, album, drawn(seed=1), wish="repair", batch=batch)
    tus.send(alice_client, album, drawn(seed=2), wish="repair", batch=batch)
    tus.send(alice_client, album, drawn(seed=3), wish="", batch=batch)
    assert Photo.objects.count() == 3
    assert Job.objects.count() == 2
    assert Batch.objects.get().code == batch


def test_every_page_is_a_photo(alice_client: Client, album: Album) -> None:
    sent = tus.send(alice_client, album, pages_tiff(2), name="letter.tif")
    assert len(sent.words["photos"]) == 2
    titles = [photo.title for photo in Photo.objects.order_by("page")]
    assert titles == ["letter", "letter – page 2"]
    assert Original.objects.get().pages == 2
    assert Original.objects.get().lossless


class TestDuplicates:
    def test_same_bytes_are_answered_with_the_photo(
        self, alice_client: Client, album: Album
    ) -> None:
        first = tus.send(alice_client, album, drawn())
        again = tus.send(alice_client, album, drawn(), name="other name.jpg")
        assert again.words["duplicate"] is True
        assert again.words["sentence"] == "Already in Summer 1962."
        assert again.words["photos"] == first.words["photos"]
        assert Original.objects.count() == Photo.objects.count() == 1

    def test_one_in_this_album_comes_first(
        self, alice_client: Client, album: Album, alice: User, bob: User
    ) -> None:
        hidden = create_album(title="Bob's", owner=bob)
        bob_client = Client()
        bob_client.force_login(bob)
        tus.send(bob_client, hidden, drawn())
        tus.send(alice_client, album, drawn())
        Member.objects.create(album=hidden, user=alice, role=Member.Role.VIEWER)
        again = tus.send(alice_client, album, drawn())
        assert again.words["album_title"] == "Summer 1962"

    def test_what_one_may_not_see_is_not_known(
        self, alice_client: Client, album: Album, charlie: User, charlie_client: Client
    ) -> None:
        tus.send(alice_client, album, drawn())
        own = create_album(title="Charlie's", owner=charlie)
        sent = tus.send(charlie_client, own, drawn())
        assert sent.words["duplicate"] is False
        assert sent.words["album_title"] == "Charlie's"
        assert Original.objects.count() == 2

    def test_it_starts_no_job(self, alice_client: Client, album: Album) -> None:
        tus.send(alice_client, album, drawn())
        tus.send(alice_client, album, drawn(), wish="repair")
        assert not Job.objects.exists()


class TestGoingOn:
    def test_same_file_goes_on_where_it_stopped(
        self, alice_client: Client, album: Album
    ) -> None:
        content = drawn()
        said: dict[str, Any] = {"size": len(content), "fingerprint": "a1b2"}
        first = tus.announce(alice_client, album, **said)
        tus.add_part(alice_client, first["Location"], 0, content[:5000])
        again = tus.announce(alice_client, album, **said)
        assert (again.status_code, again["Upload-Offset"]) == (200, "5000")
        assert again["Location"] == first["Location"]
        rest = tus.add_part(alice_client, again["Location"], 5000, content[5000:])
        assert rest.json()["state"] == "done"
        assert storage.media(Original.objects.get().path).read_bytes() == content

    def test_other_people_and_albums_begin_anew(
        self, alice_client: Client, alice: User, album: Album, bob: User
    ) -> None:
        Member.objects.update(role=Member.Role.EDITOR)
        other = create_album(title="Other", owner=alice)
        bob_client = Client()
        bob_client.force_login(bob)
        said: dict[str, Any] = {"size": 9999, "fingerprint": "a1b2"}
        first = tus.announce(alice_client, album, **said)
        for answer in (
            tus.announce(bob_client, album, **said),
            tus.announce(alice_client, other, **said),
            tus.announce(alice_client, album, size=9998, fingerprint="a1b2"),
        ):
            assert answer.status_code == 201
            assert answer["Location"] != first["Location"]

    def test_offset_counts_what_is_on_disk(
        self, alice_client: Client, album: Album
    ) -> None:
        content = drawn()
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        tus.add_part(alice_client, url, 0, content[:6000])
        part = storage.part_path(Upload.objects.get().code)
        with part.open("r+b") as file:
            file.truncate(4000)
        assert tus.offset_of(alice_client, url) == 4000
        part.unlink()
        assert tus.offset_of(alice_client, url) == 0
        assert tus.add_part(alice_client, url, 0, content).json()["state"] == "done"

    def test_bytes_that_nobody_counted_are_written_over(
        self, alice_client: Client, album: Album
    ) -> None:
        """A server that died in mid-part leaves more on disk than its row says."""
        content = drawn()
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        tus.add_part(alice_client, url, 0, content[:5000])
        with storage.part_path(Upload.objects.get().code).open("ab") as file:
            file.write(b"x" * 50_000)
        assert tus.offset_of(alice_client, url) == 5000
        tus.add_part(alice_client, url, 5000, content[5000:])
        assert storage.media(Original.objects.get().path).read_bytes() == content

    def test_wrong_offset(self, alice_client: Client, album: Album) -> None:
        content = drawn()
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        tus.add_part(alice_client, url, 0, content[:5000])
        for offset in (0, 4999, 5001):
            answer = tus.add_part(alice_client, url, offset, content[5000:5100])
            assert (answer.status_code, answer["Upload-Offset"]) == (409, "5000")

    def test_lost_answer_is_given_again(
        self, alice_client: Client, album: Album
    ) -> None:
        content = drawn()
        sent = tus.send(alice_client, album, content)
        found = tus.find(alice_client, sent.url)
        assert found["Upload-Offset"] == found["Upload-Length"] == str(len(content))
        again = tus.add_part(alice_client, sent.url, len(content), b"")
        assert again.json() == sent.words

    def test_last_step_may_be_tried_again(
        self, alice_client: Client, album: Album, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = drawn()

        def no_room(*_: Any) -> None:
            raise storage.DiskFull

        with monkeypatch.context() as patch:
            patch.setattr(storage, "put_in_place", no_room)
            sent = tus.send(alice_client, album, content)
        assert sent.answer.status_code == 507
        assert not Photo.objects.exists()
        again = tus.add_part(alice_client, sent.url, len(content), b"")
        assert again.json()["state"] == "done"
        assert storage.media(Original.objects.get().path).read_bytes() == content

    def test_photo_that_cannot_be_kept_goes_back(
        self, alice_client: Client, album: Album, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = drawn()

        def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr(Photo.objects, "create", broken)
            with pytest.raises(RuntimeError):
                tus.send(alice_client, album, content)
        assert not Original.objects.exists()
        assert list(storage.media("originals").glob("*/*")) == []
        url = f"/uploads/{Upload.objects.get().code}/"
        assert tus.offset_of(alice_client, url) == len(content)
        again = tus.add_part(alice_client, url, len(content), b"")
        assert again.json()["state"] == "done"

    def test_dismissed_is_gone(self, alice_client: Client, album: Album) -> None:
        content = drawn()
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        tus.add_part(alice_client, url, 0, content[:5000])
        assert tus.dismiss(alice_client, url).status_code == 204
        assert list(storage.upload_folder().glob("*.part")) == []
        assert tus.find(alice_client, url).status_code == 404
        answer = tus.add_part(alice_client, url, 5000, content[5000:])
        assert answer.status_code == 404
        assert not Photo.objects.exists()

    def test_dismissing_leaves_the_photo(
        self, alice_client: Client, album: Album
    ) -> None:
        sent = tus.send(alice_client, album, drawn())
        assert tus.dismiss(alice_client, sent.url).status_code == 204
        assert Photo.objects.count() == 1


class TestAtTheSameTime:
    def test_one_sender_for_each_upload(
        self, alice_client: Client, album: Album
    ) -> None:
        content = drawn()
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        lock = storage.part_path(Upload.objects.get().code).with_suffix(".lock")
        with hold(lock):
            answer = tus.add_part(alice_client, url, 0, content)
        assert (answer.status_code, answer["Upload-Offset"]) == (423, "0")
        assert int(answer["Retry-After"]) > 0
        assert tus.add_part(alice_client, url, 0, content).json()["state"] == "done"

    def test_three_parts_for_each_person(
        self, alice_client: Client, album: Album, alice: User, bob: User
    ) -> None:
        Member.objects.update(role=Member.Role.EDITOR)
        bob_client = Client()
        bob_client.force_login(bob)
        content = drawn()
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        bobs = tus.announce(bob_client, album, size=len(content))["Location"]
        with (
            uploads.one_of_few(alice),
            uploads.one_of_few(alice),
            uploads.one_of_few(alice),
        ):
            answer = tus.add_part(alice_client, url, 0, content)
            assert answer.status_code == 429
            assert int(answer["Retry-After"]) > 0
            assert "3 files" in answer.json()["sentence"]
            assert tus.add_part(bob_client, bobs, 0, content).status_code == 200
        assert tus.add_part(alice_client, url, 0, content).status_code == 200


class TestDiskFull:
    def test_said_before_a_byte_is_sent(
        self, alice_client: Client, album: Album, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storage, "BYTES_KEPT_FREE", 1 << 60)
        answer = tus.announce(alice_client, album, size=1000)
        assert answer.status_code == 507
        assert "full" in answer.json()["sentence"]
        assert not Upload.objects.exists()

    def test_in_the_middle_of_a_part(
        self, alice_client: Client, album: Album, small_disk: Path
    ) -> None:
        content = drawn(900, 700, format="PNG")
        url = tus.announce(alice_client, album, size=len(content))["Location"]
        first = tus.add_part(alice_client, url, 0, content[:100_000])
        assert first["Upload-Offset"] == "100000"
        filler = small_disk / "filler"
        fill(filler)
        answer = tus.add_part(alice_client, url, 100_000, content[100_000:])
        assert answer.status_code == 507
        assert "full" in answer.json()["sentence"]
        arrived = tus.offset_of(alice_client, url)
        assert 100_000 <= arrived < len(content)
        assert not Photo.objects.exists()
        assert list(storage.media("originals").glob("*/*")) == []
        filler.unlink()
        rest = tus.add_part(alice_client, url, arrived, content[arrived:])
        assert rest.json()["state"] == "done"
        assert storage.media(Original.objects.get().path).read_bytes() == content


class TestWishes:
    def test_photo_counts_for_more_than_an_impossible_wish(
        self, alice_client: Client, album: Album
    ) -> None:
        sent = tus.send(alice_client, album, drawn(), wish="gold_plate")
        assert sent.words["state"] == "done"
        assert not Job.objects.exists()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(16_384))
            except OSError:
                return
