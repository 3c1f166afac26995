"""Faults by name, each for the next N requests of one kind of call."""

from __future__ import annotations

import threading
from collections import defaultdict, deque


class Faults:
    """`add("submit", "http_500", times=2)`: the next two submits go wrong so."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[str]] = defaultdict(deque)
        self._always: dict[str, str] = {}
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
