"""The real web server, on the database and in the folders of the test."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from http.cookies import SimpleCookie
from pathlib import Path

import requests
from django.conf import settings
from django.test import Client

from albums.models import User
from tests.albums.tus import PART_TYPE, VERSION
from tests.processes.harness import ROOT, database_url
from tests.servers import free_port, wait_until

TOKEN = "a" * 32


class WebServer:
    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["-m", "gunicorn", "-c", "python:restore_site.gunicorn_config"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments, "restore_site.wsgi"],
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "DATA_DIR": str(settings.DATA_DIR),
                    "SECRET_KEY": settings.SECRET_KEY,
                    "DATABASE_URL": database_url(),
                    "PORT": str(self.port),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, "the web server does not answer")

    def kill(self) -> None:
        """All of its processes, at once."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ping(self) -> str:
        return requests.get(f"{self.address}/ping", timeout=20).text

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        try:
            return self.ping() == "ok"
        except requests.ConnectionError:
            return False


class Browser:
    """A signed-in person's connections to the real server."""

    def __init__(self, server: WebServer, user: User) -> None:
        self.server = server
        client = Client()
        client.force_login(user)
        session = SimpleCookie(client.cookies)[settings.SESSION_COOKIE_NAME].value
        cookies = f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={TOKEN}"
        self.headers = {"Cookie": cookies, "X-CSRFToken": TOKEN, **VERSION}

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> requests.Response:
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(
            method,
            self.server.address + path,
            data=body,
            headers=self.headers | spelled,
            timeout=60,
            allow_redirects=False,
        )

    def announce(self, facts: str, size: int) -> str:
        answer = self.ask(
            "POST", "/uploads/", Upload_Length=str(size), Upload_Metadata=facts
        )
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def add_part(self, url: str, offset: int, part: bytes) -> requests.Response:
        return self.ask(
            "PATCH", url, part, Content_Type=PART_TYPE, Upload_Offset=str(offset)
        )

    def offset_of(self, url: str) -> int:
        return int(self.ask("HEAD", url).headers["Upload-Offset"])

    def begin_part(self, url: str, offset: int, length: int) -> socket.socket:
        """Send the head of a part; what follows is up to the caller."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=60
        )
        connection.putrequest("PATCH", url)
        said: Mapping[str, str] = self.headers | {
            "Content-Type": PART_TYPE,
            "Content-Length": str(length),
            "Upload-Offset": str(offset),
        }
        for name, value in said.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.sock
        return connection.sock
