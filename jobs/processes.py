"""Who a process is, beyond its number: numbers are given out again."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import psutil

GONE = ""
DEAD_STATES = {"Z", "X", "x"}
STATE, STARTED = 0, 19  # fields of /proc/PID/stat after the name, from proc(5)


def host() -> str:
    return socket.gethostname()


def identity(pid: int) -> str:
    """`host:pid:start` of a living process, "" for one that is gone."""
    started = _started(pid)
    return f"{host()}:{pid}:{started}" if started else GONE


def this_process() -> str:
    return identity(os.getpid())


def pid_of(process: str) -> int:
    return int(process.rsplit(":", 2)[1])


def is_local(process: str) -> bool:
    return process.rsplit(":", 2)[0] == host()


def is_gone(process: str) -> bool:
    """Whether a process of this host has ended. Of other hosts we cannot know: False."""
    return is_local(process) and identity(pid_of(process)) != process


def kill_group(group: int) -> None:
    """End all processes of a group at once; that none is left is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _started(pid: int) -> str:
    # Not psutil's create_time: it moves with the clock of the host.
    if not psutil.LINUX:
        return _started_by_psutil(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return GONE
    fields = stat.rpartition(")")[2].split()
    return GONE if fields[STATE] in DEAD_STATES else fields[STARTED]


def _started_by_psutil(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        is_dead = process.status() == psutil.STATUS_ZOMBIE
        return GONE if is_dead else str(int(process.create_time()))
    except psutil.NoSuchProcess:
        return GONE
