"""The web's side of the helper process in which pictures are opened.

The helper is a fresh, single-threaded Python without our environment. It is started at
the first picture, forks a limited child for every request (`sandbox`), ends with this
process or after some minutes without work, and is started again when it is gone.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from albums.images.refusals import BadPicture
from albums.images.wire import Answer, Ending, Request

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
# Only what the interpreter needs; one thread, so that forking is safe. Large pages save
# a tenth of a rendition's time, which goes into handing over fresh memory.
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "LC_ALL": "C.UTF-8",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
AT_ONCE = max(2, os.cpu_count() or 1)
# No child lives as long: a silence this long means that the helper is stopped.
SILENCE = 3600
MAX_ANSWER = 1 << 20
TOO_COSTLY = frozenset({signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL})


class HelperLost(RuntimeError):
    """The helper ended, or could not be started, with a request in hand."""


@dataclass(frozen=True)
class Outcome:
    answer: Answer | None
    ending: Ending


@dataclass(frozen=True)
class Running:
    """A helper process and the socket over which it is handed connections."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def end(self) -> None:
        self.control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def leave_to_parent(self) -> None:
        """In a forked copy of the parent: the helper must outlive us, and we it."""
        self.control.close()
        self.process.returncode = 0


class Helper:
    """One helper process, shared by all threads of this one."""

    def __init__(self, post: socket.socket | None = None) -> None:
        self._running: Running | None = None
        # Where somebody else looks after the helper: see SharedHelper.
        self._post = post
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    @property
    def pid(self) -> int | None:
        return self._running.process.pid if self._running else None

    def ask(self, request: Request) -> Answer:
        """The child's answer. BadPicture when it refused or was ended by its limits."""
        outcome = self.watch(request)
        answer = outcome.answer
        if answer is None:
            raise _refusal(outcome.ending)
        if answer.errno:
            raise OSError(answer.errno, os.strerror(answer.errno))
        if answer.refused:
            raise BadPicture(answer.refused, answer.facts, answer.detail)
        return answer

    def watch(self, request: Request) -> Outcome:
        """The answer, if any, and how the child ended.

        A helper that is lost meanwhile is replaced once.
        """
        with self._turns:
            try:
                return self._exchange(request)
            except HelperLost:
                return self._exchange(request)

    def close(self) -> None:
        """End the helper; the next request starts another."""
        with self._lock:
            if self._running:
                self._running.end()
            self._running = None

    def forget(self) -> None:
        """In a forked copy of the process that started the helper: start anew."""
        if self._running:
            self._running.leave_to_parent()
        Helper.__init__(self, self._post)

    def use(self, post: socket.socket | None) -> None:
        """Hand all requests to the helper behind `post`; None: start one of our own."""
        self.close()
        self._post = post

    def _exchange(self, request: Request) -> Outcome:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            running = self._hand_over(theirs)
            theirs.close()
            ours.settimeout(SILENCE)
            try:
                ours.sendall(request.to_line())
                return _outcome(_read_all(ours))
            except (HelperLost, OSError) as error:
                if running:
                    self._discard(running)
                raise HelperLost from error

    def _hand_over(self, theirs: socket.socket) -> Running | None:
        if self._post:
            try:
                socket.send_fds(self._post, [b"."], [theirs.fileno()])
            except OSError as error:
                raise HelperLost from error
            return None
        with self._lock:
            if self._running is None:
                self._running = _start()
            running = self._running
        try:
            socket.send_fds(running.control, [b"."], [theirs.fileno()])
        except OSError as error:
            self._discard(running)
            raise HelperLost from error
        return running

    def _discard(self, lost: Running) -> None:
        with self._lock:
            if self._running is lost:
                lost.end()
                self._running = None


class SharedHelper:
    """One helper for a whole family of processes: those that are forked while this is
    open hand it their requests, which saves the memory of a helper each. Nothing runs
    until there is a request; whoever opened it calls `tend` now and then."""

    def __init__(self) -> None:
        self._post, self._inbox = socket.socketpair()
        self._process: subprocess.Popen[bytes] | None = None
        helper.use(self._post)

    def tend(self) -> None:
        """Start the helper where somebody waits for one: at first, after minutes
        without work, or when it was lost."""
        if self._process and self._process.poll() is None:
            return
        self._process = None
        poller = select.poll()
        poller.register(self._inbox, select.POLLIN)
        if poller.poll(0):
            self._process = _popen(self._inbox)

    def close(self) -> None:
        """It ends when the last process that could ask it has closed its side."""
        helper.use(None)
        self._post.close()
        self._inbox.close()
        if self._process:
            Running(self._process, self._post).end()


def _start() -> Running:
    control, theirs = socket.socketpair()
    with theirs:
        return Running(_popen(theirs), control)


def _popen(requests: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-s", "-m", "albums.images.sandbox"],
        stdin=requests.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
    )


def _read_all(ours: socket.socket) -> bytes:
    received = bytearray()
    while piece := ours.recv(1 << 16):
        received += piece
        if len(received) > MAX_ANSWER:
            raise BadPicture("broken", detail="answer too long")
    return bytes(received)


def _outcome(received: bytes) -> Outcome:
    lines = received.splitlines()
    if not lines or not received.endswith(b"\n"):
        raise HelperLost
    try:
        ending = Ending.from_line(lines[-1])
    except (ValueError, TypeError) as error:
        raise HelperLost from error
    answer = None
    # What a child says that was taken over by its picture need not make sense.
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        answer = Answer.from_line(lines[0]) if len(lines) == 2 else None
    return Outcome(answer, ending)


def _refusal(ending: Ending) -> BadPicture:
    if os.WIFSIGNALED(ending.status):
        number = signal.Signals(os.WTERMSIG(ending.status))
        code = "bomb" if number in TOO_COSTLY else "broken"
        return BadPicture(code, detail=f"ended by {number.name} after {ending.cpu} s")
    # Not the picture's fault alone: something was raised that no decoder should raise.
    logger.error("A child of the picture helper ended with status %s", ending.status)
    return BadPicture("broken", detail=f"ended with status {ending.status}")


helper = Helper()
os.register_at_fork(after_in_child=helper.forget)
atexit.register(helper.close)
