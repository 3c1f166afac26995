"""A copy at an address, as the app would offer it, without the app."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "q7Yb2m0w1pXoZ3cV5nT8rK4dLs6hJfGa"


@contextmanager
def served(data: bytes, media_type: str = "image/jpeg") -> Iterator[str]:
    """The address at which `data` can be fetched."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/s/{TOKEN}.jpg"
    finally:
        server.shutdown()
        server.server_close()
