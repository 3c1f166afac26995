"""How much of a provider's limit is used: the real worker against the sandbox, beside
an all-knowing scheduler and workers that block, in one run."""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from jobs.providers.base import Access, RemoteStatus, RetryCall, Scan
from jobs.providers.http import Downloads
from jobs.providers.options import complete_options
from jobs.providers.picwish import OPTIONS, PicWish
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
RATE = 2
MEAN = 60.0
SPREAD = 0.5
BLOCKING_WORKERS = 2
BLOCKING_POLL = 2.0

SET_UP = """
from uuid import uuid4
from albums import services, storage
from albums.models import Photo, User
from jobs.services import give_consent, request_restoration
import sys
from pathlib import Path
owner = User.objects.create_superuser("ada@example.org", "a bicycle in the rain")
album = services.create_album(title="Bench", owner=owner)
give_consent(album, "picwish", by=owner)
part = storage.new_part()
part.write_bytes(Path({picture!r}).read_bytes())
first = services.add_photos(
    part, name="1.jpg", album=album, by=owner, wish="", batch=uuid4()
).photos[0]
batch = uuid4()
for number in range({jobs}):
    photo = Photo.objects.create(
        album=album, original=first.original, title=str(number), width=first.width,
        height=first.height, added_by=owner,
    )
    request_restoration(
        photo, by=owner, recipe="repair", batch=batch, provider="picwish"
    )
"""


@dataclass(frozen=True)
class Counted:
    done: int
    requests: int
    refused: int


def oracle(durations: Sequence[float], *, rate: float, seconds: float) -> int:
    """How many jobs a scheduler finishes that knows every duration: one request to
    submit, one look at the very moment when the task is done, looks first."""
    ready: list[float] = []
    waiting = iter(durations)
    done, now = 0, 0.0
    while now < seconds:
        if ready and ready[0] <= now:
            heapq.heappop(ready)
            done += 1
        else:
            duration = next(waiting, None)
            if duration is not None:
                heapq.heappush(ready, now + duration)
        now += 1 / rate
    return done


def prepared(
    folder: Path, sandbox: Sandbox, *, jobs: int, rate: float
) -> dict[str, str]:
    """An installation with so many jobs asked for; its environment."""
    picture = folder / "photo.jpg"
    picture.write_bytes(drawn(160, 120))
    environment = {
        **os.environ,
        "DATA_DIR": str(folder / "data"),
        "PICWISH_API_KEY": sandbox.picwish.key,
        "PICWISH_BASE_URL": sandbox.base_url,
        "PICWISH_RATE": str(rate),
        "PICWISH_DEADLINE": "3600",
        "PROVIDER_TRUSTED_HOSTS": sandbox.results_host,
    }
    script = SET_UP.format(picture=str(picture), jobs=jobs)
    _manage(environment, "migrate", "--verbosity=0")
    _manage(environment, "shell", "--no-imports", "--command", script)
    return environment


def count_done(folder: Path) -> Counter[str]:
    """Jobs by state, and timeline lines of unknown submits, read beside the worker."""
    path = folder / "data" / "db.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        states = database.execute("SELECT state, count(*) FROM jobs_job GROUP BY 1")
        counted = Counter(dict(states.fetchall()))
        unknown = database.execute(
            "SELECT count(*) FROM jobs_event WHERE kind = 'submit_unknown'"
        )
        counted["unknown"] = unknown.fetchone()[0]
    return counted


@contextmanager
def worker_against(sandbox: Sandbox, *, jobs: int, rate: float) -> Iterator[int]:
    """A real worker with so many jobs asked for; its process id."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=ROOT,
            env=prepared(Path(folder), sandbox, jobs=jobs, rate=rate),
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _manage(environment: dict[str, str], *words: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True
    )


def ours(duration: Callable[[], float], *, jobs: int, seconds: float) -> Counted:
    with Sandbox() as sandbox:
        sandbox.picwish.duration = duration
        sandbox.picwish.rate = RATE
        with worker_against(sandbox, jobs=jobs, rate=RATE):
            _wait(lambda: bool(sandbox.picwish.requests), 60)
            time.sleep(seconds)
            return Counted(
                len(sandbox.result_requests),
                len(sandbox.picwish.requests),
                sandbox.picwish.refused_for_rate,
            )


def blocking(duration: Callable[[], float], *, seconds: float) -> int:
    """What workers finish that submit, and then sleep between looks."""
    done: list[int] = []
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        sandbox.picwish.duration = duration
        sandbox.picwish.rate = RATE
        path = Path(folder) / "photo.jpg"
        path.write_bytes(drawn(160, 120))
        ends = time.monotonic() + seconds
        threads = [
            threading.Thread(target=_block, args=(sandbox, path, ends, done))
            for _worker in range(BLOCKING_WORKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return len(done)


def _block(sandbox: Sandbox, path: Path, ends: float, done: list[int]) -> None:
    downloads = Downloads(trusted=frozenset({sandbox.results_host}))
    access = Access(key=sandbox.picwish.key, base_url=sandbox.base_url)
    provider = PicWish.connect(access, timeout=15, downloads=downloads)
    scan = Scan(
        path=path,
        name="1.jpg",
        media_type="image/jpeg",
        width=160,
        height=120,
        size=path.stat().st_size,
    )
    options = complete_options(OPTIONS, {})
    while time.monotonic() < ends:
        try:
            remote_id = provider.submit(scan, options, "1", {}).remote_id
        except RetryCall:
            time.sleep(0.5)
            continue
        while time.monotonic() < ends:
            time.sleep(BLOCKING_POLL)
            try:
                state = provider.poll(remote_id, {})
            except RetryCall:
                continue
            if state.status is RemoteStatus.SUCCEEDED:
                done.append(1)
                break


def in_flight_memory(jobs: int) -> tuple[int, float]:
    """Jobs in flight at once, and the worker's memory then (PSS, MB)."""
    with Sandbox() as sandbox:
        sandbox.picwish.rate = 1000
        sandbox.picwish.duration = lambda: 100_000.0
        with worker_against(sandbox, jobs=jobs, rate=40) as pid:
            _wait(lambda: sandbox.picwish.submits >= jobs, 240)
            return sandbox.picwish.submits, _pss(pid) / 1e6


def _pss(pid: int) -> int:
    top = psutil.Process(pid)
    family = [top, *top.children(recursive=True)]
    total = 0
    for process in family:
        # A picture's own process ends with it.
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total


def _wait(happened: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not happened() and time.monotonic() < ends:
        time.sleep(0.2)


def compare(name: str, draw: Callable[[random.Random], float], seconds: float) -> None:
    jobs = int(seconds * RATE)
    chance = random.Random(1962)  # noqa: S311  # a bench, not a secret
    durations = [draw(chance) for _job in range(jobs)]
    supply, lock = iter(durations), threading.Lock()

    def next_duration() -> float:
        with lock:
            return next(supply, MEAN)

    blocked: list[int] = []
    other = random.Random(1963)  # noqa: S311  # a bench, not a secret
    beside = threading.Thread(
        target=lambda: blocked.append(blocking(lambda: draw(other), seconds=seconds))
    )
    beside.start()
    counted = ours(next_duration, jobs=jobs, seconds=seconds)
    beside.join()
    best = oracle(durations, rate=RATE, seconds=seconds)
    row = {
        "durations": name,
        "seconds": seconds,
        "done": counted.done,
        "oracle": best,
        "of oracle": round(counted.done / best, 3),
        "blocking": blocked[0],
        "times blocking": round(counted.done / max(1, blocked[0]), 1),
        "requests per job": round(counted.requests / max(1, counted.done), 2),
        "429": counted.refused,
    }
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--in-flight", type=int, default=600)
    chosen = parser.parse_args()
    compare("all 60 s", lambda _chance: MEAN, chosen.seconds)
    compare(
        "log-normal, median 60 s",
        lambda chance: MEAN * chance.lognormvariate(0, SPREAD),
        chosen.seconds,
    )
    flying, megabytes = in_flight_memory(chosen.in_flight)
    row = {"in flight": flying, "worker PSS in MB": round(megabytes)}
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
