"""How chosen options become the `operations` and `output` of a request to Claid.

Every object there refuses unknown keys, and a group that is sent may bring defaults of
its own with it, so nothing is sent that was not chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.providers.base import Blame, NeedsPerson
from jobs.providers.claid_options import NONE, OPTIONS
from jobs.providers.options import counts

Json = dict[str, Any]

# Sides that a format can hold, and bytes that a pixel takes at most where nothing is
# left out.
LONGEST_SIDES = {"jpeg": 65_535, "webp": 16_383}
PIXEL_BYTES = {"png": 4, "tiff": 4}


def operations(options: Mapping[str, str]) -> Json:
    """The request's `operations`: the groups in which something was chosen."""
    chosen = _counting(options)
    groups: Json = {
        "restorations": _restorations(chosen),
        "resizing": _resizing(chosen),
        "adjustments": _adjustments(chosen),
        "background": _background(chosen),
        "padding": chosen.get("padding", ""),
        "privacy": {"blur_car_plate": True} if _is_on(chosen, "blur_car_plate") else {},
    }
    return {name: group for name, group in groups.items() if group}


def output(options: Mapping[str, str], destination: str) -> Json:
    """The request's `output`. `destination` is a storage:// address, or "": Claid keeps
    the result for a day."""
    made: Json = {"format": _format(_counting(options))}
    if destination:
        made["destination"] = destination
    if options.get("dpi"):
        made["metadata"] = {"dpi": int(options["dpi"])}
    return made


def output_format(options: Mapping[str, str]) -> str:
    """A transparent background needs a format that can be transparent."""
    if options.get("background_color") == "transparent":
        return "png"
    return options["format"]


def room_for(
    width: int,
    height: int,
    options: Mapping[str, str],
    *,
    most_pixels: int,
    most_bytes: int,
) -> tuple[int, int]:
    """A photo may be sent as it is, or the wish makes no sense for it: NeedsPerson where
    the result would have more pixels or bytes than the app can open."""
    kind = output_format(options)
    sides = _result_size(width, height, _resizing(options))
    pixels = sides[0] * sides[1]
    too_long = max(sides) > LONGEST_SIDES.get(kind, max(sides))
    too_heavy = pixels * PIXEL_BYTES.get(kind, 0) > most_bytes
    is_larger = sides > (width, height)
    if is_larger and (pixels > most_pixels or too_long or too_heavy):
        raise NeedsPerson(
            "scale_too_large",
            Blame.PICTURE,
            "This photo is large already, and enlarged like that it would be more than "
            "this app can open. Enlarge it less. Nothing was sent, and nothing was "
            "charged.",
            detail=f"{sides[0]:.0f} x {sides[1]:.0f} pixels as {kind}",
        )
    return width, height


def _result_size(width: int, height: int, resizing: Json) -> tuple[float, float]:
    """Inside bounds."""
    asked = {"width": width, "height": height}
    factors = []
    for name, side in asked.items():
        told = resizing.get(name, "auto")
        if isinstance(told, int):
            factors.append(told / side)
        elif told.endswith("%"):
            factors.append(int(told[:-1]) / 100)
    factor = min(factors, default=1.0)
    return width * factor, height * factor


def _counting(options: Mapping[str, str]) -> dict[str, str]:
    return {
        option.name: options[option.name]
        for option in OPTIONS
        if option.name in options and counts(option, options)
    }


def _restorations(chosen: Mapping[str, str]) -> Json:
    made: Json = {}
    for name in ("decompress", "upscale"):
        if chosen.get(name, NONE) != NONE:
            made[name] = chosen[name]
    if chosen.get("upscale_version"):
        made["upscale"] = {"type": "photo", "version": chosen["upscale_version"]}
    if _is_on(chosen, "polish"):
        made["polish"] = True
    return made


def _resizing(chosen: Mapping[str, str]) -> Json:
    """Always inside bounds: the vendor's own default cuts the photo where only one side
    is given. Both sides must be of one kind there, so percentages win over pixels."""
    sides = [chosen.get("width", ""), chosen.get("height", "")]
    percentages = sorted(int(side[:-1]) for side in sides if side.endswith("%"))
    if percentages:
        same = f"{percentages[0]}%"
        return {"width": same, "height": same, "fit": "bounds"}
    if not any(side.isdecimal() for side in sides):
        return {}
    width, height = (int(side) if side.isdecimal() else "auto" for side in sides)
    return {"width": width, "height": height, "fit": "bounds"}


def _adjustments(chosen: Mapping[str, str]) -> Json:
    names = ("exposure", "saturation", "contrast", "sharpness")
    made: Json = {name: int(chosen.get(name) or 0) for name in names}
    made["hdr"] = int(chosen.get("hdr") or 0)
    if made["hdr"] and _is_on(chosen, "hdr_stitching"):
        made["hdr"] = {"intensity": made["hdr"], "stitching": True}
    return {name: amount for name, amount in made.items() if amount}


def _background(chosen: Mapping[str, str]) -> Json:
    made: Json = {}
    if _is_on(chosen, "background_remove"):
        made["remove"] = _in_front(chosen, "background_category", "background_keep")
        if _is_on(chosen, "background_clipping"):
            made["remove"]["clipping"] = True
    if chosen.get("background_color"):
        made["color"] = chosen["background_color"]
    if _is_on(chosen, "background_blur"):
        made["blur"] = {
            **_in_front(chosen, "background_blur_category", "background_blur_keep"),
            "type": chosen["background_blur_type"],
            "level": chosen["background_blur_level"],
        }
    return made


def _in_front(chosen: Mapping[str, str], category: str, keep: str) -> Json:
    """Words or the hint: together they are refused there."""
    if chosen.get(keep):
        return {"selective": {"object_to_keep": chosen[keep]}}
    return {"category": chosen[category]}


def _format(chosen: Mapping[str, str]) -> Json:
    kind = output_format(chosen)
    if kind == "jpeg":
        return {
            "type": kind,
            "quality": int(chosen["quality"]),
            "progressive": _is_on(chosen, "progressive"),
        }
    if kind == "png":
        return {"type": kind, "compression": chosen.get("png_compression", "optimal")}
    if kind == "tiff":
        return {"type": kind, "compression": chosen["tiff_compression"]}
    if chosen["webp_compression"] == "lossless":
        return {"type": kind, "compression": "lossless"}
    lossy = {"type": "lossy", "quality": int(chosen["webp_quality"])}
    return {"type": kind, "compression": lossy}


def _is_on(chosen: Mapping[str, str], name: str) -> bool:
    return chosen.get(name) == "1"
