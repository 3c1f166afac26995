"""What the sandbox understands of a request, and how it answers, well or badly."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from typing import Any


@dataclass(frozen=True)
class Part:
    name: str
    filename: str | None
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Seen:
    """One request, as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: float

    @property
    def parts(self) -> dict[str, Part]:
        return {part.name: part for part in multipart(self)}

    @property
    def fields(self) -> dict[str, str]:
        return {
            part.name: part.data.decode()
            for part in multipart(self)
            if part.filename is None
        }


def multipart(seen: Seen) -> list[Part]:
    kind = seen.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return []
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + seen.body)
    found = []
    for part in message.get_payload():
        assert not isinstance(part, str)
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        name = part.get_param("name", header="content-disposition")
        found.append(
            Part(str(name), part.get_filename(), part.get_content_type(), data)
        )
    return found


@dataclass(frozen=True)
class Answer:
    """A whole answer, or one that goes wrong on the way (`trouble`)."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


def as_json(body: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body).encode(), headers=named)


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.trouble == "reset":
        reset(handler)
        return
    length = len(answer.body)
    if answer.trouble in {"cut_short", "drip"}:
        length = max(2 * length, 1_000_000)
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.media_type)
    if answer.trouble != "endless":
        handler.send_header("Content-Length", str(length))
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    try:
        _send_body(handler, answer)
    except OSError:
        handler.close_connection = True
    if answer.trouble:
        handler.close_connection = True


def _send_body(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.trouble == "drip":
        for _second in range(600):
            handler.wfile.write(b" ")
            time.sleep(0.1)
        return
    if answer.trouble == "cut_short":
        handler.wfile.write(answer.body[: len(answer.body) // 2])
        return
    handler.wfile.write(answer.body)
    if answer.trouble == "endless":
        for _piece in range(4000):
            handler.wfile.write(b"\0" * 65536)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection hard, without an answer."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True
    handler.connection.close()
