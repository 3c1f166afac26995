from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from albums.images import BadPicture, Box, decode, inspect
from tests.albums.images.drawing import (
    Pixels,
    deep_ramp,
    display_p3,
    exif,
    pale_press,
    png,
    png_chunk,
    saved,
    scene,
)


def distance(one: Pixels, other: Pixels) -> float:
    """Mean absolute difference in parts of the whole range; shapes must agree."""
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    apart = np.abs(one.astype(np.int64) - other.astype(np.int64))
    return float(apart.mean() / np.iinfo(one.dtype).max)


def decoded(path: Path, page: int = 0) -> Pixels:
    return decode(path, page=page, into=path.with_suffix(".raw"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jpg", {"quality": 95, "subsampling": 0}),
        ("progressive.jpg", {"quality": 95, "progressive": True}),
        ("a.png", {}),
        ("a.webp", {"lossless": True}),
        ("lossy.webp", {"quality": 95}),
        ("a.tif", {}),
        ("lzw.tif", {"compression": "tiff_lzw"}),
        ("deflate.tif", {"compression": "tiff_adobe_deflate"}),
        ("jpeg.tif", {"compression": "jpeg", "quality": 95}),
    ],
)
def test_colour_survives_every_format(
    tmp_path: Path, name: str, options: dict[str, int | str]
) -> None:
    path = saved(tmp_path / name, scene(), **options)
    assert distance(decoded(path), scene()) < 0.006
    page = inspect(path).pages[0]
    assert (page.width, page.height, page.bits, page.grey) == (240, 160, 8, False)


def test_heic(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(scene())).save(path, quality=95)
    assert distance(decoded(path), scene()) < 0.01
    assert not inspect(path).lossless


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_stays_grey(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(scene()).convert("L").convert(mode)
    path = saved(tmp_path / "a.png", image)
    assert inspect(path).pages[0].grey
    expected = np.asarray(image.convert("L"))
    assert np.array_equal(decoded(path), expected)


def test_fax_page_is_black_on_white(tmp_path: Path) -> None:
    page = Image.new("1", (64, 48), 1)
    page.paste(0, (0, 0, 32, 48))
    path = saved(tmp_path / "a.tif", page, compression="group4")
    pixels = decoded(path)
    assert (pixels[:, :32] == 0).all()
    assert (pixels[:, 32:] == 255).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(scene()).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 60, 160))
    path = saved(tmp_path / "a.png", image.convert(mode))
    pixels = decoded(path)
    assert (pixels[:, :60] == 255).all()
    assert abs(float(pixels[:, 60:].mean()) - scene()[:, 60:].mean()) < 12


def test_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (40, 20), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(1, (20, 0, 40, 20))
    path = saved(tmp_path / "a.png", image, transparency=0)
    pixels = decoded(path)
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert tuple(pixels[0, 30]) == (200, 100, 50)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_deep_grey_is_neither_white_nor_cut(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / name, deep_ramp())
    assert np.array_equal(decoded(path), deep_ramp())
    page = inspect(path).pages[0]
    assert (page.bits, page.grey) == (16, True)


def test_deep_grey_that_counts_from_white(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    saved(path, 65535 - deep_ramp(), tiffinfo={262: 0})
    assert np.array_equal(decoded(path), deep_ramp())


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_deep_colour_keeps_all_its_tones(tmp_path: Path, name: str) -> None:
    deep = np.dstack([deep_ramp(), deep_ramp()[:, ::-1], deep_ramp() // 2])
    path = tmp_path / name
    cv2.imwrite(str(path), deep[..., ::-1])
    assert np.array_equal(decoded(path), deep)
    page = inspect(path).pages[0]
    assert (page.bits, page.grey) == (16, False)


def test_deep_transparency_becomes_white(tmp_path: Path) -> None:
    clear = np.zeros((20, 30, 4), np.uint16)
    clear[:, 15:] = 20000, 30000, 40000, 65535
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), clear)
    pixels = decoded(path)
    assert (pixels[:, :15] == 65535).all()
    assert tuple(pixels[0, 20]) == (40000, 30000, 20000)


def test_deep_planes_are_refused_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    saved(path, deep_ramp(), tiffinfo={277: 3, 284: 2, 258: (16, 16, 16), 262: 2})
    with pytest.raises(BadPicture) as refused:
        inspect(path)
    assert refused.value.code == "unsupported"
    assert "planes" in refused.value.sentence


@pytest.mark.parametrize("kind", ["F", "I"])
def test_decimal_and_32_bit_tones_are_refused_by_reason(
    tmp_path: Path, kind: str
) -> None:
    path = saved(tmp_path / "a.tif", Image.new(kind, (40, 30), 1))
    with pytest.raises(BadPicture) as refused:
        inspect(path)
    assert refused.value.code == "unsupported"
    assert "32-bit or decimal" in refused.value.sentence


def test_ink_without_a_profile(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", Image.fromarray(scene()).convert("CMYK"))
    assert distance(decoded(path), scene()) < 0.03


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_ink_goes_by_its_profile(tmp_path: Path, name: str) -> None:
    black = Image.new("CMYK", (32, 32), (0, 0, 0, 255))
    path = saved(tmp_path / name, black, icc_profile=pale_press())
    # Lightness 49.8 of 100 is sRGB grey 118.
    assert np.abs(decoded(path).astype(int) - 118).max() <= 4


def test_lab(tmp_path: Path) -> None:
    grey = Image.merge("LAB", [Image.new("L", (32, 32), v) for v in (128, 128, 128)])
    path = saved(tmp_path / "a.tif", grey)
    assert np.abs(decoded(path).astype(int) - 119).max() <= 3


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_wide_colours_become_srgb(tmp_path: Path, name: str) -> None:
    red = Image.new("RGB", (64, 64), (234, 51, 35))
    options = {"lossless": True} if name == "a.webp" else {}
    path = saved(tmp_path / name, red, icc_profile=display_p3(), **options)
    middle = decoded(path)[32, 32].astype(int)
    assert np.abs(middle - (255, 0, 0)).max() <= 6


def test_deep_wide_colours_keep_their_steps(tmp_path: Path) -> None:
    tones = np.linspace(20000, 24000, 1000).round().astype(">u2")
    row = np.repeat(tones, 3).tobytes()
    profile = b"P3\0\0" + zlib.compress(display_p3())
    data = zlib.compress(b"".join(b"\0" + row for _ in range(4)))
    chunks = (png_chunk(b"iCCP", profile), png_chunk(b"IDAT", data))
    path = tmp_path / "a.png"
    path.write_bytes(png(1000, 4, 16, 2, *chunks))
    pixels = decoded(path).astype(int)
    # Greys stay grey in any RGB with the same white and tone curve.
    assert np.abs(pixels[0] - tones.astype(int)[:, np.newaxis]).max() < 257
    assert np.diff(pixels[0, :, 0]).min() >= 0
    assert len(np.unique(pixels[0, :, 0])) > 500


@pytest.mark.parametrize("profile", [b"not a profile", display_p3()[:300], b""])
def test_a_broken_profile_is_ignored(tmp_path: Path, profile: bytes) -> None:
    path = saved(tmp_path / "a.png", scene(), icc_profile=profile)
    assert np.array_equal(decoded(path), scene())


@pytest.mark.parametrize("profile", [pale_press(), display_p3()])
def test_a_profile_for_other_pixels_is_ignored(tmp_path: Path, profile: bytes) -> None:
    grey = Image.fromarray(scene()).convert("L")
    path = saved(tmp_path / "a.png", grey, icc_profile=profile)
    assert np.array_equal(decoded(path), np.asarray(grey))


TURNS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
    99: lambda upright: upright,
    0: lambda upright: upright,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_orientation(tmp_path: Path, name: str, orientation: int) -> None:
    stored = np.ascontiguousarray(TURNS[orientation](scene()))
    options = {"lossless": True} if name == "a.webp" else {"quality": 95}
    path = saved(tmp_path / name, stored, exif=exif(orientation), **options)
    assert distance(decoded(path), scene()) < 0.01
    page = inspect(path).pages[0]
    assert (page.width, page.height) == (240, 160)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["colour", "grey", "deep", "packed"])
def test_orientation_of_tiff(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = {"deep": deep_ramp(), "grey": scene()[..., 0]}.get(kind, scene())
    stored = np.ascontiguousarray(TURNS[orientation](upright))
    options = {"compression": "tiff_lzw"} if kind == "packed" else {}
    notes = {274: orientation}
    path = saved(tmp_path / "a.tif", stored, tiffinfo=notes, **options)
    assert np.array_equal(decoded(path), upright)
    page = inspect(path).pages[0]
    assert (page.height, page.width) == upright.shape[:2]


def test_orientation_of_heic_is_not_followed_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(scene(), 1)))
    # pillow-heif writes this as HEIC's own rotation and keeps the EXIF note.
    turned = pillow_heif.from_pillow(stored)
    turned.save(path, exif=exif(6).tobytes(), quality=95)
    assert b"irot" in path.read_bytes()
    assert distance(decoded(path), scene()) < 0.01
    page = inspect(path).pages[0]
    assert (page.width, page.height) == (240, 160)


@pytest.mark.parametrize("orientation", TURNS)
def test_crop_is_in_upright_pixels(tmp_path: Path, orientation: int) -> None:
    stored = np.ascontiguousarray(TURNS[orientation](scene()))
    path = saved(tmp_path / "a.png", stored, exif=exif(orientation))
    part = decode(path, crop=Box(10, 20, 90, 50), into=tmp_path / "raw")
    assert np.array_equal(part, scene()[20:50, 10:90])


def test_every_page_is_a_picture(tmp_path: Path) -> None:
    pages = [Image.new("L", (30 + number, 20), 60 * number) for number in range(4)]
    path = saved(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    assert [page.width for page in inspect(path).pages] == [30, 31, 32, 33]
    assert [page.number for page in inspect(path).pages] == [0, 1, 2, 3]
    for number in range(4):
        assert (decoded(path, page=number) == 60 * number).all()


def test_deep_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    first, second = np.dstack([deep_ramp()] * 3), np.dstack([deep_ramp() // 3] * 3)
    cv2.imwritemulti(str(path), [first, second])
    assert np.array_equal(decoded(path, page=0), first)
    assert np.array_equal(decoded(path, page=1), second)


def test_previews_inside_a_tiff_are_not_pages(tmp_path: Path) -> None:
    preview = Image.new("RGB", (16, 16), "red")
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    path = saved(
        tmp_path / "a.tif",
        Image.new("RGB", (64, 64), "blue"),
        save_all=True,
        append_images=[preview],
    )
    assert [page.width for page in inspect(path).pages] == [64]


def test_animations_show_their_first_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), name) for name in ("red", "blue")]
    for name in ("a.png", "a.webp"):
        path = saved(
            tmp_path / name,
            frames[0],
            save_all=True,
            append_images=frames[1:],
            lossless=True,
        )
        assert tuple(decoded(path)[16, 16]) == (255, 0, 0)
        assert len(inspect(path).pages) == 1


def test_the_first_picture_of_a_pair_is_taken(tmp_path: Path) -> None:
    pair = [Image.new("RGB", (64, 64), name) for name in ("red", "blue")]
    path = tmp_path / "a.jpg"
    pair[0].save(path, "MPO", save_all=True, append_images=pair[1:])
    assert len(inspect(path).pages) == 1
    assert decoded(path)[32, 32, 0] > 240


def test_big_tiff(tmp_path: Path) -> None:
    entries = [
        (256, 4, 1, 6),
        (257, 4, 1, 4),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 16, 1, 16),
        (277, 3, 1, 1),
        (278, 4, 1, 4),
        (279, 16, 1, 24),
    ]
    directory = struct.pack("<Q", len(entries))
    directory += b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
    data = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 40) + bytes(range(24)) + directory
    path = tmp_path / "a.tif"
    path.write_bytes(data + bytes(8))
    assert np.array_equal(decoded(path), np.arange(24, dtype=np.uint8).reshape(4, 6))


def test_the_array_cannot_be_written(tmp_path: Path) -> None:
    pixels = decoded(saved(tmp_path / "a.png", scene()))
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 0


def test_a_crop_outside_the_page_is_an_error(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene())
    with pytest.raises(BadPicture):
        decode(path, crop=Box(240, 0, 300, 100), into=tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_missing_file_is_no_bad_picture(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "gone.jpg")
