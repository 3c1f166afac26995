"""Choose an SQLite that cannot corrupt a database in WAL mode.

SQLite 3.7.0 to 3.51.2 may lose pages when two connections write and checkpoint at
the same moment (sqlite.org/wal.html#walresetbug). Where Python's own library is of
that range, the pysqlite3 package brings a newer one under the same name.
"""

from __future__ import annotations

import importlib
import sqlite3
import sys

FIRST_SAFE = (3, 51, 3)


def use_safe_sqlite() -> tuple[int, ...]:
    """Swap the sqlite3 module if it must be; the version now in use."""
    if sqlite3.sqlite_version_info >= FIRST_SAFE:
        return sqlite3.sqlite_version_info
    try:
        replacement = importlib.import_module("pysqlite3")
        dbapi2 = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3.sqlite_version_info
    sys.modules["sqlite3"] = replacement
    sys.modules["sqlite3.dbapi2"] = dbapi2
    version: tuple[int, ...] = replacement.sqlite_version_info
    return version
