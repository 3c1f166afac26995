"""Mail where no mail server is set: it is printed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.mail.backends.console import EmailBackend


class PrintedMail(EmailBackend):
    """Beside what a command answers, so that a script can read that."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream", sys.stderr)
        super().__init__(*args, **kwargs)
