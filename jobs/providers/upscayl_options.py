"""What Upscayl offers, in words for a family: models, scales, faces and formats, each
as in the vendor's document."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from jobs.providers.base import Blame, NeedsPerson
from jobs.providers.options import Option

OPTIONS = (
    Option(
        name="model",
        label="Kind of picture",
        help="Which of Upscayl's twelve methods enlarges the photo. Upscayl tells only "
        "their names, which these words follow. The standard one is for any photo; try "
        "a natural one where it sharpens too much.",
        choices=(
            ("upscayl-standard-4x", "Standard"),
            ("upscayl-lite-4x", "Standard, lighter and quicker"),
            ("natural-plus-4x", "Natural"),
            ("natural-max-4x", "Natural, strongest"),
            ("nature-boost-4x", "Nature: landscapes and plants"),
            ("clear-boost-4x", "Clear: for soft photos"),
            ("quick-clear-4x", "Clear, quicker"),
            ("crystal-plus-4x", "Crystal: crisp edges"),
            ("pure-boost-4x", "Pure: clean surfaces"),
            ("texture-boost-4x", "Texture: cloth, hair, wood"),
            ("digital-art-4x", "Drawings and posters"),
            ("digital-art-plus-4x", "Drawings and posters, stronger"),
        ),
        default="upscayl-standard-4x",
    ),
    Option(
        name="scale",
        label="How much larger?",
        help="So many times as wide and as high. Where the result would be larger than "
        "this app can open, a smaller copy is sent.",
        choices=(("2", "2 times"), ("4", "4 times"), ("8", "8 times")),
        default="2",
    ),
    Option(
        name="enhanceFace",
        label="Redraw faces",
        help="Faces become sharp, but are drawn anew by a machine that never saw the "
        "person. Leave it off where likeness counts.",
        choices=(("false", "No"), ("true", "Yes")),
        default="false",
    ),
    Option(
        name="saveImageAs",
        label="File of the result",
        help="JPEG is small and good enough to print. PNG keeps every pixel as it is, "
        "but the file is large, so the photo may become less large. WebP is smallest.",
        choices=(("jpg", "JPEG"), ("png", "PNG"), ("webp", "WebP")),
        default="jpg",
    ),
)

# What a pixel of noise needs in a PNG.
PNG_BYTES = 3
# The longest side that a file of the format can have.
LONGEST_SIDES = {"jpg": 65_000, "png": 65_000, "webp": 16_383}


def room_for(
    width: int,
    height: int,
    options: Mapping[str, str],
    *,
    most_pixels: int,
    most_bytes: int,
) -> tuple[int, int]:
    """Within which width and height the copy of such a photo must be sent, in pixels,
    so that the result has no more pixels and bytes than that.

    Raises NeedsPerson where half the scale makes a result of the same size: the photo
    would be made small only to be drawn large again.
    """
    scale, kind = int(options["scale"]), options["saveImageAs"]
    in_png = most_bytes // PNG_BYTES
    pixels = min(most_pixels, in_png) if kind == "png" else most_pixels
    # So many times as wide and high the result may be.
    most = min(
        sqrt(pixels / (width * height)), LONGEST_SIDES[kind] / max(width, height)
    )
    if scale > 2 and most <= scale / 2:
        raise _pointless(scale, most, f"{width} x {height} pixels")
    share = min(1.0, most / scale)
    return max(1, int(width * share)), max(1, int(height * share))


def _pointless(scale: int, most: float, detail: str) -> NeedsPerson:
    better = 4 if scale == 8 and most > 2 else 2
    return NeedsPerson(
        "scale_too_large",
        Blame.PICTURE,
        f"This photo is large already: {scale} times as wide and high is more than this "
        f"app can open. Choose {better} times. Nothing was sent, and nothing was "
        "charged.",
        detail=detail,
    )
