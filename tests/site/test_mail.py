from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import send_mail


def test_mail_that_is_printed_leaves_a_commands_answer_alone(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = settings.EMAIL_CONFIG["EMAIL_BACKEND"]
    send_mail("Canary", "Words", None, ["alice@example.org"])
    said = capsys.readouterr()
    assert said.out == ""
    assert "Subject: Canary" in said.err
