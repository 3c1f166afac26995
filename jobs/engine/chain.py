"""The stages in their order, each behind its gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from jobs.engine.noise import measure_noise
from jobs.engine.notes import Note
from jobs.engine.tone import Kind, measure_tone, shrink

ENGINE_VERSION = "2"
# Share of the whole time, roughly, for the progress bar.
SHARES = {
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

    The scan is only read. The result has its type and channels, and `settings.enlarge`
    times its size. `progress` may raise to abort. `workspace` gives the one or two
    arrays that are as big as the picture. Raises EngineError for what it cannot take.

    Damage is mended and grain softened before the tones are touched: scratches would
    draw the curves their way, and curves would make the grain uneven.
    """
    check(scan, settings)
    deep = scan if scan.ndim == 3 else scan[:, :, None]
    run = _Run(deep, settings, progress or _ignore, workspace or np.empty)
    for stage in (
        run.scratches,
        run.grain,
        run.colour,
        run.contrast,
        run.sharpen,
    ):
        stage()
    picture = run.finish()
    return Outcome(picture if scan.ndim == 3 else picture[:, :, 0], tuple(run.reports))


def check(scan: Pixels, settings: Settings) -> None:
    """Raise EngineError for what `restore` would refuse."""
    if scan.dtype not in (np.uint8, np.uint16):
        raise EngineError(
            "pixels_unknown", "Only 8-bit and 16-bit pictures can be restored."
        )
    grey = scan.ndim == 2
    if 0 in scan.shape or not (grey or (scan.ndim == 3 and scan.shape[2] == 3)):
        raise EngineError(
            "shape_unknown", "Only grey and RGB pictures can be restored."
        )
    if settings.mask is not None:
        mend.check_mask(scan, settings.mask)
    enlarge.check_enlarging(scan.shape[0], scan.shape[1], settings.enlarge)


def _ignore(progress: Progress) -> None:
    pass


class _Run:
    """One picture on its way through the stages, on a canvas of 16 bits."""

    def __init__(
        self,
        scan: Pixels,
        settings: Settings,
        tell: Callable[[Progress], None],
        workspace: Workspace,
    ) -> None:
        self.scan, self.settings, self.tell = scan, settings, tell
        self.workspace = workspace
        self.reports: list[StageReport] = []
        self.done = 0.0
        self.is_tiny = min(scan.shape[:2]) < mend.SMALLEST
        with self._ticking("look") as tick:
            self.canvas: Canvas = workspace(scan.shape, np.uint16)
            bands.fill_canvas(scan, self.canvas, tick=tick)
            self.noise = measure_noise(scan)
            self.softness = sharpen.softness(scan, self.noise.sigma)

    def scratches(self) -> None:
        if self._is_off("scratches", self.settings.scratches):
            return
        marked = self.settings.mask
        with self._ticking("scratches") as tick:
            if marked is None:
                found = mend.find(
                    self.canvas, self.settings.damage, tick=lambda part: tick(part / 2)
                )
            else:
                found = mend.as_marked(self.canvas, marked)
            if not found.mask.any():
                note = Note.FACES_SPARED if found.spared else Note.NO_SCRATCHES
                note = note if marked is None else Note.NOTHING_MARKED
                self._report("scratches", None, note, held_back=found.spared)
                return
            changed = mend.mend(
                self.canvas,
                found.mask,
                tick=lambda part: tick(0.5 + part / 2),
            )
            note = Note.MENDED_BUT_FACES if found.spared else Note.MENDED
            note = note if marked is None else Note.MENDED_AS_MARKED
            self._report("scratches", changed, note, held_back=found.spared)

    def grain(self) -> None:
        if self._is_off("grain", self.settings.grain):
            return
        with self._ticking("grain") as tick:
            strength = grain.strength_for(self.noise, self.settings.damage)
            if strength is None:
                self._report("grain", None, Note.FINE_GRAIN)
                return
            changed = bands.sweep(
                self.canvas,
                lambda rows, _: grain.soften_grain(rows, self.noise, strength=strength),
                halo=grain.HALO,
                tick=tick,
            )
            self._report("grain", changed, Note.GRAIN_SOFTENED)

    def colour(self) -> None:
        if self._is_off("colour", self.settings.colour):
            return
        with self._ticking("colour") as tick:
            tone = measure_tone(shrink(self.canvas))
            plan = colour.plan_colour(tone)
            if plan is None:
                sound = tone.kind is Kind.COLOUR
                note = Note.COLOURS_SOUND if sound else Note.NO_COLOURS
                self._report("colour", None, note)
                return
            changed = bands.sweep(
                self.canvas,
                lambda rows, _: colour.correct_colour(rows, plan),
                tick=tick,
            )
            self._report("colour", changed, Note.COLOURS_BACK)

    def contrast(self) -> None:
        if self._is_off("contrast", self.settings.contrast):
            return
        with self._ticking("contrast") as tick:
            tone = measure_tone(shrink(self.canvas))
            table = contrast.plan_contrast(tone)
            if table is None:
                self._report("contrast", None, Note.CONTRAST_SOUND)
                return
            changed = bands.sweep(
                self.canvas,
                lambda rows, _: contrast.raise_contrast(rows, table, tone.kind),
                tick=tick,
            )
            self._report("contrast", changed, Note.CONTRAST_BACK)

    def sharpen(self) -> None:
        if self._is_off("sharpen", self.settings.sharpen):
            return
        with self._ticking("sharpen") as tick:
            if self.softness == 0:
                self._report("sharpen", None, Note.SHARP)
                return
            changed = bands.sweep(
                self.canvas,
                lambda rows, _: sharpen.sharpen(
                    rows, amount=self.softness, grain=self.noise.sigma
                ),
                halo=sharpen.HALO,
                tick=tick,
            )
            self._report("sharpen", changed, Note.SHARPENED)

    def finish(self) -> NDArray[Any]:
        """The canvas in the scan's own type, enlarged if that was asked for."""
        factor = self.settings.enlarge
        if factor == 1 and self.scan.dtype == np.uint16:
            return self.canvas
        height, width, channels = self.scan.shape
        shape = (height * factor, width * factor, channels)
        with self._ticking("enlarge") as tick:
            picture = self.workspace(shape, self.scan.dtype)
            if factor == 1:
                bands.narrow_into(self.canvas, picture, tick=tick)
                return picture
            enlarge.enlarge_into(self.canvas, picture, factor, tick=tick)
        self._report("enlarge", 0.0, Note.ENLARGED)
        return picture

    @contextmanager
    def _ticking(self, stage: str) -> Iterator[Tick]:
        """Turns the ticks of one stage, 0 to 1, into progress of the whole."""

        def tick(part: float) -> None:
            whole = self.done + SHARES[stage] * min(part, 1.0)
            self.tell(Progress(stage, min(whole, 1.0)))

        tick(0.0)
        yield tick
        tick(1.0)
        self.done += SHARES[stage]

    def _is_off(self, stage: str, wanted: bool) -> bool:
        if wanted and not self.is_tiny:
            return False
        self._report(stage, None, Note.TOO_SMALL if wanted else Note.SWITCHED_OFF)
        self.done += SHARES[stage]
        return True

    def _report(
        self, stage: str, changed: float | None, note: Note, *, held_back: bool = False
    ) -> None:
        """`changed` None: the stage did nothing."""
        applied = changed is not None
        self.reports.append(
            StageReport(stage, applied, changed or 0.0, note.value, held_back)
        )
