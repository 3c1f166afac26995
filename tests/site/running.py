"""The whole site as `manage.py run` starts it, on a data folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import requests

from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
# What the command promises for stopping.
SECONDS_TO_STOP = 10


class Site:
    """The command on a data folder of its own. Its output goes to a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the web server answers and the worker runs."""
        self.start_without_waiting()
        wait_until(self.answers, "the web server does not answer")
        wait_until(lambda: bool(self.pids("worker")), "the worker does not run")

    def start_without_waiting(self, *arguments: str) -> subprocess.Popen[bytes]:
        clean = {"PATH": os.environ["PATH"], "PORT": str(self.port)}
        with self.log.open("wb") as log:
            # Tests that were begun in the background ignore Ctrl-C, as all they start do.
            self.process = subprocess.Popen(
                ["env", "--default-signal=INT"]
                + [sys.executable, "manage.py", "run", *arguments],
                cwd=ROOT,
                env=clean | {"DATA_DIR": str(self.folder / "data")},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.output
        try:
            return requests.get(f"{self.address}/ping", timeout=5).text == "ok"
        except requests.RequestException:
            return False

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def link(self) -> str:
        found = re.search(r"http\S+/welcome/\S+", self.output)
        assert found, self.output
        return found.group()

    def family(self) -> list[psutil.Process]:
        assert self.process
        return psutil.Process(self.process.pid).children(recursive=True)

    def pids(self, word: str) -> list[int]:
        """The direct children that have this word in their command line."""
        assert self.process
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # a zombie, too
                found += [child.pid] if word in child.cmdline() else []
        return found

    def kill(self) -> None:
        """End the command alone, as the kernel does when memory runs out."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process
        self.process.terminate()
        return self.process.wait(SECONDS_TO_STOP)
