from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from albums import storage


@pytest.fixture
def small_disk(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A disk of 2 MB for uploads and photos; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if not (mount and unmount):
        pytest.skip("There is no mount. To run this test too: apt install mount")
    command = [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("Only root can make a small disk. To run this test too: use root.")
    settings.MEDIA_ROOT = disk / "media"
    settings.UPLOAD_DIR = disk / "uploads"
    monkeypatch.setattr(storage, "BYTES_KEPT_FREE", 0)
    try:
        yield disk
    finally:
        subprocess.run([unmount, "--lazy", str(disk)], check=True)
