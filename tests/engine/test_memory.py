from __future__ import annotations

import subprocess
import sys

import pytest

# The process alone, then with a scan of 6 megapixels.
PROGRAM = """
import resource, sys
import numpy as np
from jobs.engine import Settings, restore
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
restore(np.zeros((32, 32, 3), np.uint8), Settings())
idle = peak()
kind = np.dtype(sys.argv[1])
rows = np.linspace(0.2, 0.7, 2000)[:, None, None] * np.iinfo(kind).max
scan = np.broadcast_to(rows, (2000, 3000, 3)).astype(kind)
scan[:, ::97] = np.iinfo(kind).max
for y in range(0, 2000, 100):
    noise = np.random.default_rng(y).normal(1, 0.05, (100, 3000, 1))
    scan[y : y + 100] = np.clip(scan[y : y + 100] * noise, 0, np.iinfo(kind).max)
restore(scan, Settings())
print(peak() - idle, scan.nbytes // 1024)
"""
# What the search and one band need, whatever the size of the scan.
FIXED = 620 * 1024
CANVAS = 2000 * 3000 * 3 * 2 // 1024


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_memory_is_bounded(kind: str) -> None:
    command = [sys.executable, "-c", PROGRAM, kind]
    words = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=True
    ).stdout.split()
    grown, scan = int(words[0]), int(words[1])
    result = scan if kind == "uint8" else 0
    assert grown < scan + CANVAS + result + FIXED
