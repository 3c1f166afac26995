"""Running the networks that ship with the engine, on one core, in tiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as trouble

from jobs.engine.contract import Plane

WEIGHTS = Path(__file__).parent / "weights"
TILE = 640
# What lies further away changes hardly anything.
HALO = 64
# Sides of what a network is given are multiples of this.
STEP = 16


@dataclass(frozen=True)
class Span:
    """One side of a tile: what is read, what is written, and where that lies in it."""

    read: slice
    write: slice
    inner: slice


def spans(
    length: int, *, tile: int | None = None, halo: int | None = None
) -> list[Span]:
    """Cuts a side into tiles of 640 pixels that see 64 more on both sides."""
    tile, halo = tile or TILE, HALO if halo is None else halo
    result = []
    for start in range(0, length, tile):
        stop = min(start + tile, length)
        first, last = max(start - halo, 0), min(stop + halo, length)
        inner = slice(start - first, stop - first)
        result.append(Span(slice(first, last), slice(start, stop), inner))
    return result


def is_there(name: str) -> bool:
    """Whether a network can run here. Where it cannot, classical methods do its work."""
    return _session(name) is not None


def run(name: str, tile: Plane) -> Plane:
    """What the network makes of a tile (h, w, c), float32; other channels, and as big
    or, if the network enlarges, twice as big.

    One thread, so that the same tile gives the same bytes.
    """
    height, width = tile.shape[:2]
    edges = ((0, -height % STEP), (0, -width % STEP), (0, 0))
    padded = np.pad(tile, edges, mode="symmetric")
    batch = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32)
    network = _session(name)
    made: NDArray[np.float32] = network.run(None, {"picture": batch})[0][0]
    times = made.shape[1] // batch.shape[2]
    return np.asarray(made.transpose(1, 2, 0)[: height * times, : width * times])


def three(tile: Plane) -> Plane:
    """A grey tile (h, w, 1) as the three channels that networks know."""
    return tile if tile.shape[2] == 3 else np.repeat(tile, 3, axis=2)


@cache
def _session(name: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena would keep the memory of the biggest tile for good.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            str(WEIGHTS / name), options, providers=["CPUExecutionProvider"]
        )
    except (trouble.NoSuchFile, trouble.InvalidProtobuf, trouble.Fail):
        return None
