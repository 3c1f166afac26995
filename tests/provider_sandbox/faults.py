"""Faults by name, each for the next N requests of one kind of call."""

from __future__ import annotations

import threading
from collections import defaultdict, deque

SECONDS_HELD = 120.0


class Hold:
    """Keeps the answer to one request back: `arrived` is set when the request is there
    and has been carried out, and the answer leaves after `let_go`."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self._released = threading.Event()

    def let_go(self) -> None:
        self._released.set()

    def wait(self) -> None:
        self.arrived.set()
        self._released.wait(SECONDS_HELD)


class Faults:
    """`add("submit", "http_500", times=2)`: the next two submits go wrong so."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[str]] = defaultdict(deque)
        self._always: dict[str, str] = {}
        self._holds: dict[str, Hold] = {}
        self._lock = threading.Lock()

    def add(self, call: str, name: str, *, times: int = 1) -> None:
        with self._lock:
            self._waiting[call].extend([name] * times)

    def always(self, call: str, name: str) -> None:
        with self._lock:
            self._always[call] = name

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._always.clear()

    def next(self, call: str) -> str:
        with self._lock:
            if self._waiting[call]:
                return self._waiting[call].popleft()
            return self._always.get(call, "")

    def hold(self, call: str) -> Hold:
        """Keep the answer to the next request of this kind back."""
        hold = Hold()
        with self._lock:
            self._holds[call] = hold
        return hold

    def pass_hold(self, call: str) -> None:
        with self._lock:
            hold = self._holds.pop(call, None)
        if hold:
            hold.wait()
