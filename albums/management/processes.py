"""Programs that run beside each other: started again when they end, stopped together.

Each has a process group of its own, so that Ctrl-C reaches only the one who looks after
them, and that whatever they started can be ended with them. They inherit the reading
end of a pipe, named by LIFELINE_FD: when the writing end is gone, so is whoever looked
after them, and they stop.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess  # noqa: S404  # starts our own programs only
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
# Who lived this long did not die of its start.
SETTLED = 60.0


@dataclass
class Lifeline:
    reader: int
    writer: int

    @classmethod
    def make(cls) -> Lifeline:
        return cls(*os.pipe())


@dataclass
class Program:
    name: str
    command: Sequence[str]
    lifeline: Lifeline
    inherited: Sequence[int] = ()
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _wait: float = field(default=FIRST_WAIT)
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
            stdin=subprocess.DEVNULL,
            process_group=0,
            pass_fds=(self.lifeline.reader, *self.inherited),
            env=os.environ | {"LIFELINE_FD": str(self.lifeline.reader)},
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


def stop(programs: Sequence[Program], *, patience: float) -> None:
    """Ask all to stop, then end who has not."""
    for program in programs:
        program.ask_to_stop()
    limit = time.monotonic() + patience
    while time.monotonic() < limit and not all(p.has_stopped() for p in programs):
        time.sleep(0.05)
    for program in programs:
        program.end()
