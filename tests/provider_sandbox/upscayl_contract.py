"""Upscayl's contract in tables: which fields and values each call takes, and how it says
no."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from tests.provider_sandbox.wire import Answer, as_json

CALLS = {
    "/start-task": "submit",
    "/get-task-status": "poll",
    "/get-upload-url": "upload_url",
    "/get-upscayl-history": "history",
}
MODELS = {
    *("upscayl-standard-4x", "upscayl-lite-4x", "clear-boost-4x", "crystal-plus-4x"),
    *("digital-art-4x", "digital-art-plus-4x", "natural-max-4x", "natural-plus-4x"),
    *("nature-boost-4x", "pure-boost-4x", "quick-clear-4x", "texture-boost-4x"),
}
FIELDS = {
    "model": MODELS,
    "scale": {"2", "4", "8"},
    "saveImageAs": {"png", "jpg", "webp"},
    "enhanceFace": {"true", "false"},
}
MEDIA_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
HISTORY_FIELDS: Mapping[str, type] = {
    "timestampOffset": int,
    "batch": bool,
    "failed": bool,
    "limit": int,
    "processed": str,
}
MAX_BYTES = 104_857_600
# The document's words, and those of the service.
WORDS = {
    "document": ("pending", "processing", "completed", "failed"),
    "service": ("PROCESSING", "ENHANCING", "PROCESSED", "PROCESSING_FAILED"),
}
ERRORS = {
    "INVALID_FILE_TYPE": (400, "Unsupported file type. Allowed: JPEG, PNG, WEBP"),
    "FILE_SIZE_EXCEEDED": (400, "File size exceeds maximum limit of 100MB"),
    "MISSING_REQUIRED_FIELDS": (400, "Required fields missing: originalFileName"),
    "BAD_REQUEST": (400, "Invalid request parameters provided"),
    "UNAUTHORIZED": (401, "Invalid or missing API key"),
    "INSUFFICIENT_CREDITS": (402, "Not enough credits to process request"),
    "NOT_FOUND": (404, "Requested resource could not be found"),
    "RATE_LIMIT_EXCEEDED": (429, "Too many requests. Try again in 1 hour"),
    "INTERNAL_SERVER_ERROR": (500, "An unexpected error occurred"),
}


class Refused(Exception):
    """The call's answer is an error."""

    def __init__(self, error: str, message: str = "") -> None:
        super().__init__(error)
        status, usual = ERRORS[error]
        body = {"error": error, "message": message or usual}
        self.answer = as_json(body, status)


def is_picture(data: bytes, media_type: str) -> bool:
    kind = MEDIA_TYPES.get(media_type)
    if kind is None:
        return False
    try:
        with Image.open(BytesIO(data), formats=(kind,)):
            return True
    except UnidentifiedImageError:
        return False


def fault_before(fault: str) -> Answer | None:
    """Faults for which nothing was done."""
    if fault.startswith("error="):
        return Refused(fault.removeprefix("error=")).answer
    if fault.startswith("text="):
        status = int(fault.removeprefix("text="))
        return Answer(status, b"Something is wrong", "text/plain")
    if fault.startswith("http_"):
        status = int(fault.removeprefix("http_"))
        error = {code: name for name, (code, _text) in ERRORS.items()}
        name = error.get(status, "INTERNAL_SERVER_ERROR")
        return as_json({"error": name, "message": "Something is wrong"}, status)
    if fault.startswith("429="):
        body = {"error": "RATE_LIMIT_EXCEEDED", "message": "Too many requests"}
        return as_json(body, 429, Retry_After=fault.removeprefix("429="))
    table = {
        "reset_before": Answer(trouble="reset"),
        "gateway_502": Answer(502, b"<html>Bad gateway</html>", "text/html"),
        "html_200": Answer(200, b"<html>Hello</html>", "text/html"),
        "not_an_object": as_json([1, 2, 3]),
        "nan": Answer(body=b'{"status": NaN, "data": {}}'),
        "no_envelope": as_json({"data": {"status": "completed", "files": []}}),
        "endless": Answer(body=b"{", trouble="endless"),
        "drip": Answer(body=b"{", trouble="drip"),
    }
    return table.get(fault)
