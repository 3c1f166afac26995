"""Looking for models in DATA_DIR/models, and trying each one in a process of its own.

An unchanged model is not tried again: what counts is the content of its file and of its
manifest, the version of the check, and the limits.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import re
import signal
import subprocess  # noqa: S404  # starts our own program only
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from django.conf import settings

from jobs import own_models
from jobs.own_models import MANIFESTS, MODEL, Entry, State

logger = logging.getLogger(__name__)

CHECK = 1
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"
MEGABYTE = 1024**2
PROGRAM = "jobs.engine.own.checking"
# A busy machine gives a child a share of a core only.
PATIENCE = 8
LONGEST_ANSWER = 20_000
OVER_TIME = {-signal.SIGXCPU, -signal.SIGALRM}


@dataclass(frozen=True)
class Pair:
    """A model's file and its manifests, as far as they are there."""

    name: str
    model: Path
    manifests: tuple[Path, ...]


def anything_to_do() -> bool:
    """Whether there is a model, or was one: else no check need start."""
    return own_models.state_file().exists() or bool(pairs())


def check_all(*, again: bool = False) -> tuple[Entry, ...]:
    """Check what is in the folder, and note it. One after the other, whoever asks.
    `again`: also what was checked and has not changed."""
    with _alone():
        before = own_models.state()
        known = () if again else before.entries
        entries = tuple(_entry(pair, known) for pair in pairs())
        titles = {one.value: one.title for one in entries if not one.code}
        own_models.write(State(entries, {**before.titles, **titles}))
    return entries


def pairs() -> tuple[Pair, ...]:
    """By name; of what has a manifest or is a model."""
    kinds = {MODEL, *MANIFESTS}
    try:
        files = [one for one in own_models.folder().iterdir() if one.suffix in kinds]
    except OSError:
        return ()
    names = sorted({one.stem for one in files if not one.name.startswith(".")})
    return tuple(_pair(name) for name in names)


def _pair(name: str) -> Pair:
    place = own_models.folder()
    manifests = [place / f"{name}{ending}" for ending in MANIFESTS]
    there = tuple(one for one in manifests if one.is_file())
    return Pair(name, place / f"{name}{MODEL}", there)


def _entry(pair: Pair, known: tuple[Entry, ...]) -> Entry:
    try:
        refused = _refusal(pair)
        if refused:
            return refused
        found = _digests(pair)
    except OSError as error:
        logger.warning("model %s: %s", pair.name, error.strerror)
        return _no(
            pair, "not_readable", "It cannot be read: let this app's user read it."
        )
    for one in known:
        if _key(one) == _key(found):
            return replace(one, size=found.size, changed=found.changed)
    return _tried(pair, found)


def _refusal(pair: Pair) -> Entry | None:
    """What can be said without opening the model."""
    if not re.fullmatch(NAME, pair.name):
        return _no(
            pair,
            "bad_name",
            "Rename it: letters, digits, dots, _ and - only, at most 60 of them.",
        )
    if not pair.model.is_file():
        return _no(
            pair, "no_model", f"Its file is missing: put {pair.model.name} beside it."
        )
    if not pair.manifests:
        return _no(
            pair,
            "no_manifest",
            f"It has no manifest: write {pair.name}.toml, see docs/own_models.md.",
        )
    if len(pair.manifests) > 1:
        names = " or ".join(one.name for one in pair.manifests)
        return _no(pair, "two_manifests", f"It has two manifests: keep {names}.")
    most = settings.OWN_MODEL_SIZE
    if sum(one.stat().st_size for one in _files(pair.model)) > most * MEGABYTE:
        return _no(
            pair,
            "too_big",
            f"It has more than {most} MB. Take a smaller one, or let it have more: "
            "OWN_MODEL_SIZE.",
        )
    return None


def _no(pair: Pair, code: str, reason: str) -> Entry:
    return Entry(pair.name, code, reason, title=pair.name)


def _files(model: Path) -> list[Path]:
    """The model, and what it may keep its weights in."""
    beside = model.parent.glob(f"{model.name}?*")
    return [model, *sorted(one for one in beside if one.is_file())]


def contents_of(model: Path, beside: Path) -> tuple[str, str, str]:
    """SHA-256 of a model's file, of the files with its weights, and of its manifest."""
    first, *others = _files(model)
    return digest_of(first), " ".join(map(digest_of, others)), digest_of(beside)


def contents_then(entry: Entry) -> tuple[str, str, str]:
    """The same, as the check saw them."""
    return entry.sha256, entry.beside_sha256, entry.manifest_sha256


def _digests(pair: Pair) -> Entry:
    looked = pair.model.stat()
    sha256, beside_sha256, manifest_sha256 = contents_of(pair.model, pair.manifests[0])
    return Entry(
        pair.name,
        "",
        "",
        sha256=sha256,
        beside_sha256=beside_sha256,
        manifest=pair.manifests[0].name,
        manifest_sha256=manifest_sha256,
        size=looked.st_size,
        changed=looked.st_mtime_ns,
        version=_version(),
    )


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key(entry: Entry) -> tuple[str, ...]:
    return entry.name, entry.manifest, entry.version, *contents_then(entry)


def _version() -> str:
    limits = f"{settings.OWN_MODEL_SECONDS}s {settings.OWN_MODEL_MEMORY}MB"
    return f"{CHECK}, onnxruntime {version('onnxruntime')}, {limits}"


def _tried(pair: Pair, found: Entry) -> Entry:
    told = _run(pair, found)
    return replace(found, **(asdict(told)))


@dataclass(frozen=True)
class Told:
    """What the program that tried a model says of it."""

    code: str
    reason: str
    title: str
    role: str = ""
    licence: str = ""
    source: str = ""
    seconds: float = 0.0
    megabytes: int = 0


def _run(pair: Pair, found: Entry) -> Told:
    limits = settings.OWN_MODEL_SECONDS, settings.OWN_MODEL_MEMORY
    seconds, megabytes = (str(limit) for limit in limits)
    command = [
        *(sys.executable, "-m", PROGRAM, str(pair.model), str(pair.manifests[0])),
        *("--digest", found.sha256, "--seconds", seconds, "--megabytes", megabytes),
    ]
    try:
        ended = subprocess.run(  # noqa: S603  # our own program
            command,
            cwd=settings.BASE_DIR,
            env={
                "PYTHONPATH": str(settings.BASE_DIR),
                "LC_ALL": "C.UTF-8",
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE * (settings.OWN_MODEL_SECONDS + 10),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _said(pair, "too_slow")
    if ended.returncode in OVER_TIME:
        return _said(pair, "too_slow")
    if ended.returncode:
        tail = ended.stderr[-300:].decode("utf-8", "replace")
        logger.warning("model %s ended its check: %s", pair.name, tail)
        return _said(pair, "crashed")
    told = Told(**json.loads(ended.stdout[:LONGEST_ANSWER]))
    told = replace(told, title=told.title or pair.name)
    return replace(told, reason=told.reason or _words(told.code))


def _said(pair: Pair, code: str) -> Told:
    return Told(code, _words(code), pair.name)


def _words(code: str) -> str:
    seconds, memory = settings.OWN_MODEL_SECONDS, settings.OWN_MODEL_MEMORY
    return {
        "too_slow": f"It takes more than {seconds} seconds of one core for one picture "
        "of its size. Write a smaller “tile”, or let it have more: OWN_MODEL_SECONDS.",
        "too_much_memory": f"It needs more than {memory} MB of memory. Write a smaller "
        "“tile”, or let it have more: OWN_MODEL_MEMORY.",
        "crashed": "It crashed when it was tried, maybe for want of memory. Export it "
        "again, write a smaller “tile”, or let it have more: OWN_MODEL_MEMORY.",
    }.get(code, "")


@contextmanager
def _alone() -> Iterator[None]:
    """Two checks at a time would each write what the other has not seen."""
    lock = own_models.state_file().with_suffix(".lock")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
