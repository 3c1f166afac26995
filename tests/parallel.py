"""Tests in several processes at once, each beside a queue of its own.

Loaded before the settings are read. Files go to one process as a whole; so do all tests
that start the worker, and all that drive a browser, which come first because they are
the slowest.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest

TOGETHER = ("tests/processes", "tests/browser")


def _own_queue() -> None:
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    address, slash, database = os.environ.get("QUEUE_URL", "").rpartition("/")
    if slash and database.isdecimal():
        os.environ["QUEUE_URL"] = f"{address}/{int(number)}"


_own_queue()


def group_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    for folder in TOGETHER:
        if PurePosixPath(file).is_relative_to(folder):
            return folder
    return file


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item.nodeid)))
    items.sort(key=lambda item: not item.nodeid.startswith(TOGETHER))
