from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.providers.base import NeedsPerson
from jobs.providers.claid import Claid
from jobs.providers.claid_options import OPTIONS
from jobs.providers.claid_request import operations, output
from jobs.providers.options import BadOption, complete_options
from tests.jobs.providers.contract import (
    make_scan,
)
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.claid_contract import unwise, wrong_fields

# Where the document's own samples are not valid, and what is.
CHOSEN: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "enlarged": (
        {"upscale": "faces", "width": "200%", "height": "200%"},
        {
            "restorations": {"decompress": "auto", "upscale": "faces"},
            "resizing": {"width": "200%", "height": "200%", "fit": "bounds"},
        },
    ),
    "one side": (
        {"decompress": "none", "width": "800"},
        {"resizing": {"width": 800, "height": "auto", "fit": "bounds"}},
    ),
    "sides of two kinds": (
        {"decompress": "none", "width": "800", "height": "50%"},
        {"resizing": {"width": "50%", "height": "50%", "fit": "bounds"}},
    ),
    "percentages that differ": (
        {"decompress": "none", "width": "300%", "height": "200%"},
        {"resizing": {"width": "200%", "height": "200%", "fit": "bounds"}},
    ),
    "both automatic": ({"decompress": "none", "width": "auto", "height": "auto"}, {}),
    "a version": (
        {"upscale": "photo", "upscale_version": "3", "polish": "1"},
        {
            "restorations": {
                "decompress": "auto",
                "upscale": {"type": "photo", "version": "3"},
                "polish": True,
            }
        },
    ),
    "a version of something else": (
        {"upscale": "faces", "upscale_version": "3", "decompress": "strong"},
        {"restorations": {"decompress": "strong", "upscale": "faces"}},
    ),
    "light": (
        {"decompress": "none", "hdr": "40", "exposure": "-10", "sharpness": "5"},
        {"adjustments": {"hdr": 40, "exposure": -10, "sharpness": 5}},
    ),
    "a panorama": (
        {"decompress": "none", "hdr": "40", "hdr_stitching": "1", "saturation": "100"},
        {
            "adjustments": {
                "hdr": {"intensity": 40, "stitching": True},
                "saturation": 100,
            }
        },
    ),
    "in front": (
        {
            "decompress": "none",
            "background_remove": "1",
            "background_keep": "the two children",
            "background_clipping": "1",
            "background_color": "#ffffff",
        },
        {
            "background": {
                "remove": {
                    "selective": {"object_to_keep": "the two children"},
                    "clipping": True,
                },
                "color": "#ffffff",
            }
        },
    ),
    "blurred": (
        {"decompress": "none", "background_blur": "1", "background_blur_type": "lens"},
        {
            "background": {
                "blur": {"category": "general", "type": "lens", "level": "medium"}
            }
        },
    ),
    "a frame": (
        {"decompress": "none", "padding": "5% 25%", "blur_car_plate": "1"},
        {"padding": "5% 25%", "privacy": {"blur_car_plate": True}},
    ),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_only_what_was_chosen_is_sent(name: str) -> None:
    chosen, said = CHOSEN[name]
    made = operations(complete_options(OPTIONS, chosen))
    assert made == said
    body = {"input": "https://photos.example.org/s/a", "operations": made}
    assert wrong_fields(body, with_input=True) == {}
    assert unwise(made) == []


def test_what_a_recipe_enlarges_with_can_be_taken_back() -> None:
    chosen = {"upscale": "none", "decompress": "none", "width": "200%"}
    made = operations(complete_options(OPTIONS, chosen))
    assert set(made) == {"resizing"}


def test_a_transparent_background_makes_a_png() -> None:
    chosen = {"background_remove": "1", "background_color": "transparent"}
    options = complete_options(OPTIONS, chosen)
    assert output(options, "")["format"]["type"] == "png"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", "0"),
        ("width", "-5%"),
        ("height", "200 %"),
        ("padding", "51%"),
        ("padding", "10% 60%"),
        ("background_color", "white"),
        ("hdr", "101"),
        ("exposure", "-101"),
        ("format", "avif"),
        ("identity_crop", "1"),
        ("fit", "crop"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(name: str, value: str) -> None:
    with pytest.raises(BadOption):
        complete_options(OPTIONS, {name: value})


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"privacy": {"identity_crop": True}}, "identity_crop"),
        ({"generative": {"style_transfer": {}}}, "style_transfer"),
        ({"resizing": {"width": 100}}, "fit bounds"),
        ({"resizing": {"width": 100, "fit": "crop"}}, "fit bounds"),
        ({"background": {"remove": False}}, "for nothing"),
    ],
)
def test_the_sandbox_would_notice_what_is_unwise(
    asked: dict[str, Any], problem: str
) -> None:
    assert any(problem in words for words in unwise(asked))


def test_the_sandbox_would_notice_what_is_unknown() -> None:
    for asked in ({"rotate": 90}, {"restorations": {"upscale": "magic"}}):
        assert wrong_fields({"operations": asked}, with_input=False)


def test_a_picture_of_the_sandbox_is_one(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        restored = sandbox.claid.restore(make_scan(tmp_path).path.read_bytes())
    with Image.open(BytesIO(restored)) as picture:
        assert picture.size == (120, 120)


def room(chosen: dict[str, str]) -> tuple[int, int]:
    return Claid.room_for(
        6000,
        4000,
        complete_options(OPTIONS, chosen),
        most_pixels=150_000_000,
        most_bytes=100_000_000,
    )


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"width": "200%", "height": "200%"},
        {"width": "9000"},
        {"width": "99999", "height": "3000"},
        {"format": "png"},
    ],
)
def test_what_can_be_opened_is_sent_as_it_is(chosen: dict[str, str]) -> None:
    assert room(chosen) == (6000, 4000)


@pytest.mark.parametrize(
    "chosen",
    [
        {"width": "400%"},
        {"width": "16000", "height": "11000"},
        {"width": "200%", "format": "png"},
        {"width": "300%", "format": "webp"},
    ],
)
def test_what_could_not_be_opened_is_not_bought(chosen: dict[str, str]) -> None:
    with pytest.raises(NeedsPerson) as caught:
        room(chosen)
    assert caught.value.code == "scale_too_large"
