from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from albums.images import BadPicture, Box, make_full, make_renditions
from tests.albums.images.drawing import (
    Pixels,
    deep_ramp,
    display_p3,
    exif,
    jpeg_bytes,
    saved,
    scene,
)


def renditions(path: Path, **options: Any) -> dict[int, Image.Image]:
    folder = path.parent
    targets = {400: folder / "400.jpg", 1600: folder / "1600.jpg"}
    make_renditions(path, targets=targets, **options)
    return {side: Image.open(target) for side, target in targets.items()}


def apart(image: Image.Image, truth: Pixels) -> float:
    small = Image.fromarray(truth).resize(image.size, Image.Resampling.LANCZOS)
    there = np.asarray(image).astype(float)
    return float(np.abs(there - np.asarray(small)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("subsampling", [0, 2])
def test_upright_from_jpeg(tmp_path: Path, orientation: int, subsampling: int) -> None:
    turns = {5: (0, 1), 6: (1, 0), 7: (2, 1), 8: (3, 0)}
    turns |= {1: (0, 0), 2: (2, 2), 3: (2, 0), 4: (0, 2)}
    # How it lies in the file: quarter turns, then transposed (1) or upside down (2).
    quarters, mirror = turns[orientation]
    stored = np.rot90(scene(2400, 1600), quarters)
    stored = {0: stored, 1: stored.swapaxes(0, 1), 2: stored[::-1]}[mirror]
    path = saved(
        tmp_path / "a.jpg",
        np.ascontiguousarray(stored),
        exif=exif(orientation),
        quality=95,
        subsampling=subsampling,
    )
    made = renditions(path)
    assert made[1600].size == (1600, 1067)
    assert made[400].size == (400, 267)
    assert apart(made[1600], scene(2400, 1600)) < 2
    assert apart(made[400], scene(2400, 1600)) < 2


@pytest.mark.parametrize("width", [1500, 1600, 1700, 3199, 3200, 6400])
def test_every_size_of_jpeg(tmp_path: Path, width: int) -> None:
    truth = scene(width, width // 8)
    path = saved(tmp_path / "a.jpg", truth, quality=95)
    made = renditions(path)
    assert made[1600].size[0] == min(width, 1600)
    assert made[400].size == (400, 50)
    assert apart(made[1600], truth) < 2


def test_detail_survives(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    rough = cv2.resize(rng.integers(0, 256, (300, 400), np.uint8), (4000, 3000))
    path = saved(tmp_path / "a.jpg", rough, quality=95)
    made = renditions(path)[1600]
    truth = Image.fromarray(rough).resize((1600, 1200), Image.Resampling.LANCZOS)
    error = np.asarray(made).astype(float) - np.asarray(truth)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 38


def test_small_pictures_are_not_enlarged(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        made = renditions(saved(tmp_path / name, scene(30, 20)))
        assert made[400].size == made[1600].size == (30, 20)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_crop(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / name, scene(2400, 1600), exif=exif(1))
    made = renditions(path, crop=Box(200, 100, 2200, 1100))
    assert made[1600].size == (1600, 800)
    assert apart(made[1600], scene(2400, 1600)[100:1100, 200:2200]) < 2


def test_crop_of_a_turned_jpeg(tmp_path: Path) -> None:
    stored = np.ascontiguousarray(np.rot90(scene(2400, 1600), 1))
    path = saved(tmp_path / "a.jpg", stored, exif=exif(6), quality=95)
    made = renditions(path, crop=Box(400, 200, 1200, 800))
    assert made[1600].size == (800, 600)
    assert apart(made[1600], scene(2400, 1600)[200:800, 400:1200]) < 2


def test_grey_deep_and_other_formats(tmp_path: Path) -> None:
    deep = saved(tmp_path / "deep.png", deep_ramp(1200, 900))
    assert (
        apart(renditions(deep)[400], (deep_ramp(1200, 900) // 257).astype(np.uint8)) < 2
    )
    heic = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(scene(800, 600))).save(heic, quality=90)
    assert apart(renditions(heic)[400], scene(800, 600)) < 3
    grey = saved(tmp_path / "grey.jpg", scene(800, 600)[..., 0], quality=95)
    assert renditions(grey)[400].mode == "L"
    ink = Image.fromarray(scene(800, 600)).convert("CMYK")
    made = renditions(saved(tmp_path / "ink.jpg", ink, quality=95))
    assert apart(made[400], scene(800, 600)) < 9


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_wide_colours_become_srgb(tmp_path: Path, name: str) -> None:
    red = Image.new("RGB", (800, 600), (234, 51, 35))
    path = saved(tmp_path / name, red, icc_profile=display_p3())
    middle = np.asarray(renditions(path)[400])[100, 100].astype(int)
    assert np.abs(middle - (255, 0, 0)).max() <= 6


def test_every_page(tmp_path: Path) -> None:
    pages = [Image.new("L", (640, 480), 80 * number) for number in range(3)]
    path = tmp_path / "a.tif"
    saved(path, pages[0], save_all=True, append_images=pages[1:])
    for number in range(3):
        made = renditions(path, page=number)
        assert np.abs(np.asarray(made[400]).astype(int) - 80 * number).max() <= 2


def test_full_size(tmp_path: Path) -> None:
    stored = np.ascontiguousarray(np.rot90(scene(900, 600), 1))
    path = saved(tmp_path / "a.png", stored, exif=exif(6))
    make_full(path, target=tmp_path / "full.jpg")
    made = Image.open(tmp_path / "full.jpg")
    assert made.size == (900, 600)
    assert apart(made, scene(900, 600)) < 2


def test_a_refused_picture_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(scene())[:400])
    with pytest.raises(BadPicture):
        renditions(path)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.jpg"]


def test_a_missing_folder_is_an_error_of_the_disk(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene())
    with pytest.raises(FileNotFoundError):
        make_full(path, target=tmp_path / "no" / "full.jpg")


def test_an_old_rendition_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "400.jpg"
    target.write_bytes(b"old")
    path = saved(tmp_path / "a.png", scene())
    make_renditions(path, targets={400: target})
    assert Image.open(target).size == (240, 160)
