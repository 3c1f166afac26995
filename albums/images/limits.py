"""What one picture may cost: limits that the kernel keeps, set before decoding."""

from __future__ import annotations

import contextlib
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1024**2
BASE_CPU = 1
BASE_MEMORY = 160 * MEGABYTE
BYTES_PER_PIXEL = 24
# Where a picture is stored more densely than this, decoding it is quick for its size.
PIXELS_PER_BYTE = 16
OPEN_FILES = 64


@dataclass(frozen=True)
class Budget:
    cpu: int
    memory: int
    output: int

    @property
    def wall(self) -> float:
        """Seconds by the clock; a busy machine gives a child a share of a core."""
        return 30 + 8 * self.cpu


def budget_for(
    *, largest: int, together: int, size: int, seconds_per_megapixel: float
) -> Budget:
    """Grows with the pixels: `largest` of one page, `together` of all to be decoded.

    `size` is that of the file, which may lie in memory twice.
    """
    return Budget(
        cpu=BASE_CPU + int(seconds_per_megapixel * together / 1_000_000),
        memory=BASE_MEMORY + BYTES_PER_PIXEL * largest + 2 * size,
        output=64 * MEGABYTE + 8 * largest,
    )


def believable(pixels: int, size: int) -> int:
    """As many of the declared pixels as deserve CPU time in a file of `size` bytes."""
    return min(pixels, size * PIXELS_PER_BYTE)


def start_within() -> None:
    """Bind this process until it knows what it has to do."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(BASE_CPU, hard), hard))


def keep_within(budget: Budget) -> None:
    """Bind this process for good: past its limits it is ended by the kernel."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, budget.wall)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, budget.output)
    _limit(resource.RLIMIT_AS, _address_space() + budget.memory)
    _limit(resource.RLIMIT_CPU, budget.cpu, grace=1)


def _limit(which: int, most: int, *, grace: int = 0) -> None:
    _, hard = resource.getrlimit(which)
    limits = (_at_most(most, hard), _at_most(most + grace, hard))
    # macOS refuses a limit on the address space; the other limits still hold there.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, limits)


def _at_most(value: int, hard: int) -> int:
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _address_space() -> int:
    """Bytes mapped now; where that is not told, a generous guess."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 1024 * MEGABYTE
    return int(statm.read_text().split()[0]) * resource.getpagesize()
