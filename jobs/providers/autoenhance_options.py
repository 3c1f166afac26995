"""What Autoenhance.ai can be asked to do, and how its fields are written.

Names and values are those of the vendor's documents for the API version 2025-08-31. Not
offered, because a family photo never wants it: `privacy` (blurs faces), `restage` and
`tripod_hide` (invent or remove things), `hdr` (needs several exposures). The enhancement
types `property` and `property_usa` belong to AI versions below 4.0, which are gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from jobs.providers.options import Number, Option, Text

Wire = dict[str, object]

NO_YES = (("0", "No"), ("1", "Yes"))
NAME = Text(longest=64, pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*")
# One flat JSON object of numbers, switches and words; whatever matches is valid JSON.
_WORD = r'"[^"\\\x00-\x1f]{1,60}"'
_VALUE = rf"(?:-?(?:0|[1-9]\d{{0,5}})(?:\.\d{{1,4}})?|true|false|null|{_WORD})"
_PAIR = rf"\s*{_WORD}\s*:\s*{_VALUE}\s*"
FLAT_OBJECT = rf"\{{(?:{_PAIR}(?:,{_PAIR})*)?\}}"

PREFERENCES = (
    Option(
        name="enhance",
        label="Enhance the picture",
        help="Evens out light, contrast and colours. Without it only the other options "
        "do anything.",
        choices=NO_YES,
        default="1",
    ),
    Option(
        name="enhance_type",
        label="Tone of the colours",
        help="Neutral stays closest to the print; warm adds yellow, as of lamplight.",
        choices=(("neutral", "Neutral"), ("warm", "Warm")),
        default="neutral",
        only_if=("enhance", ("1",)),
    ),
    Option(
        name="ai_version",
        label="Version of the method",
        help="Stable does the same tomorrow as today; latest and beta may surprise.",
        choices=(
            ("stable", "Stable"),
            ("latest", "Latest"),
            ("beta", "Beta, experimental"),
            ("4.7", "4.7, the method before"),
        ),
        default="stable",
        vendor_default="latest",
    ),
    Option(
        name="upscale",
        label="Enlarge",
        help="Makes a larger picture. The vendor does not say how much larger.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="lens_correction",
        label="Undo the bulge of a lens",
        help="Meant for wide-angle photos of rooms. Bends the edges of a scan.",
        choices=NO_YES,
        default="0",
        vendor_default="1",
    ),
    Option(
        name="vertical_correction",
        label="Set upright what leans",
        help="Meant for walls of houses. Turns and cuts a scan.",
        choices=NO_YES,
        default="0",
        vendor_default="1",
    ),
    Option(
        name="sky_replacement",
        label="Put in another sky",
        help="Replaces the sky of that day with a summer sky that was never there.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="cloud_type",
        label="Clouds in the other sky",
        help="Only where the sky is replaced.",
        choices=(
            ("", "The provider's choice"),
            ("CLEAR", "None"),
            ("LOW_CLOUD", "Low clouds"),
            ("HIGH_CLOUD", "High clouds"),
        ),
        default="",
        only_if=("sky_replacement", ("1",)),
    ),
    Option(
        name="window_pull",
        label="Bring back what is seen through windows",
        help="For photos taken indoors, with windows that are too bright.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="window_pull_type",
        label="What is brought back in windows",
        help="With skies, the sky in them may be a new one.",
        choices=(
            ("NONE", "As the switch says"),
            ("ONLY_WINDOWS", "The view alone"),
            ("WINDOWS_WITH_SKIES", "The view, with skies"),
        ),
        default="NONE",
    ),
    Option(
        name="threesixty",
        label="This is an all-round picture",
        help="For pictures of 360 degrees. A scan is none.",
        choices=NO_YES,
        default="0",
    ),
    Option(
        name="finetune_settings",
        label="Fine tuning",
        help="Settings of the vendor's web app, as one JSON object without objects in "
        "it. Its documents do not name them.",
        text=Text(longest=500, pattern=FLAT_OBJECT, example='{"name": 0.5}'),
        default="",
    ),
    Option(
        name="preset_id",
        label="Preset",
        help="The id of a preset that you made at the vendor. It may change more than "
        "is shown here.",
        text=NAME,
        default="",
    ),
    Option(
        name="order_id",
        label="Order",
        help="Puts the photo into this order of your account at the vendor.",
        text=NAME,
        default="",
    ),
    Option(
        name="metadata",
        label="Notes for the vendor",
        help="Kept there with the photo, as one JSON object. Write no names into it.",
        text=Text(longest=500, pattern=FLAT_OBJECT, example='{"box": "7"}'),
        default="",
    ),
)
# How the finished picture is handed over: parameters of the download.
DOWNLOAD = (
    Option(
        name="format",
        label="Format of the result",
        help="PNG loses nothing and is large.",
        choices=(("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WebP")),
        default="jpeg",
    ),
    Option(
        name="quality",
        label="Quality of the result",
        help="For JPEG and WebP; 90 is the vendor's best.",
        number=Number(low=1, high=90),
        default="90",
        only_if=("format", ("jpeg", "webp")),
    ),
)
OPTIONS = (*PREFERENCES, *DOWNLOAD)

SWITCHES = (
    "enhance",
    "upscale",
    "lens_correction",
    "vertical_correction",
    "sky_replacement",
    "threesixty",
)
OBJECTS = ("finetune_settings", "metadata")
# Said in every request, because the vendor keeps what was said last.
ALWAYS: Mapping[str, object] = {"privacy": False}
# What takes a setting back that was made before and is now left empty. An order cannot
# be left again, and does no harm.
TAKEN_BACK: Mapping[str, object] = {
    "cloud_type": None,
    "finetune_settings": None,
    "metadata": {},
}


def settings_of(options: Mapping[str, str]) -> Wire:
    """All that is sent for these options: complete, empty ones left out."""
    found: Wire = {name: options[name] == "1" for name in SWITCHES}
    found["ai_version"] = options["ai_version"]
    found["window_pull_type"] = _window_pull(options)
    if options["enhance"] == "1":
        found["enhance_type"] = options["enhance_type"]
    if options["sky_replacement"] == "1" and options["cloud_type"]:
        found["cloud_type"] = options["cloud_type"]
    for name in ("preset_id", "order_id"):
        if options[name]:
            found[name] = options[name]
    for name in OBJECTS:
        if options[name]:
            found[name] = json.loads(options[name])
    return {**found, **ALWAYS}


def changed_settings(before: Mapping[str, str], now: Mapping[str, str]) -> Wire:
    """What has to be sent so that a picture that was made with `before` is made with
    `now`. A preset may have set anything, so where it changes everything is said."""
    old, new = settings_of(before), settings_of(now)
    if old.get("preset_id") != new.get("preset_id"):
        return new
    changed = {name: new[name] for name in new if old.get(name, ...) != new[name]}
    gone = {name: TAKEN_BACK[name] for name in TAKEN_BACK if name in old.keys() - new}
    return {**changed, **gone, **ALWAYS}


def download_query(options: Mapping[str, str]) -> dict[str, str]:
    """The parameters that say which form the full picture is wanted in."""
    query = {"preview": "false", "watermark": "false", "format": options["format"]}
    if options["format"] != "png":
        query["quality"] = options["quality"]
    return query


def _window_pull(options: Mapping[str, str]) -> str:
    """The switch is of older versions of the API; in ours the type says it all."""
    if options["window_pull_type"] == "NONE" and options["window_pull"] == "1":
        return "ONLY_WINDOWS"
    return options["window_pull_type"]
