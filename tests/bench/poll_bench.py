"""What a page's poll costs, against the server's own ping in the same run.

    .venv/bin/python -m tests.bench.poll_bench

CPU time of the real web server, never the clock, over one connection that stays open;
the median of rounds that take turns, so that other work on the machine hits all alike.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.servers import free_port, wait_until

SIZES = (10, 1_000, 10_000)
ROUNDS = 5
UNCHANGED_REQUESTS = 100
CHANGED_REQUESTS = 20
PING = "/ping"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="polls-") as folder:
        port = free_port()
        variables = os.environ | {
            "DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "restore_site.settings",
            "PORT": str(port),
            "WEB_PROCESSES": "1",
        }
        sizes = prepared(variables)
        with server(variables, Path(folder), port) as process:
            measured = {
                size: measure(process, port, told) for size, told in sizes.items()
            }
    show(sizes, measured)


def prepared(variables: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.poll_rows", *map(str, SIZES)]
    done = subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE)
    sizes: dict[str, Any] = json.loads(done.stdout)
    return sizes


@contextmanager
def server(
    variables: Mapping[str, str], folder: Path, port: int
) -> Iterator[psutil.Process]:
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:restore_site.gunicorn_config",
    ]
    command += ["restore_site.wsgi:application"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=variables, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: answers(port), "The web server did not start")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    try:
        return ask(http.client.HTTPConnection("127.0.0.1", port), PING) == 200
    except ConnectionError:
        return False


def ask(connection: http.client.HTTPConnection, url: str, session: str = "") -> int:
    connection.request("GET", url, headers={"Cookie": f"sessionid={session}"})
    response = connection.getresponse()
    response.read()
    return response.status


def measure(
    process: psutil.Process, port: int, told: Mapping[str, Any]
) -> dict[str, float]:
    """CPU milliseconds of one request of each kind."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    urls = {PING: PING} | {name: poll["url"] for name, poll in told["polls"].items()}
    spent: dict[str, list[float]] = {name: [] for name in urls}
    for _round in range(ROUNDS):
        for name, url in urls.items():
            changed = name.endswith("changed") and not name.endswith("unchanged")
            requests = CHANGED_REQUESTS if changed else UNCHANGED_REQUESTS
            before = cpu_seconds(process)
            for _request in range(requests):
                status = ask(connection, url, told["session"])
                assert status == told["polls"].get(name, {"status": 200})["status"]
            spent[name].append((cpu_seconds(process) - before) / requests * 1000)
    return {name: statistics.median(values) for name, values in spent.items()}


def cpu_seconds(process: psutil.Process) -> float:
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def show(sizes: Mapping[str, Any], measured: Mapping[str, Mapping[str, float]]) -> None:
    row = "{:>8}  {:<20}{:>8}{:>9}{:>10}{:>8}\n".format
    write = sys.stdout.write
    write("Polls: CPU of the web server for one request\n")
    write(row("photos", "poll", "status", "queries", "CPU ms", "x ping"))
    for size, spent in measured.items():
        write(row(size, PING, 200, 0, f"{spent[PING]:.2f}", "1.0"))
        for name, poll in sizes[size]["polls"].items():
            cost = f"{spent[name]:.2f}", f"{spent[name] / spent[PING]:.1f}"
            write(row(size, name, poll["status"], poll["queries"], *cost))


if __name__ == "__main__":
    main()
