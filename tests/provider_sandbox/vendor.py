"""What every provider of the sandbox has."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.provider_sandbox import fetching, pictures
from tests.provider_sandbox.faults import Faults
from tests.provider_sandbox.fetching import Fetched
from tests.provider_sandbox.wire import Answer, Seen


@dataclass
class Vendor:
    """One account at a provider: `key`, `rate` requests in any second, and how long
    tasks take (`duration`, seconds)."""

    key: str = ""
    rate: int = 2
    duration: Callable[[], float] = lambda: 0.3
    restore: Callable[[bytes], bytes] = pictures.restored
    faults: Faults = field(default_factory=Faults)
    results_url: str = ""
    storage_url: str = ""
    requests: list[Seen] = field(default_factory=list)
    refused_for_rate: int = 0
    # Tells of a request that no careful client would send; set by the sandbox.
    note: Callable[[str], None] = print
    # Looks for what no picture may carry; set by the sandbox.
    look_into: Callable[[bytes], None] = lambda data: None
    # The apps (host:port) from which it fetches photos, and what it fetched.
    sources: set[str] = field(default_factory=set)
    fetched: list[str] = field(default_factory=list)
    _recent: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def submits(self) -> int:
        """Tasks that were begun, and would cost."""
        raise NotImplementedError

    def handle(self, seen: Seen) -> Answer:
        """A call to the provider's own host."""
        raise NotImplementedError

    def upload(self, seen: Seen) -> Answer:
        """A PUT to a signed address."""
        return Answer(404, b"nothing here", "text/plain")

    def result(self, seen: Seen) -> Answer:
        """A GET of a finished picture."""
        return Answer(404, b"nothing here", "text/plain")

    def fetch_source(self, address: str) -> Fetched:
        """A photo that lies at an address of the app."""
        self.fetched.append(address)
        found = fetching.fetch(address, self.sources, self.note)
        if found.data:
            self.look_into(found.data)
        return found

    def is_over_rate(self, now: float) -> bool:
        """Counts a request. Whether it is one too many in the last second."""
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.rate:
            self.refused_for_rate += 1
            return True
        self._recent.append(now)
        return False


def age_of(moment: float) -> float:
    return time.monotonic() - moment


def result_answer(fault: str, picture: bytes, kind: str = "image/jpeg") -> Answer:
    """A finished picture, or what may come in its place."""
    redirect = {
        "redirect_private": "https://127.0.0.1/result.jpg",
        "redirect_metadata": "http://169.254.169.254/latest/meta-data/",
        "redirect_loop": "",
    }
    if fault in redirect:
        return Answer(302, b"", headers={"Location": redirect[fault]})
    table = {
        "gone": Answer(404, b"gone", "text/plain"),
        "html": Answer(200, b"<html>Sign in</html>", "image/jpeg"),
        "bomb": Answer(200, pictures.bomb(), "image/png") if fault == "bomb" else None,
        "half_picture": Answer(200, picture[: len(picture) // 2], "image/jpeg"),
        "empty": Answer(200, b"", "image/jpeg"),
        "cut_short": Answer(200, picture, "image/jpeg", trouble="cut_short"),
        "endless": Answer(200, picture, "image/jpeg", trouble="endless"),
        "drip": Answer(200, picture, "image/jpeg", trouble="drip"),
        "http_503": Answer(503, b"busy", "text/plain"),
        "http_403": Answer(403, b"expired", "text/plain"),
        "reset": Answer(trouble="reset"),
    }
    return table.get(fault) or Answer(200, picture, kind)
