from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.db import connection


@register()
def sqlite_is_safe(
    app_configs: Sequence[Any] | None = None, **_: Any
) -> list[CheckMessage]:
    if connection.vendor != "sqlite" or settings.SQLITE_VERSION >= (3, 51, 3):
        return []
    version = ".".join(str(part) for part in settings.SQLITE_VERSION)
    return [
        Warning(
            f"SQLite {version} can corrupt a database in rare moments.",
            hint="Install the pysqlite3 package, or use PostgreSQL (DATABASE_URL).",
            id="jobs.W001",
        )
    ]
