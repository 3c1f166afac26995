"""The helper itself: forks one limited child for every request that comes in.

Started by `helper` as `python -m albums.images.sandbox`, with a socket as its standard
input, over which it is handed one connection for every request. The child reads its
request there and writes its answer; when the child has ended, how it ended is added.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Collection
from types import FrameType

from albums.images import operations
from albums.images.refusals import BadPicture
from albums.images.wire import Answer, Ending, Request

IDLE = 300
MAX_REQUEST = 1 << 16
KILOBYTES = 1024 if sys.platform == "darwin" else 1


class Sandbox:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, socket.socket] = {}
        self.wakeup, self.alarm = socket.socketpair()
        self.wakeup.setblocking(False)
        self.alarm.setblocking(False)
        self.poller = select.poll()

    def serve(self) -> None:
        """Until the other side closes, or nothing was asked for some minutes."""
        signal.signal(signal.SIGCHLD, _wake)
        signal.set_wakeup_fd(self.alarm.fileno(), warn_on_full_buffer=False)
        self.poller.register(self.control, select.POLLIN)
        self.poller.register(self.wakeup, select.POLLIN)
        while True:
            ready = [handle for handle, _ in self.poller.poll(IDLE * 1000)]
            if not ready and not self.children:
                return
            if self.wakeup.fileno() in ready:
                self.wakeup.recv(4096)
                self.reap()
            self.end_unwanted(ready)
            if self.control.fileno() in ready and not self.accept():
                return

    def accept(self) -> bool:
        """Fork a child for one request; False when nobody is there any more."""
        message, handles, _, _ = socket.recv_fds(self.control, 1, 1)
        if not message:
            self.end_children()
            return False
        connection = socket.socket(fileno=handles[0])
        pid = os.fork()
        if pid == 0:
            self.become_child(connection)
        self.children[pid] = connection
        # Told only when the other side hangs up.
        self.poller.register(connection, 0)
        return True

    def end_unwanted(self, ready: Collection[int]) -> None:
        """Who asked is gone, so nobody needs the answer."""
        for pid, connection in self.children.items():
            if connection.fileno() in ready:
                self.poller.unregister(connection)
                os.kill(pid, signal.SIGKILL)

    def become_child(self, connection: socket.socket) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.control.close()
            for other in self.children.values():
                other.close()
            connection.sendall(answer_to(_read_request(connection)).to_line())
            status = 0
        finally:
            os._exit(status)

    def reap(self) -> None:
        while self.children:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            cpu = used.ru_utime + used.ru_stime
            ending = Ending(status, cpu, used.ru_maxrss // KILOBYTES)
            with self.children.pop(pid) as connection:
                with contextlib.suppress(KeyError):
                    self.poller.unregister(connection)
                _tell(connection, ending)

    def end_children(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)


def answer_to(request: Request) -> Answer:
    try:
        return operations.perform(request)
    except BadPicture as refusal:
        return Answer(refused=refusal.code, facts=refusal.facts, detail=refusal.detail)
    except MemoryError:
        return Answer(refused="bomb", detail="out of memory")
    except OSError as error:
        if error.errno and error.errno != errno.EFBIG:
            return Answer(errno=error.errno)
        return Answer(refused="broken", detail=type(error).__name__)
    except operations.DECODER_ERRORS as error:
        # Pillow's words for notes or profiles that unpack to far more than they say.
        swollen = isinstance(error, ValueError) and "too large" in str(error)
        code = "bomb" if swollen else "broken"
        return Answer(refused=code, detail=type(error).__name__)


def _read_request(connection: socket.socket) -> Request:
    received = b""
    while not received.endswith(b"\n") and len(received) < MAX_REQUEST:
        piece = connection.recv(MAX_REQUEST)
        if not piece:
            break
        received += piece
    return Request.from_line(received)


def _tell(connection: socket.socket, ending: Ending) -> None:
    connection.setblocking(False)
    try:
        connection.sendall(ending.to_line())
    except OSError:
        # Who asked is gone, and so is the need to know.
        return


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Only there so that the signal reaches the wake-up socket."""


def main() -> None:
    # A Ctrl-C meant for the server must not end the pictures in hand before it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    operations.prepare()
    gc.freeze()
    with socket.socket(fileno=0) as control:
        Sandbox(control).serve()


if __name__ == "__main__":
    main()
