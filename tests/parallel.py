"""Tests in several processes at once, each beside a queue of its own. Loaded before the
settings are read. The files that wait most come first."""

from __future__ import annotations

import os

import pytest

SLOW = ("tests/processes", "tests/browser")


def _own_queue() -> None:
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    address, slash, database = os.environ.get("QUEUE_URL", "").rpartition("/")
    if slash and database.isdecimal():
        os.environ["QUEUE_URL"] = f"{address}/{int(number)}"


_own_queue()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))
