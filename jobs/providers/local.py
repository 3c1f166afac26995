"""The engine built in: no key, no network, nothing leaves the house."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.providers.options import Option, Text

NAME = "local"
LABEL = "This app"

SWITCH = (("on", "On"), ("off", "Off"))
OPTIONS = (
    Option(
        name="damage",
        label="How damaged is it?",
        help="Automatic looks at the scan and decides. Severe mends more, and risks more.",
        choices=(
            ("auto", "Automatic"),
            ("light", "Light"),
            ("medium", "Medium"),
            ("severe", "Severe"),
        ),
        default="auto",
    ),
    Option(
        name="colour",
        label="Bring back faded colours",
        help="Undoes fading and colour casts. Brown and sepia prints keep their tone.",
        choices=SWITCH,
        default="on",
    ),
    Option(
        name="toning",
        label="Brown and sepia prints",
        help="Their tone belongs to them. Greys are for prints that have yellowed.",
        choices=(("keep", "Keep their tone"), ("neutral", "Make them grey")),
        default="keep",
        only_if=("colour", ("on",)),
    ),
    Option(
        name="contrast",
        label="Bring back contrast",
        help="Makes blacks black and whites white again where they have turned grey.",
        choices=SWITCH,
        default="on",
    ),
    Option(
        name="scratches",
        label="Mend scratches and dust",
        help="Finds scratches, hairs and spots, and fills them from their surroundings.",
        choices=SWITCH,
        default="on",
    ),
    Option(
        name="grain",
        label="Calm the grain",
        help="Takes away noise as far as it was measured, and keeps edges.",
        choices=SWITCH,
        default="on",
    ),
    Option(
        name="sharpen",
        label="Sharpen gently",
        help="Makes soft edges a little crisper. Nothing is invented.",
        choices=SWITCH,
        default="on",
    ),
    Option(
        name="negative",
        label="Is it a negative?",
        help="Turns a scanned negative into a picture: what is light becomes dark.",
        choices=(("off", "No"), ("on", "Yes, turn it into a picture")),
        default="off",
    ),
    Option(
        name="enlarge",
        label="Enlarge",
        help="For small prints that are to be printed large.",
        choices=(("1", "Keep the size"), ("2", "2 times"), ("4", "4 times")),
        default="1",
    ),
    Option(
        name="mask",
        label="Marked places",
        help="The code of a mask that was found or drawn: just that is mended.",
        text=Text(longest=36, pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        default="",
        is_hidden=True,
    ),
)


def enlarges(options: Mapping[str, str]) -> bool:
    return options["enlarge"] != "1"
