"""How Claid says no, and what may come in place of its answers."""

from __future__ import annotations

import json

from tests.provider_sandbox.wire import Answer, as_json


def fault_before(fault: str) -> Answer | None:
    """Faults for which nothing was done."""
    if fault.startswith("http_"):
        status = int(fault.removeprefix("http_"))
        return refusal(status, "1000", "general", "Something went wrong")
    if fault.startswith("429="):
        return too_often(fault.removeprefix("429="))
    if fault.startswith("said="):
        code, kind, words = fault.removeprefix("said=").split("|")
        return refusal(int(code), "1000", kind, words)
    table = {
        "reset_before": Answer(trouble="reset"),
        "gateway_502": Answer(502, b"<html>Bad gateway</html>", "text/html"),
        "html_200": Answer(200, b"<html>Hello</html>", "text/html"),
        "not_an_object": as_json([1, 2, 3]),
        "nan": Answer(body=b'{"data": {"id": NaN}}'),
        "endless": Answer(body=b"{", trouble="endless"),
        "drip": Answer(body=b"{", trouble="drip"),
    }
    return table.get(fault)


def too_often(reset: str) -> Answer:
    """The same object as other refusals, below `detail`."""
    inner = json.loads(refusal(429, "2001", "general", "Too many requests").body)
    return as_json(
        {"detail": inner},
        429,
        RateLimit_Remaining="-1",
        RateLimit_Reset=reset,
    )


def refusal(
    status: int,
    code: str,
    kind: str,
    message: str,
    details: dict[str, list[str]] | None = None,
) -> Answer:
    said = {
        "error_code": code,
        "error_type": kind,
        "error_message": message,
        "error_details": details or {},
    }
    return as_json(said, status)
