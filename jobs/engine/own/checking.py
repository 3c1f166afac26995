"""Trying a model on a test picture, within limits that the kernel keeps.

Run as a program of its own: a model that crashes, or takes too much, ends this process
and nothing else. The verdict is one object on the standard output.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import signal
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from jobs.engine.contract import Mask, Plane
from jobs.engine.own import manifest, onnx_file
from jobs.engine.own.channels import with_channels
from jobs.engine.own.loaded import Loaded
from jobs.engine.own.spec import Kind, OwnModel, Role, Spec
from jobs.engine.own.trouble import BadModel, ModelFailed

MEGABYTE = 1024**2
OPEN_FILES = 64
# Loading, and a small picture, beside the picture whose time is measured.
MARGIN_SECONDS = 20
# A picture restored or enlarged is still that picture; with a wrong range it is not.
FARTHEST = 0.25
STRONGEST = 200.0


@dataclass(frozen=True)
class Verdict:
    """`seconds` of a core for one tile or square, `megabytes` at the most beside what the
    engine itself takes. `code` is "" where the model can be used, else `reason` says why
    not; of what is over a limit, whoever set it says so."""

    code: str = ""
    reason: str = ""
    title: str = ""
    role: str = ""
    licence: str = ""
    source: str = ""
    seconds: float = 0.0
    megabytes: int = 0


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--digest", default="")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--megabytes", type=int, required=True)
    asked = parser.parse_args(arguments)
    verdict = judge(
        asked.model, asked.manifest, asked.digest, asked.seconds, asked.megabytes
    )
    sys.stdout.write(json.dumps(asdict(verdict)))


def judge(
    path: Path, beside: Path, digest: str, seconds: int, megabytes: int
) -> Verdict:
    """Binds this process to the limits for good. `digest` is the file's SHA-256."""
    verdict = Verdict()
    try:
        spec = manifest.read(beside)
        verdict = Verdict(
            "", "", spec.title, spec.role.value, spec.licence, spec.source
        )
        if spec.sha256 and spec.sha256 != digest:
            raise BadModel(
                "other_file",
                "The file is not the one that the manifest means: its SHA-256 is "
                f"{digest}. Copy it again, or correct “sha256”.",
            )
        onnx_file.check(path)
        before = _most_memory()
        _keep_within(seconds, megabytes)
        took = _try(OwnModel(path, spec), seconds)
    except (BadModel, ModelFailed) as error:
        return replace(verdict, code=error.code, reason=str(error))
    except MemoryError:
        return replace(verdict, code="too_much_memory")
    needed = round((_most_memory() - before) / MEGABYTE)
    return replace(verdict, seconds=round(took, 2), megabytes=max(needed, 1))


def drawn_picture(height: int, width: int) -> Plane:
    """(h, w, 3), 0..1: soft shades, edges and discs, always the same."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    red, green = x / max(width - 1, 1), y / max(height - 1, 1)
    picture = np.stack([0.2 + 0.6 * red, 0.25 + 0.5 * green, 0.7 - 0.4 * red], axis=2)
    centre = (width // 2, height // 2)
    cv2.circle(picture, centre, max(min(height, width) // 4, 1), (0.8, 0.6, 0.5), -1)
    top = (width // 8, height // 8)
    cv2.rectangle(picture, top, (width // 3, height // 3), (0.1, 0.15, 0.2), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.float32)


def _try(model: OwnModel, seconds: int) -> float:
    """Seconds of a core for a picture of the size that it will work on."""
    loaded, spec = Loaded(model), model.spec
    side = spec.size or spec.tile
    begun = time.process_time()
    picture, holes = drawn_picture(side, side), _drawn_holes(side, side)
    made = loaded.run(picture, holes)
    took = time.process_time() - begun
    if took > seconds:
        raise BadModel("too_slow", "")
    _check_sense(spec, picture, made)
    if not spec.size:
        _run_small(loaded, side)
    return took


def _run_small(loaded: Loaded, side: int) -> None:
    """At the end of a picture tiles are smaller, of any size."""
    high, wide = side // 2 + 1, side // 2 + 3
    try:
        loaded.run(drawn_picture(high, wide), _drawn_holes(high, wide))
    except ModelFailed as error:
        raise BadModel(
            error.code,
            f"{error} That was a picture of {wide} × {high} pixels. Where it reads only "
            "sides of some multiple, write for example multiple = 8; where it was "
            "exported for one size, write that as “tile”.",
        ) from error


def _check_sense(spec: Spec, picture: Plane, made: Plane) -> None:
    if spec.made_colour is Kind.AB and float(np.abs(made).max()) > STRONGEST:
        raise BadModel(
            "wrong_range",
            "What it gives are no colours of Lab. Correct “output_colour”, or export it "
            "with a and b as Lab has them.",
        )
    if spec.role not in (Role.RESTORE, Role.UPSCALE):
        return
    size = (picture.shape[1], picture.shape[0])
    small = cv2.resize(made, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(small.reshape(*picture.shape[:2], -1), np.float32)
    same = with_channels(picture, small.shape[2])
    if float(np.abs(small - same).mean()) > FARTHEST:
        raise BadModel(
            "wrong_range",
            "What it makes of a test picture has little to do with it. Correct “range” "
            "and “output_range”, or “colour”.",
        )


def _drawn_holes(height: int, width: int) -> Mask:
    holes = np.zeros((height, width), np.uint8)
    holes[height // 2 : height // 2 + 3, width // 4 : 3 * width // 4] = 255
    return holes


def _keep_within(seconds: int, megabytes: int) -> None:
    total = 2 * seconds + MARGIN_SECONDS
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, _address_space() + megabytes * MEGABYTE)
    _limit(resource.RLIMIT_CPU, round(time.process_time()) + total)


def _limit(which: int, most: int) -> None:
    _soft, hard = resource.getrlimit(which)
    kept = most if hard == resource.RLIM_INFINITY else min(most, hard)
    # macOS refuses a limit on the address space; the other limits still hold there.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (kept, hard))


def _address_space() -> int:
    """Bytes mapped now; where that is not told, a generous guess."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 2048 * MEGABYTE
    return int(statm.read_text().split()[0]) * resource.getpagesize()


def _most_memory() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


if __name__ == "__main__":
    main()
