"""The sandbox's hosts: one for each provider, one for uploads, one for results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.provider_sandbox.autoenhance import AutoenhanceSandbox
from tests.provider_sandbox.claid import ClaidSandbox
from tests.provider_sandbox.picwish import PicWishSandbox
from tests.provider_sandbox.upscayl import UpscaylSandbox
from tests.provider_sandbox.vendor import Vendor
from tests.provider_sandbox.watch import Watch
from tests.provider_sandbox.wire import Answer, Seen, send


class Sandbox:
    """Use as a context. `base_urls` are the providers' hosts by name; `trusted` goes
    into PROVIDER_TRUSTED_HOSTS. Leaving it fails where a request carried what must not
    leave the house (`watch`)."""

    def __init__(self, *, ports: Mapping[str, int] | None = None) -> None:
        at = ports or {}
        self.picwish = PicWishSandbox()
        self.autoenhance = AutoenhanceSandbox()
        self.upscayl = UpscaylSandbox()
        self.claid = ClaidSandbox()
        self.vendors: dict[str, Vendor] = {
            "picwish": self.picwish,
            "autoenhance": self.autoenhance,
            "upscayl": self.upscayl,
            "claid": self.claid,
        }
        self.watch = Watch({name: each.key for name, each in self.vendors.items()})
        self._servers = {
            name: _server(at.get(name, 0), partial(self._call, name))
            for name in self.vendors
        }
        self._servers["storage"] = _server(at.get("storage", 0), self._upload)
        self._servers["results"] = _server(at.get("results", 0), self._result)
        self.result_requests: list[Seen] = []
        self.upload_requests: list[Seen] = []
        for name, vendor in self.vendors.items():
            vendor.note = partial(self.watch.note, name)
            vendor.look_into = partial(self.watch.look_into, name)
            vendor.results_url = self.url_of("results")
            vendor.storage_url = self.url_of("storage")

    @property
    def base_urls(self) -> dict[str, str]:
        return {name: self.url_of(name) for name in self.vendors}

    @property
    def base_url(self) -> str:
        """Of PicWish."""
        return self.url_of("picwish")

    @property
    def results_host(self) -> str:
        return f"127.0.0.1:{self._servers['results'].server_port}"

    @property
    def trusted(self) -> frozenset[str]:
        ports = [self._servers[name].server_port for name in ("storage", "results")]
        return frozenset(f"127.0.0.1:{port}" for port in ports)

    def url_of(self, host: str) -> str:
        return f"http://127.0.0.1:{self._servers[host].server_port}"

    def environment(self) -> dict[str, str]:
        """What an app needs to use these providers."""
        found = {"PROVIDER_TRUSTED_HOSTS": ",".join(sorted(self.trusted))}
        for name, vendor in self.vendors.items():
            found[f"{name.upper()}_API_KEY"] = vendor.key
            found[f"{name.upper()}_BASE_URL"] = self.url_of(name)
        return found

    def __enter__(self) -> Self:
        for server in self._servers.values():
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
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        if kind is None:
            assert not self.watch.found, "\n".join(self.watch.found)

    def _call(self, name: str, seen: Seen) -> Answer:
        self.watch.look(name, seen)
        return self.vendors[name].handle(seen)

    def _upload(self, seen: Seen) -> Answer:
        """`/<provider>/...`, with PUT."""
        self.upload_requests.append(seen)
        self.watch.look("storage", seen)
        vendor = self._vendor_of(seen)
        return vendor.upload(seen) if vendor else NOT_HERE

    def _result(self, seen: Seen) -> Answer:
        """`/<provider>/...`, with GET."""
        self.result_requests.append(seen)
        self.watch.look("results", seen)
        vendor = self._vendor_of(seen)
        return vendor.result(seen) if vendor else NOT_HERE

    def _vendor_of(self, seen: Seen) -> Vendor | None:
        return self.vendors.get(seen.path.split("/")[1])


NOT_HERE = Answer(404, b"nothing here", "text/plain")


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

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    return _Server(("127.0.0.1", port), Handler)
