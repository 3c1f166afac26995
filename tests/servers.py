"""Real database and queue servers for tests, each on a free port of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis as redis_client

from tests import programs

PATIENCE = 60.0


@contextmanager
def postgres_server() -> Iterator[str]:
    """A new, empty PostgreSQL. Gives its address as DATABASE_URL wants it."""
    binaries = programs.postgres()
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if user:
        shutil.chown(folder, user)
    subprocess.run(
        [binaries / "initdb", "--no-sync", "-A", "trust", "-U", "test", "-D", folder],
        check=True,
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    port = free_port()
    command = [str(binaries / "postgres"), "-D", str(folder), "-p", str(port), "-F"]
    command += ["-c", "listen_addresses=127.0.0.1", "-k", str(folder)]
    url = f"postgres://test@127.0.0.1:{port}/postgres"
    with _running(command, folder, user=user):
        wait_until(lambda: _postgres_answers(url), "PostgreSQL did not start")
        yield url


@contextmanager
def redis_server() -> Iterator[str]:
    """A new, empty Redis. Gives its address as QUEUE_URL wants it."""
    binary = programs.redis()
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    port = free_port()
    command = [str(binary), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--dir", str(folder)]
    url = f"redis://127.0.0.1:{port}/0"
    with _running(command, folder, user=None):
        wait_until(lambda: _redis_answers(url), "Redis did not start")
        yield url


# Below those that the system gives to connections, which could take one meanwhile.
PORTS = range(15_000, 32_000)


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(claim: Callable[[], bool], sentence: str) -> None:
    """Look again and again until the claim is true; the patience is for slow machines."""
    limit = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < limit, sentence
        time.sleep(0.05)


@contextmanager
def _running(command: list[str], folder: Path, *, user: str | None) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, user=user, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    try:
        with redis_client.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis_client.ConnectionError:
        return False


def main() -> None:
    """Run a command beside a PostgreSQL and a Redis of its own, which it then uses."""
    with postgres_server() as database, redis_server() as queue:
        variables = {"DATABASE_URL": database, "QUEUE_URL": queue}
        ended = subprocess.run(sys.argv[1:], env=os.environ | variables, check=False)
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
