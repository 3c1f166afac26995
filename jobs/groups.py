"""Process groups on record, so that the next supervisor can end what a dead one left.

Every supervisor keeps one small file: itself, and the leader of each cluster's group.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import psutil
from django.conf import settings

from jobs.processes import (
    host,
    identity,
    is_gone,
    kill_group,
    pid_of,
    this_process,
)

logger = logging.getLogger(__name__)


def record(leaders: Mapping[str, str]) -> None:
    """Note the groups of this supervisor in place of those noted before."""
    path = _folder() / f"{host()}.{os.getpid()}.json"
    content = {"supervisor": this_process(), "leaders": dict(leaders)}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


def forget() -> None:
    (_folder() / f"{host()}.{os.getpid()}.json").unlink(missing_ok=True)


def end_leftovers() -> None:
    """End the groups of supervisors of this host that are no more."""
    for path in _folder().glob(f"{host()}.*.json"):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            continue
        if not is_gone(content["supervisor"]):
            continue
        for leader in content["leaders"].values():
            _end(leader)
        path.unlink(missing_ok=True)


def _end(leader: str) -> None:
    group = pid_of(leader)
    # While a group has members, its number is not given out again; so a process of
    # this number that is not the leader is a stranger, and so is its group.
    if identity(group) not in {"", leader} or not _is_cluster(group):
        return
    logger.warning("ending what a dead supervisor left: process group %s", group)
    kill_group(group)


def _is_cluster(group: int) -> bool:
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and "worker" in process.cmdline():
                return True
        except (ProcessLookupError, psutil.Error):
            continue
    return False


def _folder() -> Path:
    folder = Path(settings.DATA_DIR) / "worker"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
