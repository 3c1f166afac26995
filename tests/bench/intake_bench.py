"""What taking a photo in costs, against the bare calls, side by side in one run.

    .venv/bin/python -m tests.bench.intake_bench

CPU time, never the clock: our renditions are counted as the limited child's time plus
the helper's own for forking it; the others run in a forked child of this process.
"""

from __future__ import annotations

import hashlib
import io
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyvips
from PIL import Image, ImageOps

from albums.images.helper import helper
from albums.images.pictures import Format
from albums.images.wire import Request

ROUNDS = 3
REPEATS = 7
SIDES = (1600, 400)
KILOBYTES = 1024 if sys.platform == "darwin" else 1

Call = Callable[[], object]


def draw_photo(path: Path, *, width: int = 4000, height: int = 3000) -> None:
    """A 4:2:0 JPEG with the detail of a scan, lying on its side."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(60, 196, (height // 8, width // 8, 3), dtype=np.uint8)
    fine = rng.integers(0, 120, (height, width, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    picture = cv2.addWeighted(picture, 0.6, cv2.GaussianBlur(fine, (0, 0), 0.8), 0.8, 0)
    notes = Image.Exif()
    notes[0x112] = 6
    Image.fromarray(picture).save(path, quality=92, subsampling=2, exif=notes)


def half_scale_decode(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (image.width // 2, image.height // 2))
        image.load()


def full_decode(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def naive_chain(data: bytes, folder: Path) -> None:
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
        for side in SIDES:
            small = upright.copy()
            small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
            small.save(folder / f"naive-{side}.jpg", quality=82)


def vips_thumbnail(path: Path, folder: Path) -> None:
    large = pyvips.Image.thumbnail(str(path), SIDES[0], fail_on="truncated")
    large = large.copy_memory()
    large.jpegsave(str(folder / "vips-1600.jpg"), Q=82, keep="none")
    small = large.thumbnail_image(SIDES[1])
    small.jpegsave(str(folder / "vips-400.jpg"), Q=82, keep="none")


def cpu_in_child(call: Call) -> tuple[float, int]:
    """Least CPU seconds of some calls in a row, and the kB that the child grew by.

    In a row, so that the bare calls find their memory warm; ours pays for a new child
    each time.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu = min(cpu_of(call) for _ in range(REPEATS))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.write(writing, f"{cpu} {grown // KILOBYTES}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    cpu_text, grown_text = os.read(reading, 100).split()
    os.close(reading)
    return float(cpu_text), int(grown_text)


def cpu_of(call: Call) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


def cpu_of_renditions(path: Path, folder: Path) -> tuple[float, int]:
    """The same of our own way: the child's time, and the helper's for the fork."""
    nothing = folder / "empty"
    nothing.touch()
    bare_child = helper.watch(Request("inspect", str(nothing))).ending.peak
    results = [cpu_of_one_child(path, folder) for _ in range(REPEATS)]
    return min(cpu for cpu, _ in results), max(kb for _, kb in results) - bare_child


def cpu_of_one_child(path: Path, folder: Path) -> tuple[float, int]:
    before = helper_cpu()
    outcome = helper.watch(rendition_request(path, folder))
    forking = helper_cpu() - before
    if outcome.answer is None or outcome.answer.format != Format.JPEG:
        raise RuntimeError("no renditions were made")
    return outcome.ending.cpu + forking, outcome.ending.peak


def rendition_request(path: Path, folder: Path) -> Request:
    outputs = {side: str(folder / f"ours-{side}.jpg") for side in SIDES}
    return Request("renditions", str(path), outputs=outputs)


def helper_cpu() -> float:
    """CPU seconds of the helper itself, to the nanosecond (proc_pid_schedstat)."""
    return int(Path(f"/proc/{helper.pid}/schedstat").read_text().split()[0]) / 1e9


def measure(
    calls: dict[str, Callable[[], tuple[float, int]]],
) -> dict[str, list[float]]:
    """Name to [milliseconds, MB]: the median of interleaved rounds."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    peaks: dict[str, float] = dict.fromkeys(calls, 0.0)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            cpu, kilobytes = call()
            times[name].append(cpu * 1000)
            peaks[name] = max(peaks[name], kilobytes / 1024)
    return {name: [statistics.median(times[name]), peaks[name]] for name in calls}


def main() -> None:
    cv2.setNumThreads(1)
    pyvips.voperation.cache_set_max(0)
    os.environ["VIPS_CONCURRENCY"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "photo.jpg"
        draw_photo(path)
        data = path.read_bytes()
        helper.watch(rendition_request(path, folder))
        results = measure(
            {
                "half-scale decode": lambda: cpu_in_child(
                    lambda: half_scale_decode(data)
                ),
                "full decode": lambda: cpu_in_child(lambda: full_decode(data)),
                "naive Pillow chain": lambda: cpu_in_child(
                    lambda: naive_chain(data, folder)
                ),
                "libvips thumbnail": lambda: cpu_in_child(
                    lambda: vips_thumbnail(path, folder)
                ),
                "SHA-256": lambda: cpu_in_child(lambda: hashlib.sha256(data).digest()),
                "our renditions": lambda: cpu_of_renditions(path, folder),
            }
        )
    report(results)


def report(results: dict[str, list[float]]) -> None:
    ours = results["our renditions"][0]
    lines = [f"{'12 megapixels, one core':24}{'CPU ms':>8}{'MB':>7}{'ours is':>10}"]
    lines += [
        f"{name:24}{cpu:8.1f}{peak:7.0f}{ours / cpu:9.2f}x"
        for name, (cpu, peak) in results.items()
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
