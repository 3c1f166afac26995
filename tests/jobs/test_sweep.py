from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs import heartbeat, sweep
from jobs.clock import db_now
from jobs.models import Heartbeat, Job


@pytest.fixture
def scratch(settings: Any) -> Path:
    return Path(settings.SCRATCH_DIR)


def make_old(path: Path, *, seconds: int) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def folder_of(scratch: Path, token: UUID) -> Path:
    folder = scratch / f"job-{token.hex}"
    folder.mkdir()
    (folder / "work-0").write_bytes(b"x")
    return make_old(folder, seconds=sweep.SECONDS_FOR_FOLDERS + 60)


def test_scratch_of_a_dead_step_goes(job: Job, scratch: Path) -> None:
    folder = folder_of(scratch, uuid4())
    sweep.sweep_scratch()
    assert not folder.exists()


def test_scratch_of_a_running_step_stays(job: Job, scratch: Path) -> None:
    token = uuid4()
    Job.objects.claim(job.pk, now=db_now(), token=token, lease=timedelta(seconds=30))
    folder = folder_of(scratch, token)
    sweep.sweep_scratch()
    assert folder.exists()


def test_fresh_scratch_stays(db: None, scratch: Path) -> None:
    folder = scratch / f"job-{uuid4().hex}"
    folder.mkdir()
    sweep.sweep_scratch()
    assert folder.exists()


def test_forgotten_files_go(db: None, scratch: Path) -> None:
    old, new = scratch / "old", scratch / "new"
    for path in (old, new):
        path.write_bytes(b"x")
    make_old(old, seconds=sweep.SECONDS_FOR_FILES + 60)
    sweep.sweep_scratch()
    assert [path.name for path in scratch.iterdir()] == ["new"]


def test_hosts_that_are_no_more_are_forgotten(db: None) -> None:
    long_ago = db_now() - heartbeat.FORGOTTEN - timedelta(seconds=1)
    Heartbeat.objects.create(cluster="engine", host="attic", beat=long_ago)
    Heartbeat.objects.create(cluster="engine", host="cellar", beat=db_now())
    sweep.sweep()
    assert Heartbeat.objects.get().host == "cellar"
