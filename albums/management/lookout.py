"""Looks after the web server and the worker: starts them, starts them again when they
end, and stops them together.

Each has a process group of its own, so that Ctrl-C reaches only the one who looks after
them, and that whatever they started can be ended with them. They inherit the reading
end of a pipe, named by LIFELINE_FD: when the writing end is gone, so is whoever looked
after them, and they stop.

The `run` command becomes this program when all is prepared. It is a script without
Django, which would only sit in memory here.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess  # noqa: S404  # starts our own programs only
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
logger = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
GLANCE = 0.25
STOP_PATIENCE = 8.0
# Who lived this long did not die of its start.
SETTLED = 60.0


@dataclass
class Program:
    name: str
    command: Sequence[str]
    lifeline: int
    inherited: Sequence[int]
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _wait: float = FIRST_WAIT
    _due: float = 0.0

    def tend(self) -> None:
        """Start it if it does not run and its time has come."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._start(now)
            return
        code = self._process.poll()
        if code is not None:
            self._mourn(code, now)

    def ask_to_stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def has_stopped(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def end(self) -> None:
        """End it and everything in its group, at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _start(self, now: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            self.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            process_group=0,
            pass_fds=(self.lifeline, *self.inherited),
            env=os.environ | {"LIFELINE_FD": str(self.lifeline)},
        )
        self._started = now

    def _mourn(self, code: int, now: float) -> None:
        self.end()
        if now - self._started > SETTLED:
            self._wait = FIRST_WAIT
        logger.warning(
            "The %s ended (%d). It starts again in %.0f s.", self.name, code, self._wait
        )
        self._process = None
        self._due = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)


def programs(listener: int, lock: int) -> list[Program]:
    # The writing end is never closed: the kernel does that when this process ends.
    lifeline, _writing_end = os.pipe()
    web = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener}"]
    web += ["--config", "python:restore_site.gunicorn_config", "restore_site.wsgi"]
    worker = [sys.executable, "manage.py", "worker"]
    return [
        Program("web server", web, lifeline, [listener, lock]),
        Program("worker", worker, lifeline, [lock]),
    ]


def look_after(running: Sequence[Program], *, until: Callable[[], bool]) -> None:
    """Keep the programs going until a signal comes or `until` says so."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever started us with nohup wants us to outlive the terminal.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: over.set())
    try:
        while not over.is_set() and not until():
            for program in running:
                program.tend()
            over.wait(GLANCE)
    finally:
        stop(running)


def stop(running: Sequence[Program]) -> None:
    """Ask all to stop, then end who has not."""
    for program in running:
        program.ask_to_stop()
    limit = time.monotonic() + STOP_PATIENCE
    while time.monotonic() < limit and not all(p.has_stopped() for p in running):
        time.sleep(0.05)
    for program in running:
        program.end()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--lock", type=int, required=True)
    parser.add_argument("--parent", type=int)
    told = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    look_after(
        programs(told.listener, told.lock),
        until=lambda: told.parent not in {None, os.getppid()},
    )
    sys.stdout.write("Stopped.\n")


if __name__ == "__main__":
    main()
