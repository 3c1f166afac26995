from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
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


@register()
def results_can_be_fetched(
    app_configs: Sequence[Any] | None = None, **_: Any
) -> list[CheckMessage]:
    told = settings.PROVIDERS["claid"].extra
    if not told.get("output_storage") or told.get("output_url"):
        return []
    return [
        Error(
            "CLAID_OUTPUT_STORAGE is set, but not from where results are fetched.",
            hint="Set CLAID_OUTPUT_URL to the https address of that storage's files.",
            id="jobs.E001",
        )
    ]


@register()
def copies_can_be_fetched(
    app_configs: Sequence[Any] | None = None, **_: Any
) -> list[CheckMessage]:
    access = settings.PROVIDERS
    wants = {
        "PICWISH_BY_ADDRESS": access["picwish"].by_address,
        "CLAID_INPUT_STORAGE": access["claid"].extra.get("input_storage"),
    }
    return [
        Warning(
            f"{name} has no effect: nobody outside can reach {settings.SITE_URL}.",
            hint="Set SITE_URL to the public https address, or leave it out.",
            id="jobs.W002",
        )
        for name, is_set in wants.items()
        if is_set and not settings.SITE_IS_PUBLIC
    ]
