from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from argparse import ArgumentParser
from errno import EADDRINUSE
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from albums import welcome
from albums.management import lookout

# The programs of a run that was killed need a moment to notice.
LOCK_PATIENCE = 10.0
GLANCE = 0.1


class Command(BaseCommand):
    help = "Start the web server and the worker together, and look after both."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--stop-with-parent",
            action="store_true",
            help="stop when the process that started this one is gone",
        )

    def handle(self, *, stop_with_parent: bool, **_options: Any) -> None:
        parent = os.getppid() if stop_with_parent else None
        lock = only_one(Path(settings.DATA_DIR) / "run.lock")
        listener = listen(settings.HOST, settings.PORT)
        call_command("prepare")
        self._say_where()
        become_lookout(lock, listener, parent)

    def _say_where(self) -> None:
        self.stdout.write(f"\n  Photo Restore runs at {settings.SITE_URL}")
        token = welcome.new_token()
        if token:
            link = settings.SITE_URL + reverse("welcome", args=[token])
            self.stdout.write(
                "\n  There is no account yet. Make yours, the administrator's, here:"
                f"\n  {link}\n  The link works once."
            )
        self.stdout.write("\n  Ctrl-C stops it.\n")
        self.stdout.flush()


def only_one(path: Path) -> int:
    """Hold the lock of this DATA_DIR. The programs inherit it, so that it tells whether
    anything of an earlier run is still there."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    limit = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > limit:
                raise CommandError(
                    f"It runs already, on the data in {path.parent}. Stop that one "
                    "first, or choose another folder with DATA_DIR."
                ) from error
            time.sleep(GLANCE)
        else:
            return lock


def listen(host: str, port: int) -> socket.socket:
    """The socket that the web server inherits. It stays open when that one restarts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise CommandError(
                f"PORT {port} is in use by another program. Stop that one, or choose "
                f"another port: PORT={port + 1} make run"
            ) from error
        raise CommandError(
            f"Cannot listen at HOST {host}, PORT {port}: {error.strerror}."
        ) from error


def become_lookout(lock: int, listener: socket.socket, parent: int | None) -> NoReturn:
    for descriptor in (lock, listener.fileno()):
        os.set_inheritable(descriptor, True)
    # The programs start in the project's folder, whatever folder we were started in.
    os.environ["DATA_DIR"] = str(settings.DATA_DIR)
    command = [sys.executable, lookout.__file__]
    command += [f"--lock={lock}", f"--listener={listener.fileno()}"]
    command += [f"--parent={parent}"] if parent else []
    os.execv(sys.executable, command)  # noqa: S606  # our own program
