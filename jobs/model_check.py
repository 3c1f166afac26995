"""The check of own models that a worker begins at its start, beside its work."""

from __future__ import annotations

import logging
import subprocess  # noqa: S404  # starts our own program only
import sys
from contextlib import suppress

import psutil
from django.conf import settings

from jobs import own_checks

logger = logging.getLogger(__name__)


class ModelCheck:
    """`manage.py check_models` as a process, so that nothing of it stays in memory and a
    bad model can stop nothing."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        if own_checks.anything_to_do():
            self.process = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "manage.py", "check_models"],
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None

    def tend(self) -> None:
        """Take note of its end."""
        if self.process is None or self.process.poll() is None:
            return
        if self.process.returncode:
            logger.error("the check of own models ended: %d", self.process.returncode)
        self.process = None

    def end(self) -> None:
        """With the program that tries a model, if it is at that."""
        if self.process is None:
            return
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
        self.process.kill()
        self.process.wait()
