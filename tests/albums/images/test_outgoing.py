"""What is written: whole, within limits, and without a word about the family."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from albums.images import (
    Box,
    Format,
    decode,
    encode,
    inspect,
    make_full,
    make_renditions,
    sendable,
)
from albums.images.sending import without_notes
from tests.albums.images.drawing import (
    Pixels,
    deep_ramp,
    display_p3,
    exif,
    jpeg_bytes,
    saved,
    scene,
)

SECRETS = (b"grandmother", b"canary", b"Exif", b"http://ns.adobe.com", b"Photoshop 3.0")
# What Pillow tells of any file of these formats: coding, density, colour.
TECHNICAL = frozenset(
    {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive"}
    | {"progression", "adobe", "adobe_transform", "icc_profile", "srgb"}
    | {"loop", "background", "timestamp", "duration"}
)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">canary</x:xmpmeta>'


def telling_jpeg(folder: Path, orientation: int = 1) -> Path:
    """A JPEG with EXIF, GPS, an embedded preview, XMP, IPTC, a comment and a tail."""
    notes = exif(orientation)
    path = folder / "telling.jpg"
    Image.fromarray(scene(800, 600)).save(
        path, quality=92, exif=notes, xmp=XMP, comment=b"canary"
    )
    data = path.read_bytes()
    iptc = b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\x0ccanary" + bytes(6)
    iptc = b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc
    flash = b"\xff\xe2\0\x0eFPXR\0canary1"
    preview = jpeg_bytes(scene(160, 120))
    path.write_bytes(data[:2] + iptc + flash + data[2:] + preview + b"canary")
    return path


def telling_png(folder: Path) -> Path:
    note = PngInfo()
    note.add_text("Comment", "canary")
    note.add_itxt("XML:com.adobe.xmp", XMP.decode())
    path = folder / "telling.png"
    pixels = Image.fromarray(scene(800, 600))
    pixels.save(path, pnginfo=note, exif=exif(1), icc_profile=display_p3())
    return path


def telling_tiff(folder: Path) -> Path:
    notes = {270: "grandmother", 315: "canary", 700: XMP}
    return saved(folder / "telling.tif", scene(800, 600), tiffinfo=notes)


def assert_says_nothing(path: Path) -> None:
    data = path.read_bytes()
    assert not [secret for secret in SECRETS if secret in data]
    with Image.open(path) as image:
        assert not dict(image.getexif())
        assert set(image.info) <= TECHNICAL
        profile = image.info.get("icc_profile", b"")
    assert b"P3" not in profile
    if path.read_bytes()[:2] == b"\xff\xd8":
        assert data.count(b"\xff\xd8\xff") == 1
        assert data.endswith(b"\xff\xd9")


@pytest.mark.parametrize("draw", [telling_jpeg, telling_png, telling_tiff])
def test_nothing_that_is_made_tells(
    tmp_path: Path, draw: Callable[[Path], Path]
) -> None:
    path = draw(tmp_path)
    assert any(secret in path.read_bytes() for secret in SECRETS)
    made = [tmp_path / f"{number}" for number in range(6)]
    make_renditions(path, targets={400: made[0], 1600: made[1]})
    make_full(path, target=made[2])
    for target, formats in zip(made[3:], Format, strict=False):
        sendable(
            path,
            formats=[formats],
            max_bytes=None,
            max_width=None,
            max_height=None,
            into=target,
        )
    for target in made:
        assert_says_nothing(target)
    encoded = tmp_path / "encoded"
    for lossless in (True, False):
        encode(decode(path, into=tmp_path / "raw"), encoded, lossless=lossless)
        assert_says_nothing(encoded)


def sent(
    path: Path,
    *formats: Format,
    crop: Box | None = None,
    max_bytes: int | None = None,
    max_width: int | None = None,
    max_height: int | None = None,
) -> tuple[Path, tuple[str, int, int, bool]]:
    into = path.with_suffix(".sent")
    copy = sendable(
        path,
        crop=crop,
        formats=formats,
        max_bytes=max_bytes,
        max_width=max_width,
        max_height=max_height,
        into=into,
    )
    assert copy.size == into.stat().st_size
    with Image.open(into) as image:
        assert image.size == (copy.width, copy.height)
        assert (image.format or "").lower() == copy.format
    return into, (copy.format.value, copy.width, copy.height, copy.scaled)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_an_upright_jpeg_keeps_its_coded_picture(
    tmp_path: Path, options: dict[str, int]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(scene(800, 600), comment=b"canary", **options))
    into, copy = sent(path, Format.PNG, Format.JPEG, max_bytes=10**6)
    assert copy == ("jpeg", 800, 600, False)
    assert np.array_equal(np.asarray(Image.open(into)), np.asarray(Image.open(path)))
    assert_says_nothing(into)


def test_other_ways_of_coding_colour_survive_the_stripping(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(scene()).save(path, keep_rgb=True, quality=95, subsampling=0)
    bare = without_notes(path.read_bytes())
    (tmp_path / "bare.jpg").write_bytes(bare)
    truth = np.asarray(Image.open(path))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "bare.jpg")), truth)


def test_a_turned_jpeg_is_sent_upright(tmp_path: Path) -> None:
    into, copy = sent(telling_jpeg(tmp_path, orientation=6), Format.JPEG)
    assert copy == ("jpeg", 600, 800, False)
    turned = np.rot90(scene(800, 600), -1)
    assert np.abs(np.asarray(Image.open(into)).astype(int) - turned).mean() < 2


def test_lossless_pages_stay_lossless_where_that_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", scene(800, 600))
    into, copy = sent(path, Format.JPEG, Format.PNG)
    assert copy == ("png", 800, 600, False)
    assert np.array_equal(np.asarray(Image.open(into)), scene(800, 600))
    assert sent(path, Format.JPEG)[1] == ("jpeg", 800, 600, False)
    assert sent(path, Format.WEBP)[1] == ("webp", 800, 600, False)


def test_too_heavy_for_png_goes_as_jpeg_in_full_size(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (600, 800, 3), np.uint8)
    path = saved(tmp_path / "a.png", noise)
    limit = path.stat().st_size // 2
    assert sent(path, Format.PNG, Format.JPEG, max_bytes=limit)[1][0] == "jpeg"
    assert sent(path, Format.PNG, max_bytes=limit)[1][3]


def test_limits_in_pixels(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", scene(800, 600))
    assert sent(path, Format.JPEG, max_width=400)[1] == ("jpeg", 400, 300, True)
    assert sent(path, Format.JPEG, max_height=150)[1] == ("jpeg", 200, 150, True)
    assert sent(path, Format.JPEG, max_width=800)[1] == ("jpeg", 800, 600, False)


def test_limits_in_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (1200, 1600, 3), np.uint8)
    path = saved(tmp_path / "a.jpg", noise, quality=95, subsampling=0)
    whole = path.stat().st_size
    into, copy = sent(path, Format.JPEG, max_bytes=whole * 2 // 3)
    assert copy == ("jpeg", 1600, 1200, False)
    into, copy = sent(path, Format.JPEG, max_bytes=100_000)
    assert copy[3]
    assert into.stat().st_size <= 100_000


def test_a_part_is_sent_alone(tmp_path: Path) -> None:
    path = telling_jpeg(tmp_path)
    into, copy = sent(path, Format.JPEG, crop=Box(100, 100, 300, 200))
    assert copy == ("jpeg", 200, 100, False)
    part = scene(800, 600)[100:200, 100:300].astype(int)
    assert np.abs(np.asarray(Image.open(into)) - part).mean() < 2


def test_what_can_never_be_sent_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene())
    with pytest.raises(ValueError, match="formats"):
        sent(path, Format.HEIC)
    with pytest.raises(ValueError, match="bytes"):
        sent(path, Format.JPEG, max_bytes=100)


DEEP = np.dstack([deep_ramp(), deep_ramp()[:, ::-1], deep_ramp() // 2])


@pytest.mark.parametrize("pixels", [deep_ramp(), DEEP])
@pytest.mark.parametrize("lossless", [True, False])
def test_sixteen_bits_come_back_as_they_went(
    tmp_path: Path, pixels: Pixels, lossless: bool
) -> None:
    path = tmp_path / "a"
    encoded = encode(pixels, path, lossless=lossless)
    assert encoded.format is Format.PNG
    assert np.array_equal(decode(path, into=tmp_path / "raw"), pixels)
    assert inspect(path).pages[0].bits == 16


@pytest.mark.parametrize("pixels", [scene(), scene()[..., 0], scene()[:, ::-1]])
def test_eight_bits(tmp_path: Path, pixels: Pixels) -> None:
    path = tmp_path / "a"
    encoded = encode(pixels, path, lossless=True)
    assert encoded.format is Format.PNG
    assert (encoded.width, encoded.height) == (240, 160)
    assert np.array_equal(decode(path, into=tmp_path / "raw"), pixels)
    encoded = encode(pixels, path, lossless=False)
    assert encoded.format is Format.JPEG
    back = decode(path, into=tmp_path / "raw").astype(int)
    assert np.abs(back - pixels).mean() < 1.5


def test_written_files_are_known_by_their_hash(tmp_path: Path) -> None:
    path = tmp_path / "a"
    first = encode(scene(), path, lossless=False)
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert first.size == path.stat().st_size
    assert encode(scene(), path, lossless=False) == first
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a"]


def test_jpegs_keep_colour_at_full_resolution_and_say_srgb(tmp_path: Path) -> None:
    encode(scene(), tmp_path / "a", lossless=False)
    data = (tmp_path / "a").read_bytes()
    frame = data.index(b"\xff\xc0")
    assert [data[frame + place] for place in (11, 14, 17)] == [0x11] * 3
    with Image.open(tmp_path / "a") as image:
        assert b"sRGB" in image.info["icc_profile"].replace(b"\0", b"")


def test_only_whole_numbers_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="8 and 16 bits"):
        encode(scene().astype(np.float32), tmp_path / "a", lossless=True)
