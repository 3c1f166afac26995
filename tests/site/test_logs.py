from __future__ import annotations

import logging

import pytest

from restore_site.logs import HideTokens


@pytest.mark.parametrize(
    "path",
    [
        "/s/hush.jpg",
        "/welcome/hush/",
        "/accounts/confirm-email/hush/",
        "/accounts/password/reset/key/1-hush/",
    ],
)
def test_tokens_in_addresses_are_hidden(path: str) -> None:
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": (path,)})
    assert HideTokens().filter(record)
    assert "hush" not in record.getMessage()


def test_other_addresses_stay() -> None:
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": ("/photos/1/",)})
    assert HideTokens().filter(record)
    assert record.getMessage() == "Not Found: /photos/1/"
