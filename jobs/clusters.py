"""One cluster of this host, as the supervisor sees it: a process group with an ear."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from jobs import lifeline, queue
from jobs.processes import identity, is_gone, kill_group, pid_of

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_BEATS = 5.0
DEAF_AFTER = 20.0
# Until a cluster has answered for the first time, it may still be starting.
DEAF_AT_START = 30.0
LONGEST_PAUSE = 10.0


@dataclass
class ClusterProcess:
    """`asked` is when the oldest ring that nobody answered yet was rung."""

    name: str
    workers: int
    process: subprocess.Popen[bytes] | None = None
    leader: str = ""
    start_after: float = 0
    failures: int = 0
    has_answered: bool = False
    last_beat: datetime | None = None
    asked: float | None = None
    next_beat: float = 0

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def start(self, descriptor: int) -> None:
        """In a group of its own, holding the lifeline with this descriptor."""
        self.process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, settings.BASE_DIR / "manage.py", "cluster", self.name],
            env={
                **os.environ,
                queue.NAME_VARIABLE: self.name,
                lifeline.VARIABLE: str(descriptor),
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[descriptor],
        )
        self.leader = identity(self.process.pid)
        self.has_answered = False
        self.asked = None
        self.next_beat = 0

    def kill(self) -> None:
        """End the whole group, also where its leader has ended before it."""
        if self.process is None:
            return
        kill_group(self.process.pid)
        self.process.wait()
        self.process, self.leader, self.asked = None, "", None
        # One that never got as far as answering is started again more slowly.
        self.failures = 0 if self.has_answered else self.failures + 1
        pause = min(2.0**self.failures - 1, LONGEST_PAUSE)
        self.start_after = time.monotonic() + pause

    def kill_late(self, holder: str) -> None:
        """End one worker of this cluster that sits over a step it has lost."""
        pid = pid_of(holder)
        if self.process is None or is_gone(holder):
            return
        try:
            if os.getpgid(pid) == self.process.pid:
                logger.error("cluster %s: ending %s, it hangs", self.name, holder)
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def hear(self, beat: datetime | None) -> None:
        """Any change counts, whatever the clocks say."""
        if self.asked is not None and beat != self.last_beat:
            self.asked = None
            self.has_answered = True
        self.last_beat = beat

    def ask(self, now: float) -> None:
        if self.asked is None:
            self.asked = now

    def is_deaf(self, now: float) -> bool:
        patience = DEAF_AFTER if self.has_answered else DEAF_AT_START
        return self.asked is not None and now - self.asked > patience
