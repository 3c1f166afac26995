"""One cluster of this host, as the supervisor sees it: a process group with an ear.

Clusters are forked, not started anew: they share the supervisor's memory, and are at
work in a moment.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import ForkProcess

import psutil
from django import db

from jobs import lifeline, queue
from jobs.processes import identity, is_gone, kill_group, pid_of

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_BEATS = 5.0
DEAF_AFTER = 20.0
LONGEST_PAUSE = 10.0
# Beside its workers a cluster has a sentinel, a monitor and a pusher.
OTHERS = 3
FORK = multiprocessing.get_context("fork")


@dataclass
class ClusterProcess:
    """`asked` is when the oldest ring that nobody answered yet was rung."""

    name: str
    workers: int
    process: ForkProcess | None = None
    leader: str = ""
    start_after: float = 0
    failures: int = 0
    has_answered: bool = False
    last_beat: datetime | None = None
    asked: float | None = None
    next_beat: float = 0
    members: tuple[str, ...] = ()

    @property
    def pid(self) -> int:
        assert self.process is not None  # noqa: S101  # narrows the type
        assert self.process.pid is not None  # noqa: S101  # it was started
        return self.process.pid

    @property
    def has_ended(self) -> bool:
        return self.process is not None and not self.process.is_alive()

    @property
    def is_wounded(self) -> bool:
        """Whether one of its processes died. django-q2 starts another in its place, but
        the dead one may have taken the lock of their queue with it."""
        if self.process is None or self.has_ended:
            return False
        if not self.members:
            family = psutil.Process(self.pid).children(recursive=True)
            if len(family) < self.workers + OTHERS:
                return False
            self.members = tuple(filter(None, (identity(each.pid) for each in family)))
        return any(is_gone(member) for member in self.members)

    def start(self, inherited: int, hold: int) -> None:
        """In a process group of its own, at one end of the lifeline; the other end,
        `hold`, is the supervisor's alone."""
        # Two processes must never share a connection.
        db.connections.close_all()
        # What both share stays shared: a collection would write to every object.
        gc.collect()
        gc.freeze()
        self.process = FORK.Process(target=self._run, args=(inherited, hold))
        self.process.start()
        # Both sides do it, so that neither ever sees the group missing.
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(self.pid, self.pid)
        self.leader = identity(self.pid)
        self.has_answered = False
        self.members = ()
        self.asked = None
        self.next_beat = 0

    def _run(self, inherited: int, hold: int) -> None:
        os.setpgid(0, 0)
        os.close(hold)
        os.environ[lifeline.VARIABLE] = str(inherited)
        queue.run_cluster(self.name)

    def kill(self) -> None:
        """End the whole group, also where its leader has ended before it."""
        if self.process is None:
            return
        kill_group(self.pid)
        self.process.join()
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
            if os.getpgid(pid) == self.pid:
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
        return self.asked is not None and now - self.asked > DEAF_AFTER
