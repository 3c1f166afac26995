from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    help = "Bring the folders, the database and the static files up to date."
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        for folder in (settings.MEDIA_ROOT, settings.UPLOAD_DIR, settings.SCRATCH_DIR):
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        if has_waiting_migrations():
            self.stdout.write("Preparing the database ...")
            call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        self._collect_static()

    def _collect_static(self) -> None:
        """Where no file changed since the last time, there is nothing to do."""
        mark = Path(settings.DATA_DIR) / "static_fingerprint"
        fingerprint = static_fingerprint()
        known = mark.read_text() if mark.exists() else ""
        if known == fingerprint and Path(settings.STATIC_ROOT).exists():
            return
        self.stdout.write("Preparing the static files ...")
        call_command("collectstatic", interactive=False, verbosity=0)
        mark.write_text(fingerprint)


def has_waiting_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def static_fingerprint() -> str:
    storage = settings.STORAGES["staticfiles"]["BACKEND"]
    lines = [f"storage {storage}", *sorted(_static_files())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _static_files() -> Iterator[str]:
    for finder in get_finders():
        for name, storage in finder.list([]):
            state = Path(storage.path(name)).stat()
            yield f"{name} {state.st_size} {state.st_mtime_ns}"
