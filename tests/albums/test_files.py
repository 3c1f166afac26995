"""Files of photos: who gets them, and with which words for the browser."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from albums import images, services, storage
from albums.models import Album, Member, Photo, Restoration, User
from albums.renditions import Size, photo_url, restoration_url
from albums.services import MadeBy
from tests.albums.drawings import pages_tiff
from tests.pictures import drawn

AddFile = Callable[..., Photo]


@pytest.fixture
def add_file(album: Album, alice: User) -> AddFile:
    def add(content: bytes = b"", name: str = "print.jpg") -> Photo:
        part = storage.new_part()
        part.write_bytes(content or drawn(800, 600))
        added = services.add_photos(
            part, name=name, album=album, by=alice, wish="", batch=uuid4()
        )
        return added.photos[0]

    return add


@pytest.fixture
def photo(add_file: AddFile) -> Photo:
    return add_file()


@pytest.fixture
def restoration(photo: Photo) -> Restoration:
    part = storage.new_part()
    pixels = np.full((600, 800, 3), 120, np.uint8)
    encoded = images.encode(pixels, part, lossless=False)
    made_by = MadeBy(attempt=uuid4(), provider="local", recipe="repair")
    return services.add_restoration(photo, part, encoded, made_by)


@pytest.fixture
def addresses(photo: Photo, restoration: Restoration) -> list[str]:
    return [
        *(photo_url(photo, size) for size in Size),
        *(restoration_url(restoration, size) for size in Size),
        f"/files/photos/{photo.code}/original/",
        f"/files/restorations/{restoration.code}/download/",
    ]


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


class TestWho:
    def test_owner_and_member(
        self, alice_client: Client, bob_client: Client, addresses: list[str]
    ) -> None:
        for client in (alice_client, bob_client):
            for address in addresses:
                assert client.get(address).status_code == 200, address

    def test_editor(self, bob_client: Client, addresses: list[str]) -> None:
        Member.objects.update(role=Member.Role.EDITOR)
        for address in addresses:
            assert bob_client.get(address).status_code == 200, address

    def test_stranger(self, charlie_client: Client, addresses: list[str]) -> None:
        for address in addresses:
            answer = charlie_client.get(address)
            assert answer.status_code == 404, address
            assert not answer.has_header("ETag")

    def test_stranger_is_told_nothing_by_what_a_browser_kept(
        self, alice_client: Client, charlie_client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            headers = {"If-None-Match": alice_client.get(address)["ETag"]}
            assert alice_client.get(address, headers=headers).status_code == 304
            assert charlie_client.get(address, headers=headers).status_code == 404

    def test_signed_out(self, client: Client, addresses: list[str]) -> None:
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 302, address
            assert "/accounts/login/" in answer["Location"]

    def test_no_longer_a_member(self, bob_client: Client, addresses: list[str]) -> None:
        assert bob_client.get(addresses[0]).status_code == 200
        Member.objects.all().delete()
        for address in addresses:
            assert bob_client.get(address).status_code == 404, address

    def test_nothing_changes_by_looking(
        self, alice_client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            assert alice_client.post(address).status_code == 405


class TestWords:
    def test_every_file_is_harmless(
        self, alice_client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            answer = alice_client.get(address)
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "Cookie" in answer["Vary"]
            assert "private" in answer["Cache-Control"]

    def test_renditions_are_kept_for_good(
        self, alice_client: Client, photo: Photo
    ) -> None:
        answer = alice_client.get(photo_url(photo, Size.SMALL))
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["Content-Disposition"].startswith("inline")

    def test_downloads_are_asked_for_again(
        self, alice_client: Client, addresses: list[str]
    ) -> None:
        for address in addresses[-2:]:
            answer = alice_client.get(address)
            assert answer["Cache-Control"] == "private, no-cache"
            assert answer["Content-Disposition"].startswith("attachment; filename")

    def test_original_comes_back_byte_for_byte(
        self, alice_client: Client, add_file: AddFile
    ) -> None:
        content = drawn(format="PNG")
        photo = add_file(content, name="Oma & Opa, Café 1962.PNG")
        answer = alice_client.get(f"/files/photos/{photo.code}/original/")
        assert body(answer) == content
        assert answer["Content-Type"] == "image/png"
        assert answer["Content-Length"] == str(len(content))
        name = "Oma%20%26%20Opa%2C%20Caf%C3%A9%201962.PNG"
        assert answer["Content-Disposition"] == f"attachment; filename*=utf-8''{name}"

    def test_kind_is_told_by_content_not_by_name(
        self, alice_client: Client, add_file: AddFile
    ) -> None:
        photo = add_file(drawn(format="PNG"), name="trick.html")
        answer = alice_client.get(f"/files/photos/{photo.code}/original/")
        assert answer["Content-Type"] == "image/png"
        assert 'filename="trick.html.png"' in answer["Content-Disposition"]

    def test_restoration_is_named_after_the_photo(
        self, alice_client: Client, restoration: Restoration
    ) -> None:
        answer = alice_client.get(f"/files/restorations/{restoration.code}/download/")
        assert 'filename="print - restored.jpg"' in answer["Content-Disposition"]
        assert body(answer) == storage.media(restoration.path).read_bytes()


class TestRenditions:
    @pytest.mark.parametrize(
        ("size", "longest"), [(Size.SMALL, 400), (Size.LARGE, 800), (Size.FULL, 800)]
    )
    def test_size(
        self, alice_client: Client, photo: Photo, size: Size, longest: int
    ) -> None:
        shown = Image.open(io.BytesIO(body(alice_client.get(photo_url(photo, size)))))
        assert shown.format == "JPEG"
        assert max(shown.size) == longest

    def test_of_a_restoration(
        self, alice_client: Client, restoration: Restoration
    ) -> None:
        address = restoration_url(restoration, Size.SMALL)
        shown = Image.open(io.BytesIO(body(alice_client.get(address))))
        assert shown.size == (400, 300)
        assert abs(np.asarray(shown).astype(int) - 120).max() <= 4

    def test_of_the_second_page(self, alice_client: Client, add_file: AddFile) -> None:
        first = add_file(pages_tiff(2), name="letter.tif")
        second = Photo.objects.get(original=first.original, page=1)
        addresses = [photo_url(each, Size.LARGE) for each in (first, second)]
        shown = [body(alice_client.get(address)) for address in addresses]
        assert shown[0] != shown[1]

    def test_other_key_or_size(
        self, alice_client: Client, photo: Photo, restoration: Restoration
    ) -> None:
        key = photo_url(photo, Size.SMALL).rsplit("/", 1)[1]
        others = restoration_url(restoration, Size.SMALL).rsplit("/", 1)[1]
        assert (
            alice_client.get(f"/files/photos/{photo.code}/400/{key}").status_code == 200
        )
        for wrong in (
            f"/files/photos/{photo.code}/400/{others}",
            f"/files/photos/{photo.code}/400/{'0' * 24}.jpg",
            f"/files/photos/{photo.code}/500/{key}",
            f"/files/photos/{photo.code}/../{key}",
        ):
            assert alice_client.get(wrong).status_code == 404, wrong


class TestMissing:
    def test_original_is_missing(
        self, alice_client: Client, photo: Photo, addresses: list[str]
    ) -> None:
        storage.media(photo.original.path).unlink()
        for address in addresses[:3]:
            answer = alice_client.get(address)
            assert answer.status_code == 404
            assert answer["Content-Type"] == "image/svg+xml"
            assert answer["Cache-Control"] == "no-store"
            assert "sandbox" in answer["Content-Security-Policy"]
            assert "cannot be shown" in answer.content.decode()
        answer = alice_client.get(addresses[-2])
        assert answer.status_code == 404
        assert "missing" in answer.content.decode()

    def test_original_is_damaged(self, alice_client: Client, photo: Photo) -> None:
        path = storage.media(photo.original.path)
        path.chmod(0o600)
        path.write_bytes(b"rust")
        assert alice_client.get(photo_url(photo, Size.SMALL)).status_code == 404

    def test_disk_is_full(
        self, alice_client: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(images, "make_renditions", full)
        answer = alice_client.get(photo_url(photo, Size.SMALL))
        assert answer.status_code == 503
        assert "full" in answer.content.decode()

    def test_rendition_that_is_there_needs_no_original(
        self, alice_client: Client, photo: Photo
    ) -> None:
        services.prepare_renditions(photo.pk)
        storage.media(photo.original.path).unlink()
        assert alice_client.get(photo_url(photo, Size.LARGE)).status_code == 200


class TestBehindAProxy:
    @pytest.fixture(autouse=True)
    def proxy(self, settings: Any) -> None:
        settings.X_ACCEL_PREFIX = "/internal/"

    def test_proxy_is_told_where_the_file_lies(
        self, alice_client: Client, photo: Photo
    ) -> None:
        answer = alice_client.get(f"/files/photos/{photo.code}/original/")
        assert answer.content == b""
        assert answer["X-Accel-Redirect"] == f"/internal/{photo.original.path}"
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["Content-Disposition"].startswith("attachment")
        address = photo_url(photo, Size.SMALL)
        shown = alice_client.get(address)["X-Accel-Redirect"]
        assert storage.media(shown.removeprefix("/internal/")).exists()

    def test_only_after_the_check(
        self, charlie_client: Client, client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            for stranger in (charlie_client, client):
                assert not stranger.get(address).has_header("X-Accel-Redirect")

    def test_missing_file(self, alice_client: Client, photo: Photo) -> None:
        storage.media(photo.original.path).unlink()
        answer = alice_client.get(f"/files/photos/{photo.code}/original/")
        assert answer.status_code == 404
