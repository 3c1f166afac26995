"""Where results are fetched from: what is no address is refused, and breaks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.providers.base import Resubmit, RetryCall
from jobs.providers.http import Downloads, onward_from


@pytest.mark.parametrize(
    "address",
    [
        "https://a..example.org/x",
        f"https://{'a' * 70}.example.org/x",
        "https://[::1/x",
        "https://photos .example.org/x",
        "https://example.org:99999/x",
        "https://",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_is_not_fetched(address: str, tmp_path: Path) -> None:
    with pytest.raises((Resubmit, RetryCall)):
        Downloads().fetch(address, tmp_path / "result", max_bytes=10)
    assert not (tmp_path / "result").exists()


def test_a_redirect_to_what_is_no_address_is_not_followed() -> None:
    with pytest.raises(Resubmit):
        onward_from("https://example.org/a", "https://[")
