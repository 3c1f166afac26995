"""The web server: one process with many threads, for a family on one machine."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from restore_site.settings import HOST, PORT, WEB_PROCESSES, WEB_THREADS

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

bind = f"{HOST}:{PORT}"
worker_class = "restore_site.slow_headers.PatientWorker"
workers = WEB_PROCESSES
threads = WEB_THREADS
# Longer than the five seconds between two polls of a page.
keepalive = 10
timeout = 60
graceful_timeout = 5
control_socket_disable = True
accesslog = None
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"tokens": {"()": "restore_site.logs.HideTokens"}},
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["tokens"],
        }
    },
    "root": {"level": "WARNING", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {
            "level": "WARNING",
            "handlers": ["console"],
            "propagate": False,
        }
    },
}


def when_ready(server: Arbiter) -> None:
    """Stop when the one who looks after us is gone, however it went."""
    lifeline = os.environ.get("LIFELINE_FD")
    if lifeline:
        threading.Thread(target=_watch, args=[int(lifeline)], daemon=True).start()


def _watch(lifeline: int) -> None:
    while os.read(lifeline, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
