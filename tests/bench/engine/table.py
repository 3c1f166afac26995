"""Scores by method, printed side by side."""

# Prints the tables of the bench.
# ruff: noqa: T201
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.bench.engine.pictures import Picture


@dataclass
class Scores:
    """Values by column for one method, and what it cost."""

    values: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    pixels: int = 0

    def add(self, column: str, value: float) -> None:
        self.values.setdefault(column, []).append(value)

    @property
    def cost(self) -> float:
        """Seconds per megapixel."""
        return self.seconds / self.pixels * 1e6 if self.pixels else float("nan")


class Table:
    """`beside` names the row whose time is 1; without it, times are seconds."""

    def __init__(self, title: str, *, beside: str | None = None) -> None:
        self.title, self.beside = title, beside
        self.rows: dict[str, Scores] = {}

    def row(self, name: str) -> Scores:
        return self.rows.setdefault(name, Scores())

    def timed(
        self, name: str, work: Callable[..., Picture], picture: Picture, *more: Picture
    ) -> Picture:
        """What `work` makes of the picture; its time goes to the row."""
        began = time.perf_counter()
        made = work(picture, *more)
        row = self.row(name)
        row.seconds += time.perf_counter() - began
        row.pixels += picture.shape[0] * picture.shape[1]
        return made

    def show(self, *, worst: bool = False) -> None:
        columns = list(
            dict.fromkeys(c for row in self.rows.values() for c in row.values)
        )
        print(f"\n{self.title}")
        print(
            f"{'':18}"
            + "".join(f"{column:>20}" for column in columns)
            + ("      time" if self.beside else "      s/MP")
        )
        for name, row in self.rows.items():
            cells = [_cell(row.values.get(column), worst) for column in columns]
            cost = row.cost / (self.rows[self.beside].cost if self.beside else 1)
            print(
                f"{name:18}"
                + "".join(f"{cell:>20}" for cell in cells)
                + f"{cost:10.2f}"
            )


def _cell(values: list[float] | None, worst: bool) -> str:
    if not values:
        return "-"
    mean = f"{np.mean(values):.4f}" if np.max(values) <= 1 else f"{np.mean(values):.2f}"
    if not worst:
        return mean
    least = f"{min(values):.4f}" if np.max(values) <= 1 else f"{min(values):.2f}"
    return f"{mean} ({least})"
