"""Sixty jobs while a random process of the worker is killed every few seconds, beside
the same sixty undisturbed; and idle processes killed one after the other."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.remote_bench import ROOT, count_done, prepared
from tests.provider_sandbox import Sandbox

TASK_SECONDS = 5.0
RATE = 10
GIVE_UP = 900.0


@dataclass(frozen=True)
class Outcome:
    """`unknown` counts the submits of which nobody could know whether they arrived."""

    done: int
    seconds: float
    kills: int
    submits: int
    unknown: int


class Supervised:
    """`manage.py worker`, started again whenever it ends, as systemd or docker would."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process = self._start()

    def revive(self) -> None:
        if self.process.poll() is not None:
            self.process = self._start()

    def family(self) -> list[psutil.Process]:
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )


def run(*, jobs: int, every: float | None, seed: int) -> Outcome:
    """All jobs to their end, a random process killed every so many seconds."""
    chance = random.Random(seed)  # noqa: S311  # which process, not a secret
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        sandbox.picwish.duration = lambda: TASK_SECONDS
        sandbox.picwish.rate = 1000
        environment = prepared(Path(folder), sandbox, jobs=jobs, rate=RATE)
        worker = Supervised(environment)
        _wait(lambda: bool(sandbox.picwish.requests), 60)
        begun, kills, next_kill = time.monotonic(), 0, time.monotonic() + (every or 0)
        done = 0
        while done < jobs and time.monotonic() - begun < GIVE_UP:
            worker.revive()
            if every and time.monotonic() >= next_kill:
                kills += _kill_one(worker, chance)
                next_kill = time.monotonic() + every
            time.sleep(0.1)
            done = count_done(Path(folder))["succeeded"]
        seconds = time.monotonic() - begun
        counted = count_done(Path(folder))
        worker.end()
        return Outcome(
            done, seconds, kills, sandbox.picwish.submits, counted["unknown"]
        )


def _kill_one(worker: Supervised, chance: random.Random) -> int:
    family = worker.family()
    if not family:
        return 0
    try:
        chance.choice(family).kill()
    except psutil.NoSuchProcess:
        return 0
    return 1


def idle_kills(times: int) -> list[float]:
    """An idle process of a cluster killed so many times: seconds until a new job is
    done, each time."""
    took = []
    chance = random.Random(7)  # noqa: S311  # which process, not a secret
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox.picwish.duration = lambda: 0.0
        sandbox.picwish.rate = 1000
        environment = prepared(folder, sandbox, jobs=1, rate=RATE)
        worker = Supervised(environment)
        _wait(lambda: count_done(folder)["succeeded"] == 1, 120)
        for number in range(times):
            time.sleep(1.5)
            clusters = worker.family()[1:]
            chance.choice(clusters).kill()
            begun = time.monotonic()
            _ask_again(environment)
            _wait(lambda: count_done(folder)["succeeded"] == number + 2, 300)  # noqa: B023  # called at once
            took.append(time.monotonic() - begun)
        worker.end()
    return took


def _ask_again(environment: dict[str, str]) -> None:
    script = (
        "from uuid import uuid4\n"
        "from albums.models import Photo\n"
        "from jobs.services import request_restoration\n"
        "photo = Photo.objects.first()\n"
        "request_restoration(photo, by=photo.added_by, recipe='repair', "
        "batch=uuid4(), provider='picwish')\n"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "--command", script],
        cwd=ROOT,
        env=environment,
        check=True,
    )


def _wait(happened: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not happened() and time.monotonic() < ends:
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--every", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--idle-kills", type=int, default=20)
    chosen = parser.parse_args()
    calm = run(jobs=chosen.jobs, every=None, seed=0)
    _print({"kills": 0, "done": calm.done, "seconds": round(calm.seconds, 1)})
    for seed in range(chosen.seeds):
        wild = run(jobs=chosen.jobs, every=chosen.every, seed=seed)
        _print(
            {
                "kills": wild.kills,
                "done": wild.done,
                "times undisturbed": round(wild.seconds / calm.seconds, 2),
                "submits beyond one a job": wild.submits - chosen.jobs,
                "of these said to be unknown": wild.unknown,
            }
        )
    took = idle_kills(chosen.idle_kills)
    _print({"idle kills": len(took), "longest until work flows": round(max(took), 1)})


def _print(row: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
