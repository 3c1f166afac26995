"""The engine as it is where no network can run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from jobs.engine import network


@contextmanager
def without_networks() -> Iterator[None]:
    with mock.patch.object(network, "is_there", return_value=False):
        yield
