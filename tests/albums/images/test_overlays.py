"""Close-ups, coloured maps and masks, as the helper makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from albums.images import BadPicture, Box, cut_out, make_mask, tint
from tests.albums.images.drawing import exif, saved, scene


def test_parts_are_cut_out_of_the_upright_picture(tmp_path: Path) -> None:
    upright = scene(600, 400)
    stored = np.ascontiguousarray(np.rot90(upright))
    path = saved(tmp_path / "a.jpg", stored, exif=exif(6), quality=95)
    boxes = {
        Box(100, 50, 300, 250): tmp_path / "one.jpg",
        Box(500, 300, 700, 500): tmp_path / "two.jpg",
    }
    cut_out(path, targets=boxes)
    one, two = (np.asarray(Image.open(target)) for target in boxes.values())
    assert one.shape == (200, 200, 3)
    # What lies beyond the picture is not in it.
    assert two.shape == (100, 100, 3)
    assert np.abs(one.astype(int) - upright[50:250, 100:300]).mean() < 3
    assert np.abs(two.astype(int) - upright[300:, 500:]).mean() < 3


def test_large_parts_are_made_smaller(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", scene(1500, 1200), quality=95)
    cut_out(path, targets={Box(0, 0, 1200, 1000): tmp_path / "one.jpg"})
    assert Image.open(tmp_path / "one.jpg").size == (480, 400)


def test_parts_count_in_what_was_cut_out_of_the_page(tmp_path: Path) -> None:
    page = scene(600, 400)
    path = saved(tmp_path / "a.png", page)
    crop = Box(100, 100, 500, 300)
    cut_out(path, crop=crop, targets={Box(50, 50, 150, 150): tmp_path / "one.jpg"})
    part = np.asarray(Image.open(tmp_path / "one.jpg")).astype(int)
    assert np.abs(part - page[150:250, 150:250]).mean() < 3


def test_a_map_is_transparent_where_nothing_is_and_darker_where_more_is(
    tmp_path: Path,
) -> None:
    plane = np.zeros((40, 60, 3), np.uint8)
    plane[:, 20:40, 1], plane[:, 40:, 1] = 20, 200
    plane[:, :, 0] = 255
    path = saved(tmp_path / "map.png", plane)
    tint(path, ramp="changes", layer=1, target=tmp_path / "tinted.png")
    image = Image.open(tmp_path / "tinted.png")
    assert (image.mode, image.size) == ("P", (60, 40))
    colours = np.asarray(image.convert("RGBA"))
    assert (colours[:, :20, 3] == 0).all()
    little, much = colours[0, 30].astype(int), colours[0, 50].astype(int)
    assert 0 < little[3] < much[3] < 255
    assert little[:3].sum() > much[:3].sum() + 100


def test_a_mask_covers_what_it_marks(tmp_path: Path) -> None:
    plane = np.zeros((40, 60), np.uint8)
    plane[10:20] = 255
    path = saved(tmp_path / "mask.png", plane)
    tint(path, ramp="marks", target=tmp_path / "tinted.png")
    alpha = np.asarray(Image.open(tmp_path / "tinted.png").convert("RGBA"))[:, :, 3]
    assert (alpha == plane).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1"])
def test_what_somebody_drew_becomes_white_on_black(tmp_path: Path, mode: str) -> None:
    drawn = np.zeros((30, 50), np.uint8)
    drawn[5:10, 5:45] = 250
    image = Image.fromarray(drawn).convert(mode)
    image.save(tmp_path / "drawn.png")
    encoded = make_mask(tmp_path / "drawn.png", tmp_path / "mask.png")
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    assert (encoded.width, encoded.height) == (50, 30)
    assert mask.dtype == np.uint8
    assert (mask == np.where(drawn, 255, 0)).all()


def test_what_is_no_picture_is_no_mask(tmp_path: Path) -> None:
    (tmp_path / "drawn.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(BadPicture):
        make_mask(tmp_path / "drawn.png", tmp_path / "mask.png")
    assert not (tmp_path / "mask.png").exists()
