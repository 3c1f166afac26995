from __future__ import annotations

import pytest

from albums.images import Format
from albums.names import clean_name, download_name, title_from


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Summer 1962.jpg", "Summer 1962.jpg"),
        ("C:\\Users\\Oma\\scan.tif", "scan.tif"),
        ("/etc/passwd", "passwd"),
        ("../..", "Photo"),
        ("", "Photo"),
        ("\0\r\n\t", "Photo"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("  two   blanks .jpg ", "two blanks .jpg"),
        ("Cafe\u0301.jpg", "Caf\u00e9.jpg"),
    ],
)
def test_clean_name(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_long_name_keeps_its_ending() -> None:
    kept = clean_name("x" * 400 + ".jpeg")
    assert len(kept) == 255
    assert kept.endswith("x.jpeg")


def test_title() -> None:
    assert title_from("Oma 1.5.1962.jpg") == "Oma 1.5.1962"
    assert title_from("letter.tif", page=1) == "letter – page 2"
    assert title_from("100 % wool.tif", page=9) == "100 % wool – page 10"
    assert len(title_from("x" * 251 + ".tif", page=99)) == 255


@pytest.mark.parametrize(
    ("name", "format", "download"),
    [
        ("a.JPEG", Format.JPEG, "a.JPEG"),
        ("a.tiff", Format.TIFF, "a.tiff"),
        ("a.heif", Format.HEIC, "a.heif"),
        ("a.jpg", Format.PNG, "a.jpg.png"),
        ("a.html", Format.WEBP, "a.html.webp"),
        ("a", Format.TIFF, "a.tif"),
    ],
)
def test_download_name(name: str, format: Format, download: str) -> None:
    assert download_name(name, format) == download
