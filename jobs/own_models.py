"""The models in DATA_DIR/models, as the last check found them.

Plain values from one small file, so that a page costs a look at it and no model is ever
opened in the web server. `jobs/own_checks.py` writes the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from django.conf import settings

# In the order of the work, as the engine knows them.
ROLES = ("detect", "inpaint", "restore", "face", "colour", "upscale")
MODEL, MANIFESTS = ".onnx", (".toml", ".json")
# Of the SHA-256; enough to tell an administrator's models apart.
DIGITS = 12


@dataclass(frozen=True)
class Entry:
    """A model, or what was meant to be one. `code` is "" where it can be used, else
    `reason` says why not and what to do. `seconds` of a core and `megabytes` are what a
    tile took; `changed` is the file's time in nanoseconds; `version` is that of the
    check and its limits."""

    name: str
    code: str
    reason: str
    title: str = ""
    role: str = ""
    licence: str = ""
    source: str = ""
    seconds: float = 0.0
    megabytes: int = 0
    sha256: str = ""
    beside_sha256: str = ""
    manifest: str = ""
    manifest_sha256: str = ""
    size: int = 0
    changed: int = 0
    version: str = ""

    @property
    def value(self) -> str:
        """How options and jobs name exactly this file."""
        return f"{self.name}-{self.sha256[:DIGITS]}"

    @property
    def path(self) -> Path:
        return folder() / f"{self.name}{MODEL}"

    @property
    def manifest_path(self) -> Path:
        return folder() / self.manifest

    @property
    def is_usable(self) -> bool:
        """Found sound, and still the file that was looked at."""
        if self.code:
            return False
        try:
            now = self.path.stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed)

    @property
    def trouble(self) -> str:
        """Why it cannot be used, "" where it can."""
        if self.code:
            return self.reason
        if self.is_usable:
            return ""
        return "The file was changed or taken away since it was checked."


@dataclass(frozen=True)
class State:
    """`titles` are those of all models that were ever usable, by their value."""

    entries: tuple[Entry, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


def folder() -> Path:
    return Path(settings.DATA_DIR) / "models"


def state_file() -> Path:
    return Path(settings.DATA_DIR) / "own_models.json"


def state() -> State:
    """What the last check found; nothing where there was none."""
    path = state_file()
    try:
        now = path.stat()
    except OSError:
        return State()
    return _read(path, now.st_ino, now.st_size, now.st_mtime_ns)


def usable(role: str) -> tuple[Entry, ...]:
    """The models that can take this role, by title."""
    found = [one for one in state().entries if one.role == role and one.is_usable]
    return tuple(sorted(found, key=lambda one: (one.title.lower(), one.name)))


def find(role: str, wanted: str) -> Entry | None:
    """A usable model by its value, or by its file's name."""
    models = usable(role)
    by_value = (one for one in models if one.value == wanted)
    by_name = (one for one in models if one.name == wanted)
    return next(by_value, None) or next(by_name, None)


def title_of(value: str) -> str:
    """Also of a model that is gone."""
    return state().titles.get(value) or value[: -DIGITS - 1] or value


def write(found: State) -> None:
    """Whole or not at all: others read it at any moment."""
    path = state_file()
    part = path.with_name(f"{path.name}.part")
    told = {"models": [asdict(one) for one in found.entries], "titles": found.titles}
    part.write_text(json.dumps(told, indent=1), encoding="utf-8")
    part.replace(path)


@lru_cache(maxsize=4)
def _read(path: Path, _inode: int, _size: int, _changed: int) -> State:
    """A file that cannot be read is as good as none: the next check writes it anew."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        entries = tuple(Entry(**one) for one in told["models"])
        return State(entries, dict(told["titles"]))
    except (OSError, ValueError, TypeError, KeyError):
        return State()
