"""What Claid takes: every object refuses keys that its schema does not have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]
PERCENT = re.compile(r"[1-9]\d*%")
SIDE = re.compile(r"(\d+)%( (\d+)%)?")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
STORAGE = re.compile(r"storage://([\w-]+)/(.+)")


def one_of(*values: Any) -> Check:
    return lambda value: any(type(value) is type(v) and value == v for v in values)


def whole(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def matching(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def any_of(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def obj(fields: Mapping[str, Check], *required: str) -> Check:
    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and set(required) <= set(value)
            and all(key in fields and fields[key](value[key]) for key in value)
        )

    return check


def small_padding(value: Any) -> bool:
    found = SIDE.fullmatch(value) if isinstance(value, str) else None
    return bool(found) and all(int(side) <= 50 for side in re.findall(r"\d+", value))


def sides_fit(value: Any) -> bool:
    """If one side is a percentage, the other is the same or auto; not both auto."""
    sides = [value.get("width", "auto"), value.get("height", "auto")]
    told = [side for side in sides if side != "auto"]
    percentages = [side for side in told if isinstance(side, str)]
    return bool(told) and (not percentages or len(set(told)) == 1)


BOOL = one_of(True, False)
CATEGORY = one_of("general", "cars", "products")
SELECTIVE = obj(
    {"object_to_keep": lambda v: isinstance(v, str) and 3 <= len(v) <= 128},
    "object_to_keep",
)
SIZE = any_of(whole(1, 100_000), one_of("auto"), matching(PERCENT))
FITS = ("crop", "cover", "bounds", "canvas", "outpaint")
LOSSY = obj({"type": one_of("lossy"), "quality": whole(1, 100)}, "type")
LOSSLESS = obj({"type": one_of("lossless")}, "type")
COMPRESSION = any_of(one_of("lossy", "lossless"), LOSSY, LOSSLESS)

OPERATIONS: Mapping[str, Check] = {
    "restorations": obj(
        {
            "decompress": one_of(None, "moderate", "strong", "auto"),
            "upscale": any_of(
                one_of(
                    None,
                    "smart_enhance",
                    "smart_resize",
                    "faces",
                    "digital_art",
                    "photo",
                ),
                obj(
                    {"type": one_of("photo"), "version": one_of("1", "2", "3")},
                    "type",
                    "version",
                ),
            ),
            "polish": BOOL,
        }
    ),
    "resizing": obj(
        {
            "width": SIZE,
            "height": SIZE,
            "fit": any_of(one_of(*FITS), lambda value: isinstance(value, dict)),
        }
    ),
    "adjustments": obj(
        {
            "hdr": any_of(
                whole(0, 100), obj({"intensity": whole(0, 100), "stitching": BOOL})
            ),
            "exposure": whole(-100, 100),
            "saturation": whole(-100, 100),
            "contrast": whole(-100, 100),
            "sharpness": whole(0, 100),
        }
    ),
    "background": obj(
        {
            "remove": any_of(
                BOOL,
                obj({"clipping": BOOL, "category": CATEGORY, "selective": SELECTIVE}),
            ),
            "color": any_of(matching(COLOUR), one_of("transparent")),
            "blur": any_of(
                BOOL,
                obj(
                    {
                        "selective": SELECTIVE,
                        "category": CATEGORY,
                        "type": one_of("regular", "lens"),
                        "level": one_of("low", "medium", "high"),
                    }
                ),
            ),
        }
    ),
    "padding": small_padding,
    "privacy": obj({"blur_car_plate": BOOL, "identity_crop": BOOL}),
    "generative": lambda value: isinstance(value, dict),
}
FORMAT = any_of(
    one_of("jpeg", "png", "webp", "avif", "tiff"),
    obj(
        {"type": one_of("jpeg"), "quality": whole(1, 100), "progressive": BOOL}, "type"
    ),
    obj(
        {"type": one_of("png"), "compression": one_of("fast", "best", "optimal")},
        "type",
    ),
    obj({"type": one_of("webp", "avif", "tiff"), "compression": COMPRESSION}, "type"),
)
OUTPUT = obj(
    {
        "format": FORMAT,
        "destination": matching(STORAGE),
        "metadata": obj(
            {"dpi": whole(1, 10_000), "color_space": one_of("RGB", "CMYK")}
        ),
    }
)


def wrong_fields(body: Any, *, with_input: bool) -> dict[str, list[str]]:
    """What a request has that the schema does not: field and sentences."""
    if not isinstance(body, dict):
        return {"body": ["value is not a valid dict"]}
    known = {"operations", "output"} | ({"input"} if with_input else set())
    wrong = {key: ["extra fields not permitted"] for key in set(body) - known}
    if with_input and not 1 <= len(str(body.get("input", ""))) <= 512:
        wrong["input"] = ["ensure this value has at most 512 characters"]
    asked = body.get("operations")
    if not isinstance(asked, dict):
        return {**wrong, "operations": ["field required"]}
    for name, value in asked.items():
        if name not in OPERATIONS or not OPERATIONS[name](value):
            wrong[f"operations.{name}"] = ["value is not valid"]
    if "resizing" in asked and not sides_fit(asked["resizing"]):
        wrong["operations.resizing"] = ["width and height do not fit each other"]
    told = body.get("output", "storage://a/b")
    if not (matching(STORAGE)(told) or OUTPUT(told)):
        wrong["output"] = ["value is not valid"]
    return wrong


def unwise(operations: Mapping[str, Any]) -> list[str]:
    """What is allowed, and what nobody would do to a family's photo."""
    found = []
    resizing = operations.get("resizing")
    if resizing is not None and resizing.get("fit") != "bounds":
        found.append("resizing without fit bounds cuts the photo")
    if (operations.get("privacy") or {}).get("identity_crop") is not None:
        found.append("identity_crop cuts faces away")
    if "generative" in operations:
        found.append("style_transfer draws another photo")
    upscale = (operations.get("restorations") or {}).get("upscale")
    if isinstance(upscale, dict) and upscale.get("version") == "1":
        found.append("version 1 is deprecated")
    background = operations.get("background") or {}
    if background.get("remove") is False or background.get("blur") is False:
        found.append("a group was sent for nothing")
    for name, group in operations.items():
        if group == {}:
            found.append(f"{name} was sent empty")
    return found
