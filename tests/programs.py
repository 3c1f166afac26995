"""Programs that some tests need: found, or said to be missing and how to get them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> Path:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    return _needed(found, "Chromium", "apt install chromium")


def postgres() -> Path:
    """The folder with PostgreSQL's own programs, which Debian keeps off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = shutil.which("initdb", path=path)
    return _needed(found, "PostgreSQL", "apt install postgresql").parent


def redis() -> Path:
    found = shutil.which("redis-server")
    return _needed(found, "Redis", "apt install redis-server")


def _needed(found: str | None, name: str, command: str) -> Path:
    if found:
        return Path(found)
    sentence = f"{name} is not installed. To run this test too: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
