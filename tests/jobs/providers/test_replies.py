"""What a provider says, before anybody understands it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from jobs.providers.base import RetryCall
from jobs.providers.http import Reply, retry_after
from jobs.providers.upscayl_codes import refusal, said

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


@pytest.mark.parametrize("name", ["Retry-After", "X-RateLimit-Reset"])
def test_a_moment_is_not_taken_for_seconds(name: str) -> None:
    """Some servers write the moment itself, as a Unix time."""
    assert retry_after(Reply(429, {name: "1795200000"}, b"")) is None
    assert retry_after(Reply(429, {name: "30"}, b"")) == timedelta(seconds=30)


def test_upscayl_keeps_nobody_waiting_for_weeks() -> None:
    body = json.dumps({"error": "RATE_LIMIT_EXCEEDED", "message": "in 999 hours"})
    error = refusal(Reply(429, {}, body.encode()), begins_task=False)
    assert isinstance(error, RetryCall)
    assert error.retry_after == timedelta(days=1)
