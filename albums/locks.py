"""Locks that all processes of this computer see, and that die with their holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Somebody else holds it."""


@contextmanager
def hold(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of this name. Raises Busy unless told to wait."""
    descriptor = _take(path, wait=wait)
    try:
        yield
    finally:
        _release(descriptor)


@contextmanager
def hold_one_of(paths: Iterable[Path]) -> Iterator[None]:
    """Hold whichever of these is free. Raises Busy when none is."""
    descriptor = _take_first(paths)
    try:
        yield
    finally:
        _release(descriptor)


def _take_first(paths: Iterable[Path]) -> int:
    for path in paths:
        try:
            return _take(path, wait=False)
        except Busy:
            continue
    raise Busy


def _take(path: Path, *, wait: bool) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        os.close(descriptor)
        raise Busy from error
    return descriptor


def _release(descriptor: int) -> None:
    # Said aloud: a child forked meanwhile has a copy of the descriptor.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
