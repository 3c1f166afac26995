"""What is not taken in: refused early, with a sentence, and nothing of it kept."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from albums import storage
from albums.images import MAX_BYTES
from albums.models import Album, Original, Photo, Upload
from tests.albums import tus
from tests.albums.drawings import huge_png
from tests.pictures import drawn

GIF = io.BytesIO()
Image.new("P", (40, 30)).save(GIF, "GIF")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' * 2
PAGE = b"<!doctype html><html><body><script>alert(1)</script></body></html>" * 2
CUT = drawn(600, 400)[:-3000]
BEGINS_WELL = drawn()[:200] + bytes(3000)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("party.gif", GIF.getvalue(), "GIF"),
        ("drawing.svg", SVG, "SVG"),
        ("page.jpg", PAGE, "web page"),
        ("letter.pdf", b"%PDF-1.7\n" + b"x" * 200, "PDF"),
        ("photos.zip", b"PK\3\4" + b"x" * 200, "ZIP"),
        ("huge.png", huge_png(), "150"),
        ("tiny.jpg", b"\xff", "picture"),
        ("cut.jpg", CUT, "damaged"),
        ("begins-well.jpg", BEGINS_WELL, "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_by_name_and_reason(
    alice_client: Client, album: Album, name: str, content: bytes, word: str
) -> None:
    sent = tus.send(alice_client, album, content, name=name)
    assert sent.answer.status_code == 200
    assert sent.words["state"] == "refused"
    assert sent.words["photos"] == []
    assert sent.words["sentence"].startswith(f"{name}: ")
    assert word in sent.words["sentence"]
    assert_nothing_kept()


def test_kind_is_told_before_a_byte_is_stored(
    alice_client: Client, album: Album
) -> None:
    """Of a large file, the first part is enough."""
    url = tus.announce(alice_client, album, size=50_000_000)["Location"]
    answer = tus.add_part(alice_client, url, 0, b"%PDF-1.7\n" + b"x" * 500_000)
    assert answer.json()["state"] == "refused"
    assert_nothing_kept()


def test_kind_is_told_from_tiny_parts(alice_client: Client, album: Album) -> None:
    url = tus.announce(alice_client, album, size=5000)["Location"]
    for offset in range(0, 60, 20):
        assert tus.add_part(alice_client, url, offset, b"%" * 20).status_code == 204
    answer = tus.add_part(alice_client, url, 60, b"%" * 20)
    assert answer.json()["state"] == "refused"


def test_verdict_is_given_again(alice_client: Client, album: Album) -> None:
    sent = tus.send(alice_client, album, SVG)
    offset = tus.offset_of(alice_client, sent.url)
    again = tus.add_part(alice_client, sent.url, offset, b"x" * 100)
    assert again.json() == sent.words


def test_others_go_on(alice_client: Client, album: Album) -> None:
    good = tus.announce(alice_client, album, size=len(drawn()))["Location"]
    tus.send(alice_client, album, SVG)
    assert tus.add_part(alice_client, good, 0, drawn()).json()["state"] == "done"


@pytest.mark.parametrize(
    ("size", "status", "words"),
    [(MAX_BYTES + 1, 413, "at most 100 MB"), (0, 422, "empty")],
)
def test_size(
    alice_client: Client, album: Album, size: int, status: int, words: str
) -> None:
    answer = tus.announce(alice_client, album, size=size, name="scan.tif")
    assert answer.status_code == status
    assert answer.json()["sentence"].startswith("scan.tif: ")
    assert words in answer.json()["sentence"]
    assert not Upload.objects.exists()


def test_largest_size_is_welcome(alice_client: Client, album: Album) -> None:
    assert tus.announce(alice_client, album, size=MAX_BYTES).status_code == 201


class TestProtocol:
    def test_part_over_the_limit(
        self, alice_client: Client, album: Album, settings: Any
    ) -> None:
        settings.UPLOAD_PART_BYTES = 1000
        url = tus.announce(alice_client, album, size=5000)["Location"]
        answer = tus.add_part(alice_client, url, 0, drawn()[:1001])
        assert answer.status_code == 413
        assert tus.offset_of(alice_client, url) == 0
        assert tus.add_part(alice_client, url, 0, drawn()[:1000]).status_code == 204

    def test_more_than_announced(self, alice_client: Client, album: Album) -> None:
        url = tus.announce(alice_client, album, size=5000)["Location"]
        assert tus.add_part(alice_client, url, 0, bytes(5001)).status_code == 413
        assert tus.add_part(alice_client, url, 6000, b"").status_code == 413

    def test_other_content_type(self, alice_client: Client, album: Album) -> None:
        url = tus.announce(alice_client, album, size=5000)["Location"]
        headers = {**tus.VERSION, "Upload-Offset": "0"}
        answer = alice_client.patch(url, b"x", "text/plain", headers=headers)
        assert answer.status_code == 415

    @pytest.mark.parametrize("offset", ["", "-1", "1e3", "x", "9" * 30])
    def test_offset_must_be_a_number(
        self, alice_client: Client, album: Album, offset: str
    ) -> None:
        url = tus.announce(alice_client, album, size=5000)["Location"]
        headers = {**tus.VERSION, "Upload-Offset": offset}
        answer = alice_client.patch(url, b"x", tus.PART_TYPE, headers=headers)
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "facts",
        [
            "filename !!!",
            "filename /w==",
            "album QQ==",
            "",
            tus.metadata(album="c6b7b1f0-9e0f-4b4e-8f4e-000000000000", batch="x"),
            tus.metadata(album="c6b7b1f0-9e0f-4b4e-8f4e-000000000000", wish="A B"),
            tus.metadata(album="c6b7b1f0-9e0f-4b4e-8f4e-000000000000", fingerprint="ü"),
        ],
    )
    def test_description_must_make_sense(
        self, alice_client: Client, album: Album, facts: str
    ) -> None:
        headers = {**tus.VERSION, "Upload-Length": "9", "Upload-Metadata": facts}
        answer = alice_client.post("/uploads/", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["sentence"]

    def test_length_must_be_said(self, alice_client: Client, album: Album) -> None:
        facts = tus.metadata(filename="a.jpg", album=str(album.code))
        headers = {**tus.VERSION, "Upload-Metadata": facts}
        assert alice_client.post("/uploads/", headers=headers).status_code == 400

    def test_other_version(self, alice_client: Client, album: Album) -> None:
        answer = alice_client.post("/uploads/", headers={"Tus-Resumable": "0.2.2"})
        assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")

    def test_options_say_what_is_possible(
        self, alice_client: Client, album: Album
    ) -> None:
        answer = alice_client.options("/uploads/")
        assert answer.status_code == 204
        assert answer["Tus-Version"] == "1.0.0"
        assert answer["Tus-Extension"] == "creation,termination"
        assert answer["Tus-Max-Size"] == str(MAX_BYTES)

    def test_other_methods(self, alice_client: Client, album: Album) -> None:
        url = tus.announce(alice_client, album, size=5000)["Location"]
        assert alice_client.get("/uploads/").status_code == 405
        assert alice_client.get(url).status_code == 405
        assert alice_client.post(url, headers=tus.VERSION).status_code == 405

    def test_answers_are_not_kept(self, alice_client: Client, album: Album) -> None:
        url = tus.announce(alice_client, album, size=5000)["Location"]
        found = tus.find(alice_client, url)
        assert found["Cache-Control"] == "no-store"
        assert found["Tus-Resumable"] == "1.0.0"
        assert found["Upload-Length"] == "5000"


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\evil.jpg",
        "a\0b.jpg",
        "photo\u202egpj.exe",
        "x" * 300 + ".jpg",
        "two.jpg.html",
        "",
        "<img src=x onerror=alert(1)>.jpg",
    ],
)
def test_odd_names_never_reach_the_disk(
    alice_client: Client, album: Album, name: str
) -> None:
    sent = tus.send(alice_client, album, drawn(), name=name)
    assert sent.words["state"] == "done"
    kept = Original.objects.get()
    assert kept.path == f"originals/{kept.code.hex[:2]}/{kept.code.hex}.jpg"
    assert 0 < len(kept.name) <= 255
    assert not any(sign in kept.name for sign in "/\\\0\u202e")


def assert_nothing_kept() -> None:
    assert not Photo.objects.exists()
    assert not Original.objects.exists()
    assert list(storage.upload_folder().glob("*.part")) == []
    assert list(storage.media("originals").glob("*/*")) == []
