"""The stages in their order, each behind its gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jobs.engine import bands, colour, contrast, enlarge, grain, mend, sharpen
from jobs.engine.contract import (
    Canvas,
    EngineError,
    Outcome,
    Pixels,
    Progress,
    Settings,
    StageReport,
    Tick,
    Workspace,
)
from jobs.engine.noise import Noise, measure_noise
from jobs.engine.tone import Tone, measure_tone, shrink

ENGINE_VERSION = "1"
# Share of the whole time, roughly, for the progress bar.
WEIGHTS = {
    "look": 0.1,
    "scratches": 0.25,
    "grain": 0.35,
    "colour": 0.05,
    "contrast": 0.05,
    "sharpen": 0.1,
    "enlarge": 0.1,
}


def restore(
    scan: Pixels,
    settings: Settings,
    *,
    progress: Callable[[Progress], None] | None = None,
    workspace: Workspace | None = None,
) -> Outcome:
    """Restore a scan: (h, w) grey or (h, w, 3) RGB, upright, sRGB, uint8 or uint16.

    The scan is only read. The result has its type and channels, `settings.enlarge`
    times its size. `progress` may raise to abort. `workspace` gives the two arrays as
    big as the picture. Raises EngineError for a scan or a wish that it cannot take.

    Damage is mended and grain softened before the tones are touched: scratches would
    draw the curves their way, and curves would make grain uneven.
    """
    check(scan, settings)
    reporter = _Reporter(progress or _ignore)
    run = _Run(scan, settings, reporter, workspace or _allocate)
    for stage in (run.look, run.scratches, run.grain, run.colour, run.contrast, run.sharpen):
        stage()
    return Outcome(run.finish(), tuple(reporter.reports))


def check(scan: Pixels, settings: Settings) -> None:
    """Raise EngineError for what `restore` would refuse."""
    if scan.dtype not in (np.uint8, np.uint16):
        raise EngineError("pixels_unknown", "Only 8-bit and 16-bit pictures can be restored.")
    if scan.ndim not in (2, 3) or (scan.ndim == 3 and scan.shape[2] != 3) or 0 in scan.shape:
        raise EngineError("shape_unknown", "Only grey and RGB pictures can be restored.")
    enlarge.check_enlarging(scan.shape[0], scan.shape[1], settings.enlarge)


def _allocate(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    return np.empty(shape, dtype)


def _ignore(progress: Progress) -> None:
    pass


class _Reporter:
    """Turns the ticks of each stage into progress of the whole."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self.tell = tell
        self.done = 0.0
        self.reports: list[StageReport] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[Tick]:
        def tick(fraction: float) -> None:
            self.tell(Progress(name, min(self.done + WEIGHTS[name] * fraction, 1.0)))

        tick(0.0)
        yield tick
        tick(1.0)
        self.done += WEIGHTS[name]

    def report(self, stage: str, changed: float | None, note: str) -> None:
        applied = changed is not None
        self.reports.append(StageReport(stage, applied, changed or 0.0, note))


@dataclass
class _Run:
    scan: Pixels
    settings: Settings
    reporter: _Reporter
    workspace: Workspace

    def look(self) -> None:
        with self.reporter.stage("look") as tick:
            self.deep = self.scan if self.scan.ndim == 3 else self.scan[:, :, None]
            self.canvas: Canvas = self.workspace(self.deep.shape, np.uint16)
            bands.fill_canvas(self.deep, self.canvas, tick=lambda part: tick(part / 2))
            self.noise: Noise = measure_noise(self.deep)
            tick(0.8)
            self.tone: Tone = measure_tone(shrink(self.deep))
            self.softness = sharpen.softness(self.deep)

    def scratches(self) -> None:
        with self.reporter.stage("scratches") as tick:
            if not self.settings.scratches:
                return self.reporter.report("scratches", None, "Switched off.")
            found = mend.find(self.canvas, self.noise, self.settings.damage, tick=lambda part: tick(part / 2))
            if found is None:
                return self.reporter.report("scratches", None, "Nothing to mend: the scan has no scratches that we could find.")
            changed = mend.mend(self.canvas, found, tick=lambda part: tick(0.5 + part / 2))
        return self.reporter.report("scratches", changed, "Scratches and dust were filled from what is around them.")

    def grain(self) -> None:
        with self.reporter.stage("grain") as tick:
            if not self.settings.grain:
                return self.reporter.report("grain", None, "Switched off.")
            strength = grain.strength_for(self.noise, self.settings.damage)
            if strength == 0:
                return self.reporter.report("grain", None, "The grain is fine enough to leave as it is.")
            changed = bands.sweep(
                self.canvas,
                lambda rows, band: grain.soften_grain(rows, self.noise, strength=strength),
                halo=grain.HALO,
                tick=tick,
            )
        return self.reporter.report("grain", changed, "The grain was softened.")

    def colour(self) -> None:
        with self.reporter.stage("colour") as tick:
            if not self.settings.colour:
                return self.reporter.report("colour", None, "Switched off.")
            self.tone = measure_tone(shrink(self.canvas))
            plan = colour.plan_colour(self.tone)
            if plan is None:
                return self.reporter.report("colour", None, "The colours are sound: nothing was changed.")
            changed = bands.sweep(self.canvas, lambda rows, band: colour.correct_colour(rows, plan), tick=tick)
        return self.reporter.report("colour", changed, "Faded colours were brought back.")

    def contrast(self) -> None:
        with self.reporter.stage("contrast") as tick:
            if not self.settings.contrast:
                return self.reporter.report("contrast", None, "Switched off.")
            self.tone = measure_tone(shrink(self.canvas))
            table = contrast.plan_contrast(self.tone)
            if table is None:
                return self.reporter.report("contrast", None, "Blacks and whites are there: nothing was changed.")
            kind = self.tone.kind
            changed = bands.sweep(self.canvas, lambda rows, band: contrast.raise_contrast(rows, table, kind), tick=tick)
        return self.reporter.report("contrast", changed, "Blacks and whites were brought back.")

    def sharpen(self) -> None:
        with self.reporter.stage("sharpen") as tick:
            if not self.settings.sharpen:
                return self.reporter.report("sharpen", None, "Switched off.")
            if self.softness == 0:
                return self.reporter.report("sharpen", None, "The picture is sharp enough.")
            changed = bands.sweep(
                self.canvas,
                lambda rows, band: sharpen.sharpen(rows, amount=0.8 * self.softness, grain=self.noise.sigma),
                halo=sharpen.HALO,
                tick=tick,
            )
        return self.reporter.report("sharpen", changed, "The picture was sharpened a little.")

    def finish(self) -> NDArray[Any]:
        factor = self.settings.enlarge
        height, width, channels = self.canvas.shape
        with self.reporter.stage("enlarge") as tick:
            picture = self.canvas
            if factor > 1 or self.scan.dtype == np.uint8:
                picture = self.workspace((height * factor, width * factor, channels), self.scan.dtype)
                if factor > 1:
                    enlarge.enlarge_into(self.canvas, picture, factor, tick=tick)
                else:
                    bands.narrow_into(self.canvas, picture, tick=tick)
        if factor > 1:
            self.reporter.report("enlarge", 0.0, "The picture was enlarged.")
        return picture if self.scan.ndim == 3 else picture[:, :, 0]
