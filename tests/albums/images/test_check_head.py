from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from django.utils import translation
from PIL import Image

from albums.images import MAX_BYTES, BadPicture, Format, check_head
from tests.albums.images.drawing import scene


def drawn(name: str, **options: Any) -> bytes:
    out = BytesIO()
    Image.fromarray(scene()).save(out, name, **options)
    return out.getvalue()


def heic() -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(Image.fromarray(scene())).save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (drawn("JPEG"), Format.JPEG),
        (drawn("MPO"), Format.JPEG),
        (drawn("PNG"), Format.PNG),
        (drawn("WEBP"), Format.WEBP),
        (drawn("WEBP", lossless=True), Format.WEBP),
        (drawn("TIFF"), Format.TIFF),
        (drawn("TIFF", big_tiff=True), Format.TIFF),
        (heic(), Format.HEIC),
    ],
)
def test_known_by_content(data: bytes, expected: Format) -> None:
    assert check_head(data, len(data)) is expected
    assert check_head(data[:64], len(data)) is expected


def box(kind: bytes, *brands: bytes) -> bytes:
    body = kind + bytes(4) + b"".join(brands)
    return (8 + len(body)).to_bytes(4, "big") + b"ftyp" + body


@pytest.mark.parametrize(
    ("head", "code", "words"),
    [
        (drawn("GIF"), "unsupported", "a GIF picture"),
        (drawn("BMP"), "unsupported", "a BMP picture"),
        (drawn("ICO"), "unsupported", "an icon"),
        (drawn("EPS"), "unsupported", "an EPS drawing"),
        (drawn("JPEG2000"), "unsupported", "a JPEG 2000 picture"),
        (drawn("AVIF"), "unsupported", "an AVIF picture"),
        (drawn("PDF"), "not_a_picture", "a PDF document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported", "an SVG"),
        (b"<?xml version='1.0'?>\n<svg/>", "unsupported", "an SVG"),
        (b"\xff\x0a" + bytes(20), "unsupported", "JPEG XL"),
        (b"8BPS" + bytes(20), "unsupported", "Photoshop"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(20), "unsupported", "raw"),
        (box(b"crx ", b"crx ", b"isom"), "unsupported", "raw"),
        (box(b"mif1", b"mif1", b"avif"), "unsupported", "AVIF"),
        (box(b"isom", b"mp42"), "not_a_picture", "a video"),
        (b"PK\3\4" + bytes(20), "not_a_picture", "ZIP"),
        (b"RIFF\0\0\0\0WAVE" + bytes(20), "not_a_picture", "sound"),
        (b"<!doctype html><p>hello", "not_a_picture", "a text or a web page"),
        ("Grüße aus Köln".encode(), "not_a_picture", "a text or a web page"),
        (gzip.compress(b"hello", mtime=0), "not_a_picture", "an unknown kind"),
        (b"\xff", "not_a_picture", "JPEG, PNG, WebP, TIFF or HEIC"),
    ],
)
def test_refused_by_name_and_reason(head: bytes, code: str, words: str) -> None:
    with pytest.raises(BadPicture) as refused:
        check_head(head, len(head))
    assert refused.value.code == code
    assert words in refused.value.sentence


def test_size_is_judged_first() -> None:
    data = drawn("JPEG")
    assert check_head(data, MAX_BYTES) is Format.JPEG
    with pytest.raises(BadPicture) as refused:
        check_head(data, MAX_BYTES + 1)
    assert refused.value.code == "too_large"
    assert "has 101 MB, and at most 100 MB" in refused.value.sentence
    with pytest.raises(BadPicture) as refused:
        check_head(b"", 0)
    assert refused.value.code == "empty"


def test_pages_are_counted_before_they_are_stored() -> None:
    pages = [Image.new("1", (8, 8))] * 201
    out = BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(BadPicture) as refused:
        check_head(out.getvalue(), len(out.getvalue()))
    assert refused.value.code == "too_many_pages"
    assert "more than 200 pages" in refused.value.sentence


def test_all_pages_together_have_a_limit() -> None:
    pages = [Image.new("1", (12_000, 12_000))] * 11
    out = BytesIO()
    pages[0].save(
        out, "TIFF", save_all=True, append_images=pages[1:], compression="group4"
    )
    with pytest.raises(BadPicture) as refused:
        check_head(out.getvalue(), len(out.getvalue()))
    assert refused.value.code == "too_many_pixels"
    assert "1584 megapixels together" in refused.value.sentence


def test_sentences_follow_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = BadPicture("empty")
    with translation.override(None):
        assert refusal.sentence.startswith("This file is empty;")
    monkeypatch.setattr(translation, "gettext", lambda text: text)
    assert refusal.sentence.endswith(".")


def test_a_name_says_nothing(tmp_path: Path) -> None:
    assert check_head(drawn("PNG"), 1000) is Format.PNG
    assert Format.TIFF.extension == ".tif"
    assert Format.HEIC.media_type == "image/heic"
