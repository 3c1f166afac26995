"""The sandbox's two hosts: the provider's own, and another one for results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.provider_sandbox.picwish import PicWishSandbox
from tests.provider_sandbox.wire import Answer, Seen, send


class Sandbox:
    """Use as a context. `picwish` is the provider; `results_host` goes into
    PROVIDER_TRUSTED_HOSTS."""

    def __init__(self, *, port: int = 0, results_port: int = 0) -> None:
        self.picwish = PicWishSandbox()
        self._api = _server(port, self._call)
        self._results = _server(results_port, self._result)
        self.base_url = f"http://127.0.0.1:{self._api.server_port}"
        self.results_host = f"127.0.0.1:{self._results.server_port}"
        self.picwish.results_url = f"http://{self.results_host}"
        self.result_requests: list[Seen] = []

    def __enter__(self) -> Self:
        for server in (self._api, self._results):
            threading.Thread(
                target=server.serve_forever, args=(0.02,), daemon=True
            ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._api, self._results):
            server.shutdown()
            server.server_close()

    def _call(self, seen: Seen) -> Answer:
        return self.picwish.handle(seen)

    def _result(self, seen: Seen) -> Answer:
        self.result_requests.append(seen)
        if seen.path.startswith("/picwish/"):
            name = seen.path.removeprefix("/picwish/").removesuffix(".jpg")
            return self.picwish.result(name)
        return Answer(404, b"no such result", "text/plain")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _server(port: int, answer_to: Callable[[Seen], Answer]) -> _Server:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            arrived = time.monotonic()
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            send(self, answer_to(Seen(self.command, self.path, headers, body, arrived)))

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    return _Server(("127.0.0.1", port), Handler)
