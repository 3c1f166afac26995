"""The engine as it was at an earlier revision, run from this project's own history."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench.engine.pictures import Picture

ROOT = Path(__file__).resolve().parents[3]
# The last one before the networks.
REVISION = "73a12a9"
PROGRAM = """
import sys
import numpy as np
from jobs.engine import Settings, restore
wishes = {name: False for name in sys.argv[3].split(",") if name}
np.save(sys.argv[2], restore(np.load(sys.argv[1]), Settings(**wishes)).picture)
"""


@cache
def _folder() -> tempfile.TemporaryDirectory[str] | None:
    git = shutil.which("git")
    if git is None:
        return None
    words = [git, "-C", str(ROOT), "archive", REVISION, "jobs"]
    packed = subprocess.run(words, capture_output=True)
    if packed.returncode:
        return None
    folder = tempfile.TemporaryDirectory()
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        tar.extractall(folder.name, filter="data")
    return folder


def has_previous() -> bool:
    return _folder() is not None


def previous(picture: Picture, *, without: tuple[str, ...] = ()) -> Picture:
    """What it made of the picture, with these stages switched off."""
    folder = _folder()
    if folder is None:
        raise FileNotFoundError(REVISION)
    scan, made = Path(folder.name) / "scan.npy", Path(folder.name) / "made.npy"
    np.save(scan, picture)
    words = [sys.executable, "-c", PROGRAM, str(scan), str(made), ",".join(without)]
    subprocess.run(words, check=True, cwd=folder.name)
    result: NDArray[np.uint8] = np.load(made)
    return result
