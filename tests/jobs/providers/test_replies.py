"""What a provider says, before anybody understands it."""

from __future__ import annotations

import json

from jobs.providers.http import Reply
from jobs.providers.upscayl_codes import said

SECRET = "https://storage.example/photo.jpg?signature=canary"


def test_text_that_no_database_takes_is_mended() -> None:
    body = rb'{"a": ["half \ud83d", {"\u0000b": "c\u0000"}], "d": 1}'
    reply = Reply(200, {}, body)
    assert reply.json() == {"a": ["half ?", {"b": "c"}], "d": 1}


def test_a_reply_without_an_end_is_no_json() -> None:
    assert Reply(200, {}, b"[" * 100_000).json() is None


def test_what_upscayl_says_tells_no_address() -> None:
    as_json = json.dumps({"error": "X", "message": f"cannot read {SECRET}"}).encode()
    for body in (as_json, f"cannot read {SECRET}".encode()):
        assert "canary" not in said(Reply(400, {}, body))[1]
