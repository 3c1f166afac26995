from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from albums.images import BadPicture, decode, inspect
from albums.images.helper import ENVIRONMENT, ROOT, SharedHelper, helper
from albums.images.wire import Request
from tests.albums.images.drawing import saved, scan_bomb, scene


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(tmp_path / "a.jpg", scene())


def running_helper(path: Path) -> int:
    inspect(path)
    assert helper.pid
    return helper.pid


def test_one_helper_serves_all_requests(path: Path) -> None:
    first = running_helper(path)
    assert running_helper(path) == first


def test_a_killed_helper_is_replaced(path: Path) -> None:
    first = running_helper(path)
    os.kill(first, signal.SIGKILL)
    assert running_helper(path) != first


def test_a_helper_killed_at_work_is_replaced(path: Path, tmp_path: Path) -> None:
    first = running_helper(path)
    heavy = tmp_path / "heavy.jpg"
    heavy.write_bytes(scan_bomb(50))
    os.kill(first, signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(inspect, heavy)
        until(lambda: bool(waiting.running()))
        os.kill(first, signal.SIGKILL)
        assert waiting.result().pages[0].width == 4000
    assert helper.pid != first


def test_many_threads_ask_at_once(path: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(path.read_bytes()[:-100])
    start = threading.Barrier(32)

    def ask(number: int) -> str:
        start.wait()
        if number % 2:
            raw = tmp_path / f"{number}.raw"
            return str(decode(path, into=raw).shape)
        with pytest.raises(BadPicture) as refused:
            inspect(bad)
        return refused.value.code

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, range(32)))
    assert answers == ["broken", "(160, 240, 3)"] * 16


def test_a_forked_process_has_a_helper_of_its_own(path: Path) -> None:
    ours = running_helper(path)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            theirs = running_helper(path)
            os.write(writing, f"{theirs}".encode())
            helper.close()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    theirs = int(os.read(reading, 100))
    assert theirs != ours
    assert running_helper(path) == ours


@pytest.fixture
def shared() -> Iterator[SharedHelper]:
    """Tended as by a worker's supervisor."""
    shared, ended = SharedHelper(), threading.Event()

    def tend() -> None:
        while not ended.wait(0.05):
            shared.tend()

    tending = threading.Thread(target=tend)
    tending.start()
    yield shared
    ended.set()
    tending.join()
    shared.close()


def sandboxes() -> set[int]:
    children = psutil.Process().children()
    return {child.pid for child in children if "sandbox" in "".join(child.cmdline())}


def test_forked_processes_share_a_helper_that_is_tended(
    shared: SharedHelper, path: Path
) -> None:
    assert sandboxes() == set()
    pids = [os.fork() for _child in range(3)]
    for pid in pids:
        if pid == 0:
            status = 1
            try:
                inspect(path)
                status = 0 if helper.pid is None else 2
            finally:
                os._exit(status)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert len(sandboxes()) == 1


def test_a_shared_helper_that_was_killed_is_replaced(
    shared: SharedHelper, path: Path
) -> None:
    inspect(path)
    (first,) = sandboxes()
    os.kill(first, signal.SIGKILL)
    inspect(path)
    assert first not in sandboxes()


def test_nobody_waits_for_what_a_killed_process_asked(
    shared: SharedHelper, path: Path, tmp_path: Path
) -> None:
    inspect(path)
    (sandbox,) = map(psutil.Process, sandboxes())
    heavy = tmp_path / "heavy.jpg"
    heavy.write_bytes(scan_bomb(50))
    pid = os.fork()
    if pid == 0:
        try:
            inspect(heavy)
        finally:
            os._exit(0)
    until(lambda: bool(sandbox.children()))
    (child,) = sandbox.children()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until(lambda: not child.is_running())
    assert sandbox.is_running()
    inspect(path)


def test_a_shared_helper_ends_with_whoever_opened_it(path: Path) -> None:
    shared = SharedHelper()

    def is_done() -> bool:
        shared.tend()
        return waiting.done()

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(inspect, path)
        until(is_done)
    (sandbox,) = map(psutil.Process, sandboxes())
    shared.close()
    until(lambda: not sandbox.is_running())
    assert running_helper(path) != sandbox.pid


USE = """
import os, sys
from pathlib import Path
from albums.images import inspect
from albums.images.helper import helper
inspect(Path(sys.argv[1]))
print(helper.pid, flush=True)
sys.stdin.read()
"""


def test_the_helper_dies_with_its_parent(path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", USE, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with parent:
        assert parent.stdout
        process = psutil.Process(int(parent.stdout.readline()))
        assert process.is_running()
        parent.kill()
    until(lambda: not process.is_running() or process.status() == "zombie")


def test_the_helper_knows_no_secrets(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICWISH_API_KEY", "canary")
    helper.close()
    process = psutil.Process(running_helper(path))
    assert process.environ() == ENVIRONMENT
    assert process.cwd() == "/"
    assert process.num_threads() == 1
    helper.close()


def test_the_helper_has_no_connection_but_ours(path: Path) -> None:
    process = psutil.Process(running_helper(path))
    assert process.net_connections("inet") == []
    assert "django.conf" not in " ".join(process.cmdline())


def test_an_idle_helper_leaves() -> None:
    ours, theirs = socket.socketpair()
    code = "import albums.images.sandbox as s; s.IDLE = 0.01; s.main()"
    with ours, theirs:
        ended = subprocess.run(
            [sys.executable, "-c", code], stdin=theirs.fileno(), cwd=ROOT
        )
    assert ended.returncode == 0


def test_limits_that_are_passed_end_the_child_only(tmp_path: Path, path: Path) -> None:
    first = running_helper(path)
    bomb = tmp_path / "bomb.jpg"
    bomb.write_bytes(scan_bomb(54, 9990, 9990))
    outcome = helper.watch(Request("inspect", str(bomb)))
    assert outcome.answer is None
    assert os.WTERMSIG(outcome.ending.status) == signal.SIGXCPU
    assert running_helper(path) == first
