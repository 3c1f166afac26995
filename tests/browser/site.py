"""The whole app as `make run` starts it, in a data folder of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
WELCOME = re.compile(r"(http://\S+)(/welcome/\S+)")
# What the tests themselves run with must not reach the app under test.
OURS = ("DATABASE_URL", "QUEUE_URL", "DEBUG", "SITE_URL", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Site:
    url: str
    welcome: str
    data: Path


@contextmanager
def running_site(folder: Path, **more: str) -> Iterator[Site]:
    """`more` are further variables of its environment."""
    log = folder / "log.txt"
    variables = {name: os.environ[name] for name in os.environ if name not in OURS}
    variables |= {"DATA_DIR": str(folder / "data"), "PORT": str(free_port())}
    variables |= more
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "run"],
            cwd=ROOT,
            env=variables,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _started(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _started(process: subprocess.Popen[bytes], log: Path) -> Site:
    wait_until(
        lambda: bool(WELCOME.search(log.read_text())) or process.poll() is not None,
        "The app did not start",
    )
    found = WELCOME.search(log.read_text())
    assert found, log.read_text()
    return Site(url=found[1], welcome=found[0], data=log.parent / "data")
