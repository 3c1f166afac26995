"""What a person asks for in plain words, and which options each provider gets for it.

A row says for every provider which of its options the recipe means, or why it cannot do
it. What is not named keeps the provider's default in our schema, which is the safe one.

Faces are drawn anew only where the recipe's name says so. By the vendors' documents that
is what Upscayl's `enhanceFace`, Claid's `upscale: faces` and PicWish's `model_type` 2
and 3 ("smart enhancement", "Ultra HD") do, each of which may change who a person is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Does:
    """The options, and what else a person should know of this provider's way."""

    options: Mapping[str, str]
    says: Words = ""


@dataclass(frozen=True)
class Cannot:
    why: Words


@dataclass(frozen=True)
class Recipe:
    """`redraws_faces` and `guesses_colour` say what is made up rather than restored."""

    code: str
    title: Words
    promise: Words
    by: Mapping[str, Does | Cannot]
    redraws_faces: bool = False
    guesses_colour: bool = False

    @property
    def options(self) -> Mapping[str, Mapping[str, str]]:
        """Of the providers that can do it."""
        return {
            name: row.options for name, row in self.by.items() if isinstance(row, Does)
        }

    def says(self, provider: str) -> Words:
        """What a person should know of this provider's way, or why it cannot."""
        row = self.by[provider]
        return row.says if isinstance(row, Does) else row.why


TWICE = {"width": "200%", "height": "200%"}
FOUR_TIMES = {"width": "400%", "height": "400%"}
NO_COLOURS = Cannot(_("It does not colour black-and-white photos."))

REPAIR = "repair"
RECIPES = (
    Recipe(
        REPAIR,
        _("Repair"),
        _("Brings back faded colours, mends scratches, calms the grain."),
        {
            "local": Does({}),
            "picwish": Does(
                {"restoration_type": "1", "model_type": "1", "change_color": "0"}
            ),
            "autoenhance": Does(
                {"enhance": "1", "enhance_type": "neutral"},
                _("Light and colours only; scratches stay."),
            ),
            "upscayl": Cannot(_("It enlarges and sharpens, and mends nothing.")),
            "claid": Does(
                {"decompress": "auto", "hdr": "50"},
                _("Light and traces of compression only; scratches stay."),
            ),
        },
    ),
    Recipe(
        "repair_colour",
        _("Repair and colour"),
        _("Also colours a black-and-white photo. The colours are a guess."),
        {
            "local": Cannot(
                _(
                    "It brings back colours, and invents none. A provider outside the "
                    "house or an own model of your administrator's can."
                )
            ),
            "picwish": Does(
                {"restoration_type": "1", "model_type": "1", "change_color": "1"}
            ),
            "autoenhance": NO_COLOURS,
            "upscayl": NO_COLOURS,
            "claid": NO_COLOURS,
        },
        guesses_colour=True,
    ),
    Recipe(
        "sharpen_faces",
        _("Sharpen and redraw faces"),
        _(
            "Blurred faces become sharp, but partly made up: it may no longer be quite "
            "the same person."
        ),
        {
            "local": Cannot(
                _(
                    "It never makes up what a face has lost. A provider outside the "
                    "house or an own model of your administrator's can."
                )
            ),
            "picwish": Does(
                {"restoration_type": "1", "model_type": "2", "change_color": "0"}
            ),
            "autoenhance": Cannot(_("It works on whole pictures, not on faces.")),
            "upscayl": Does(
                {"enhanceFace": "true", "scale": "2"}, _("Twice as large, too.")
            ),
            "claid": Does(
                {"decompress": "auto", "upscale": "faces", **TWICE},
                _("Twice as large, too."),
            ),
        },
        redraws_faces=True,
    ),
    Recipe(
        "enlarge_2",
        _("Enlarge 2 times"),
        _("Twice as wide and twice as high."),
        {
            "local": Does({"enlarge": "2"}, _("It is repaired as well.")),
            "picwish": Cannot(_("It gives pictures back at the size that it got.")),
            "autoenhance": Cannot(
                _("It does not say how much it enlarges: see “Make the most of it”.")
            ),
            "upscayl": Does({"enhanceFace": "false", "scale": "2"}),
            "claid": Does({"decompress": "auto", "upscale": "smart_resize", **TWICE}),
        },
    ),
    Recipe(
        "enlarge_4",
        _("Enlarge 4 times"),
        _("For small prints: four times as wide and as high."),
        {
            "local": Does({"enlarge": "4"}, _("It is repaired as well.")),
            "picwish": Cannot(_("It gives pictures back at the size that it got.")),
            "autoenhance": Cannot(
                _("It does not say how much it enlarges: see “Make the most of it”.")
            ),
            "upscayl": Does({"enhanceFace": "false", "scale": "4"}),
            "claid": Does(
                {"decompress": "auto", "upscale": "smart_resize", **FOUR_TIMES}
            ),
        },
    ),
    Recipe(
        "most",
        _("Make the most of it"),
        _(
            "Goes as far as it can without making up faces or colours. Look closely: it "
            "may go too far."
        ),
        {
            "local": Does(
                {"damage": "severe", "enlarge": "2"},
                _("Severe damage is mended, and it becomes twice as large."),
            ),
            "picwish": Does(
                {"restoration_type": "2", "model_type": "1", "change_color": "0"},
                _("Severe damage is mended."),
            ),
            "autoenhance": Does(
                {"enhance": "1", "enhance_type": "neutral", "upscale": "1"},
                _("Light, colours and size; scratches stay."),
            ),
            "upscayl": Does(
                {"model": "natural-max-4x", "enhanceFace": "false", "scale": "2"},
                _("Sharper and twice as large; scratches stay."),
            ),
            "claid": Does(
                {
                    "decompress": "auto",
                    "upscale": "smart_resize",
                    "hdr": "50",
                    **TWICE,
                },
                _("Light and size; scratches stay."),
            ),
        },
    ),
)
# What makes colours or faces up, in each provider's own options.
COLOURS = {"picwish": ("change_color", {"1"})}
FACES = {
    "picwish": ("model_type", {"2", "3"}),
    "upscayl": ("enhanceFace", {"true"}),
    "claid": ("upscale", {"faces"}),
}
