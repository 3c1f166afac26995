"""Autoenhance's contract in tables: which fields and values each call takes, and how it
says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from tests.provider_sandbox.wire import Answer, Seen, as_json

PATH = "/v3/images/"
VERSION = "2025-08-31"
PREVIEW_SIDE = 40
SAME_NAME_AN_HOUR = 30
ANY_TYPE = "application/octet-stream"


def one_of(*values: object) -> Callable[[object], bool]:
    return lambda value: any(value is each or value == each for each in values)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _is_rating(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 5


# The body of a reprocess, in this version of the API.
PREFERENCES: Mapping[str, Callable[[object], bool]] = {
    "ai_version": one_of("latest", "stable", "beta", "4.7"),
    "cloud_type": one_of("CLEAR", "LOW_CLOUD", "HIGH_CLOUD", None),
    "enhance": _is_switch,
    "enhance_type": one_of("warm", "neutral"),
    "finetune_settings": _is_object,
    "image_name": _is_text,
    "lens_correction": _is_switch,
    "metadata": _is_object,
    "order_id": _is_text,
    "preset_id": _is_text,
    "privacy": lambda value: value is None or isinstance(value, bool),
    "rating": _is_rating,
    "sky_replacement": _is_switch,
    "threesixty": _is_switch,
    "upscale": _is_switch,
    "vertical_correction": _is_switch,
    "window_pull_type": one_of("NONE", "ONLY_WINDOWS", "WINDOWS_WITH_SKIES", None),
}
DEFAULTS: Mapping[str, object] = {
    "ai_version": "latest",
    "enhance": True,
    "lens_correction": True,
    "vertical_correction": True,
    "privacy": None,
    "sky_replacement": False,
    "upscale": False,
}
# Left to the vendor, these would change a family photo.
MUST_BE_SAID = ("lens_correction", "vertical_correction", "sky_replacement")
DOWNLOAD: Mapping[str, Callable[[str], bool]] = {
    "preview": lambda value: value in {"true", "false"},
    "watermark": lambda value: value in {"true", "false"},
    "format": lambda value: value in {"png", "jpeg", "webp"},
    "quality": lambda value: value.isdecimal() and 1 <= int(value) <= 90,
}
REPORT: Mapping[str, Callable[[object], bool]] = {
    "score": _is_rating,
    "categories": lambda value: isinstance(value, list),
    "comment": _is_text,
    "source": one_of("WEBAPP", "API"),
}


def call_of(seen: Seen) -> str:
    path = urlsplit(seen.path).path
    if not path.startswith(PATH):
        return ""
    rest = path.removeprefix(PATH)
    if not rest:
        return "submit" if seen.method == "POST" else ""
    image_id, _slash, what = rest.partition("/")
    return {
        ("GET", ""): "poll",
        ("DELETE", ""): "delete",
        ("POST", "process"): "process",
        ("POST", "report"): "report",
        ("GET", "enhanced"): "enhanced",
        ("GET", "original"): "open",
        ("GET", "preview"): "open",
    }.get((seen.method, what), "")


def image_of(seen: Seen) -> str:
    return urlsplit(seen.path).path.removeprefix(PATH).partition("/")[0]


def last_of(path: str) -> str:
    return urlsplit(path).path.rpartition("/")[2]


def in_older_words(told: dict[str, object]) -> dict[str, object]:
    """As accounts of older versions of the API were told: switches, no words."""
    status = told.pop("status")
    windows = told.pop("window_pull_type", None)
    return {
        **told,
        "window_pull": windows not in {None, "NONE"},
        "enhanced": status == "processed",
        "error": status == "error",
    }


def fault_before(fault: str) -> Answer | None:
    """Faults for which nothing was done."""
    if fault.startswith("http_"):
        return refusal(int(fault.removeprefix("http_")), "Said by the vendor")
    if fault.startswith("429="):
        wait = fault.removeprefix("429=")
        return as_json({"message": "Too Many Requests"}, 429, Retry_After=wait)
    table = {
        "reset_before": Answer(trouble="reset"),
        "gateway_502": Answer(502, b"<html>Bad gateway</html>", "text/html"),
        "html_200": Answer(200, b"<html>Hello</html>", "text/html"),
        "not_an_object": as_json([1, 2, 3]),
        "nan": Answer(body=b'{"status": NaN}'),
        "endless": Answer(body=b"{", trouble="endless"),
        "drip": Answer(body=b"{", trouble="drip"),
        "same_name": refusal(429, "Too many uploads with the same image name"),
        "empty": Answer(200, b"", "image/jpeg"),
    }
    return table.get(fault)


def refusal(status: int, message: str) -> Answer:
    return as_json({"message": message, "detail": {}}, status)
