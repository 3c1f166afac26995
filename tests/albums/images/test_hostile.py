"""Hostile files end soon and small; honest big ones pass."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from albums.images import BadPicture, Format, check_head, inspect, make_renditions
from albums.images.helper import Outcome, helper
from albums.images.wire import Request
from tests.albums.images.drawing import (
    display_p3,
    jpeg_bytes,
    png,
    png_chunk,
    saved,
    scan_bomb,
    scene,
)

MOST_CPU = 2.0
MOST_KILOBYTES = 300 * 1024


def blank_png(width: int, height: int, bits: int, colour: int, row: int) -> bytes:
    """All pixels zero, packed as tightly as deflate can; `height` is a multiple of 10."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    tenth = packer.compress(bytes((row + 1) * height // 10))
    tenth += packer.flush(zlib.Z_FULL_FLUSH)
    check = (row + 1) * height % 65521 << 16 | 1
    data = b"\x78\xda" + tenth * 10 + b"\3\0" + struct.pack(">I", check)
    return png(width, height, bits, colour, png_chunk(b"IDAT", data))


def text_bomb() -> bytes:
    swollen = zlib.compress(bytes(50 << 20), 9)
    note = png_chunk(b"zTXt", b"Comment\0\0" + swollen)
    return png(8, 8, 8, 0, note, png_chunk(b"IDAT", zlib.compress(bytes(72))))


def profile_bomb() -> bytes:
    swollen = zlib.compress(bytes(50 << 20), 9)
    note = png_chunk(b"iCCP", b"P3\0\0" + swollen)
    return png(8, 8, 8, 0, note, png_chunk(b"IDAT", zlib.compress(bytes(72))))


def claiming_jpeg(width: int, height: int) -> bytes:
    data = bytearray(jpeg_bytes(scene()))
    place = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, place + 5, height, width)
    return bytes(data)


def tiff_of_shared_strips(pages: int) -> bytes:
    """Many pages that all point to the same pixel data."""
    strip = bytes(40_000)
    data = b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip
    entries = [
        (256, 4, 200),
        (257, 4, 200),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 200),
        (279, 4, len(strip)),
    ]
    for number in range(pages):
        following = len(data) + 2 + 12 * len(entries) + 4
        data += struct.pack("<H", len(entries))
        for tag, kind, value in entries:
            data += struct.pack("<HHII", tag, kind, 1, value)
        data += struct.pack("<I", following if number < pages - 1 else 0)
    return data


def tiff_holding(jpeg: bytes, width: int, height: int) -> bytes:
    """A TIFF whose one strip is this JPEG."""
    entries = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 7),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, len(jpeg)),
    ]
    directory = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        directory += struct.pack("<HHII", tag, kind, 1, value)
    head = b"II*\0" + struct.pack("<I", 8 + len(jpeg))
    return head + jpeg + directory + bytes(4)


def endless_tiff() -> bytes:
    directory = struct.pack("<HHHIII", 1, 256, 4, 1, 8, 0)
    step = len(directory)
    data = bytearray(b"II*\0" + struct.pack("<I", 8))
    for number in range(3000):
        following = 8 + (number + 1) * step
        data += directory[:-4] + struct.pack("<I", following)
    return bytes(data)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "169 megapixels in half a megabyte": (
        lambda: blank_png(13000, 13000, 8, 2, 39000),
        "too_many_pixels",
    ),
    "88 megapixels with transparency": (
        lambda: blank_png(9380, 9380, 8, 6, 37520),
        "bomb",
    ),
    "149 megapixels of black and white": (
        lambda: blank_png(12200, 12200, 1, 0, 1525),
        "bomb",
    ),
    "a PNG that claims 60000 pixels a side": (
        lambda: png(60000, 60000, 8, 2),
        "too_many_pixels",
    ),
    "a JPEG that claims 65500 pixels a side": (
        lambda: claiming_jpeg(65500, 65500),
        "too_many_pixels",
    ),
    "a thousand scans": (scan_bomb, "bomb"),
    "a thousand scans inside a TIFF": (
        # libtiff itself gives up at a hundred.
        lambda: tiff_holding(scan_bomb(), 4000, 3000),
        "broken",
    ),
    "sixty scans of a hundred megapixels": (
        lambda: scan_bomb(54, 9990, 9990),
        "bomb",
    ),
    "a swollen note": (text_bomb, "bomb"),
    "a swollen profile": (profile_bomb, "bomb"),
    "pages that share their pixels": (lambda: tiff_of_shared_strips(150), "bomb"),
    "too many pages": (lambda: tiff_of_shared_strips(201), "too_many_pages"),
    "endless directories": (endless_tiff, "too_many_pages"),
}


def watched(path: Path) -> Outcome:
    return helper.watch(Request("inspect", str(path)))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon_and_small(tmp_path: Path, name: str) -> None:
    draw, code = HOSTILE[name]
    path = tmp_path / "hostile"
    path.write_bytes(draw())
    with pytest.raises(BadPicture) as refused:
        inspect(path)
    assert refused.value.code == code
    ending = watched(path).ending
    assert ending.cpu <= MOST_CPU
    assert ending.peak <= MOST_KILOBYTES


def test_bombs_are_seen_in_the_first_bytes() -> None:
    bomb = blank_png(9380, 9380, 8, 6, 37520)
    with pytest.raises(BadPicture) as refused:
        check_head(bomb[:4096], len(bomb))
    assert refused.value.code == "bomb"
    with pytest.raises(BadPicture) as refused:
        check_head(claiming_jpeg(65500, 65500)[:4096], 5_000_000)
    assert refused.value.code == "too_many_pixels"
    assert "4291 megapixels" in refused.value.sentence
    assert "150 megapixels" in refused.value.sentence


def test_the_largest_harmless_bomb_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(blank_png(5770, 5770, 8, 2, 17310))
    outcome = watched(path)
    assert outcome.answer is not None
    assert not outcome.answer.refused
    assert outcome.ending.cpu <= MOST_CPU
    assert outcome.ending.peak <= MOST_KILOBYTES


@pytest.mark.parametrize("missing", [2, 200, 5000])
def test_cut_short_jpeg(tmp_path: Path, missing: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(noise)[:-missing])
    with Image.open(path) as image:
        image.verify()
    with pytest.raises(BadPicture) as refused:
        inspect(path)
    assert refused.value.code == "broken"
    assert "cut short" in refused.value.sentence


@pytest.mark.parametrize("name", ["a.png", "deep.png", "a.webp", "a.tif", "deep.tif"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_cut_short(tmp_path: Path, name: str, part: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    deep = noise[..., 0].astype(np.uint16) * 257 + noise[..., 1]
    path = saved(tmp_path / name, deep if name.startswith("deep") else noise)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(BadPicture) as refused:
        inspect(path)
    assert refused.value.code == "broken"


def test_damage_that_only_the_check_sum_shows(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene(), compress_level=6)
    data = bytearray(path.read_bytes())
    data[-13] ^= 0xFF
    path.write_bytes(data)
    Image.open(path).load()
    with pytest.raises(BadPicture) as refused:
        inspect(path)
    assert refused.value.code == "broken"


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_ends_in_a_verdict(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    name = ("a.jpg", "a.png", "a.webp", "a.tif")[seed % 4]
    options = {"compression": "tiff_lzw"} if name == "a.tif" else {}
    path = saved(tmp_path / name, scene(), icc_profile=display_p3(), **options)
    data = bytearray(path.read_bytes())
    for place in rng.integers(8, len(data), 30):
        data[place] = rng.integers(256)
    path.write_bytes(data)
    try:
        make_renditions(path, targets={400: tmp_path / "out.jpg"})
        inspect(path)
    except BadPicture as refused:
        assert refused.sentence.endswith(".")
        assert str(tmp_path) not in refused.detail


def test_many_scan_marks_in_an_attachment_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(scene()) + b"\xff\xda" * 1000)
    assert len(inspect(path).pages) == 1


def test_a_page_behind_a_web_page_is_still_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(scene()) + b"<script>alert(1)</script>")
    make_renditions(path, targets={400: tmp_path / "out.jpg"})
    assert b"script" not in (tmp_path / "out.jpg").read_bytes()


def test_a_hundred_honest_megapixels_pass(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    tile = rng.integers(90, 160, (500, 600), dtype=np.uint8)
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(np.tile(tile, (20, 17)), quality=60))
    head = path.read_bytes()[: 8 << 20]
    assert check_head(head, path.stat().st_size) is Format.JPEG
    page = inspect(path).pages[0]
    assert (page.width, page.height) == (10200, 10000)
    make_renditions(path, targets={400: tmp_path / "out.jpg"})
    assert Image.open(tmp_path / "out.jpg").size == (400, 392)


def test_a_long_strip_passes(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.new("RGB", (20000, 3), "red"))
    make_renditions(path, targets={1600: tmp_path / "out.jpg"})
    assert Image.open(tmp_path / "out.jpg").size == (1600, 1)


LIMITED = """
from albums.images.limits import Budget, keep_within
keep_within(Budget(cpu=1, memory=50 << 20, output=1 << 20))
{act}
"""


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("bytes(20 << 20)", 0),
        ("bytes(80 << 20)", 1),
        ("while True: pass", -24),
        ("open('{file}', 'wb').write(bytes(1000))", 0),
        (
            "open('{file}', 'wb', buffering=0).write(bytes(2 << 20)) == 2 << 20 or 1/0",
            1,
        ),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own limits")
def test_the_kernel_keeps_the_limits(tmp_path: Path, act: str, outcome: int) -> None:
    code = LIMITED.format(act=act.format(file=tmp_path / "a"))
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert ended.returncode == outcome
