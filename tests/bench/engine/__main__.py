"""Prints the tables that are named, or all."""

from __future__ import annotations

import sys
from collections.abc import Callable

import cv2

from tests.bench.engine import (
    chains,
    enlargements,
    fills,
    finds,
    grains,
    sizes,
    tones,
)
from tests.bench.engine.table import Table

TABLES: dict[str, Callable[[], list[Table]]] = {
    "find": finds.measure,
    "fill": fills.measure,
    "tone": tones.measure,
    "grain": grains.measure,
    "enlarge": enlargements.measure,
    "clean": chains.measure_clean,
    "chain": chains.measure_damaged,
}


def main() -> None:
    cv2.setNumThreads(1)
    asked = sys.argv[1:] or [*TABLES, "size"]
    for name in asked:
        if name == "size":
            sizes.show()
            continue
        for table in TABLES[name]():
            table.show(worst=True)


if __name__ == "__main__":
    main()
