"""What a manifest may say, and that every refusal says what to write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jobs.engine.own import manifest
from jobs.engine.own.spec import Kind, Layout, Range, Role
from jobs.engine.own.trouble import BadModel

GUIDE = Path(__file__).parents[3] / "docs" / "own_models.md"
USUAL = {"title": "T", "role": "restore", "licence": "MIT", "source": "here"}


def refusal(**values: Any) -> str:
    with pytest.raises(BadModel) as refused:
        manifest.parse({**USUAL, **values})
    assert refused.value.code == "bad_manifest"
    return str(refused.value)


def test_the_rest_has_sensible_values() -> None:
    spec = manifest.parse(USUAL)
    assert (spec.role, spec.colour, spec.layout) == (
        Role.RESTORE,
        Kind.RGB,
        Layout.NCHW,
    )
    assert (spec.values, spec.made_values) == (Range(), Range())
    assert (spec.tile, spec.overlap, spec.size, spec.scale) == (256, 32, 0, 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": ""}, "lacks “title”"),
        ({"licence": None}, "lacks “licence”"),
        ({"source": "a\nb"}, "one line"),
        ({"title": "T" * 61}, "at most 60"),
        ({"role": "magic"}, "write one of detect, inpaint, restore"),
        ({"role": None}, "lacks “role”"),
        ({"colour": "cmyk"}, "write one of rgb, bgr, grey"),
        ({"colour": "lab-l"}, "write one of rgb, bgr, grey"),
        ({"range": "0..65535"}, "must be one of: 0..1, -1..1"),
        ({"output_range": "logit"}, "“logit” is for role detect"),
        ({"mean": [0.5]}, "3 numbers in brackets"),
        ({"mean": [0.5] * 3}, "go together"),
        ({"mean": [0.5] * 3, "std": [0.5, 0.5, 0]}, "“std” must be more than 0"),
        ({"mean": [0.5] * 3, "std": [0.5, 0.5, "x"]}, "3 numbers in brackets"),
        ({"layout": "chwn"}, "write one of nchw, nhwc"),
        ({"tile": 31}, "whole number from 32 to 2048"),
        ({"tile": True}, "whole number"),
        ({"tile": 64}, "less than half of “tile”"),
        ({"tile": 250, "multiple": 8}, "must be a multiple of 8"),
        ({"size": 512}, "write “tile”"),
        ({"role": "face", "tile": 512}, "write “size”"),
        ({"scale": 2}, "leave “scale” out"),
        ({"role": "upscale"}, "scale = 2 or scale = 4"),
        ({"role": "upscale", "scale": 3}, "scale = 2 or scale = 4"),
        ({"mask": "mask"}, "leave it out"),
        ({"role": "colour", "output_range": "0..1"}, "leave “output_range” out"),
        ({"sha256": "abc"}, "64 digits"),
        ({"run": "rm"}, "has “run”, which means nothing"),
    ],
)
def test_refusals_say_what_to_write(values: dict[str, Any], words: str) -> None:
    assert words in refusal(**values)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "title = "),
        ("a.json", "{"),
        ("a.json", "[1]"),
        ("a.json", "[" * 20_000),
        ("a.toml", 'title = "T"\n' + "#" * 70_000),
    ],
)
def test_files_that_are_no_manifest(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadModel):
        manifest.read(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadModel, match="UTF-8"):
        manifest.read(path)


def test_what_is_normalised_comes_back_normalised_unless_it_says_otherwise() -> None:
    how: dict[str, Any] = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.2, 0.2]}
    assert manifest.parse({**USUAL, **how}).made_values.mean == (0.4, 0.5, 0.6)
    plain = manifest.parse({**USUAL, **how, "output_range": "0..1"})
    assert plain.made_values == Range()


def test_every_example_of_the_guide_is_a_manifest(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    roles = set()
    for number, text in enumerate(examples):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        roles.add(manifest.read(path).role)
    assert roles == set(Role)


def test_the_guide_names_every_word_of_a_manifest() -> None:
    guide = GUIDE.read_text("utf-8")
    assert [word for word in sorted(manifest.KNOWN) if f"`{word}`" not in guide] == []
