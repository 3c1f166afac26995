"""The real worker, as processes of its own on the database of the test."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection

from jobs import heartbeat, queue
from jobs.models import Job
from jobs.processes import pid_of
from tests.servers import wait_until

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
# What is promised: work flows again, and a stop is over.
SECONDS_TO_RECOVER = 60.0
SECONDS_TO_STOP = 10.0
# For what has no promise, on a slow machine.
PATIENCE = 120.0


class Worker:
    """`manage.py worker`, and whatever it started."""

    def __init__(self, log: Path, *, queue_url: str = "") -> None:
        self.log = log
        self.queue_url = queue_url or os.environ.get("QUEUE_URL", "")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **variables: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=ROOT,
                env=self._environment() | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_and_wait(self) -> None:
        """Start, and wait until a worker of each cluster has answered a ring."""
        before = heartbeat.last_beats()
        self.start()
        wait_until(lambda: self._answers(before), "the clusters don't answer")

    def _answers(self, before: Mapping[str, datetime]) -> bool:
        assert self.process
        assert self.process.poll() is None, self.output
        beats = heartbeat.last_beats()
        names = (queue.ENGINE, queue.REMOTE)
        return all(beats.get(name) not in {None, before.get(name)} for name in names)

    def send(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.process
        self.process.wait()

    def stop(self) -> float:
        """Ask it to stop; the seconds that it took."""
        begun = time.monotonic()
        self.send(signal.SIGTERM)
        assert self.process
        self.process.wait(PATIENCE)
        return time.monotonic() - begun

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def main(self, cluster: str) -> psutil.Process:
        """The leader of a cluster's process group."""
        assert self.process
        folder = Path(settings.DATA_DIR) / "worker"
        (path,) = folder.glob(f"*.{self.process.pid}.json")
        noted = json.loads(path.read_text(encoding="utf-8"))
        return psutil.Process(pid_of(noted["leaders"][cluster]))

    def sentinel(self, cluster: str) -> psutil.Process:
        (found,) = self.main(cluster).children()
        return found

    def parts(self, cluster: str) -> dict[str, psutil.Process]:
        """A cluster that was just started: main, sentinel, and the sentinel's children,
        which django-q2 starts in this order."""
        sentinel = self.sentinel(cluster)
        children = sorted(sentinel.children(), key=lambda each: each.pid)
        *workers, monitor, pusher = children
        return {
            "main": self.main(cluster),
            "sentinel": sentinel,
            "worker": workers[0],
            "monitor": monitor,
            "pusher": pusher,
        }

    def everybody(self) -> list[psutil.Process]:
        """All processes that work on this test's data, whoever their parent is."""
        return [each for each in psutil.process_iter() if self._is_ours(each)]

    def end(self) -> None:
        """After a test: leave nothing behind, however it ended."""
        logger.info("the worker said:\n%s", self.output)
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for process in self.everybody():
            process.kill()
        wait_until(lambda: not self.everybody(), "processes are left")

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            folder = process.environ().get("DATA_DIR")
            is_dead = process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
        return folder == str(settings.DATA_DIR) and not is_dead

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(settings.DATA_DIR),
            "SECRET_KEY": settings.SECRET_KEY,
            "DATABASE_URL": database_url(),
            "QUEUE_URL": self.queue_url,
            "ENGINE_WORKERS": "1",
            "REMOTE_WORKERS": "2",
        }


def database_url() -> str:
    """The address of the test's own database."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    user, host, port = known["USER"], known["HOST"], known["PORT"]
    password = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    return f"postgres://{user}{password}@{host}:{port}/{known['NAME']}"


def has_ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.is_ended


def holder_of(job: Job) -> int:
    """The process that works on this job; waits for one."""
    wait_until(lambda: _is_held(job), f"nobody works on {job}")
    return pid_of(job.holder)


def _is_held(job: Job) -> bool:
    job.refresh_from_db()
    assert not job.is_ended, f"{job} was over before it could be disturbed"
    return bool(job.holder)


def within(seconds: float, claim: Callable[[], bool], sentence: str) -> None:
    """Wait until the claim is true. A promise that took longer is broken."""
    begun = time.monotonic()
    wait_until(claim, sentence)
    assert time.monotonic() - begun <= seconds, sentence
