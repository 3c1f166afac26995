"""The stages in their order, each behind its gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.engine import (
    bands,
    colour,
    contrast,
    enlarge,
    grain,
    mend,
    negative,
    sharpen,
    skin,
)
from jobs.engine.bands import Change
from jobs.engine.contract import (
    Canvas,
    EngineError,
    Outcome,
    Pixels,
    Plane,
    Progress,
    Settings,
    StageReport,
    Tick,
    Workspace,
)
from jobs.engine.guard import Guard, hold_enlarged
from jobs.engine.look import Medium, look_at
from jobs.engine.noise import measure_noise
from jobs.engine.notes import Note
from jobs.engine.own.channels import three
from jobs.engine.own.spec import Role
from jobs.engine.own.stages import SHARES as OWN_SHARES
from jobs.engine.own.stages import OwnStage, Stages
from jobs.engine.tone import Kind, measure_tone, shrink

ENGINE_VERSION = "3"
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
    times its size; but a grey one that is coloured becomes RGB. `progress` may raise to
    abort. `workspace` gives the one or two
    arrays that are as big as the picture. Raises EngineError for what it cannot take.

    Damage is mended and grain softened before the tones are touched: scratches would
    draw the curves their way, and curves would make the grain uneven.
    """
    check(scan, settings)
    deep = _deep(scan, settings)
    run = _Run(deep, settings, progress or _ignore, workspace or np.empty)
    for stage in (
        run.scratches,
        run.own_restore,
        run.grain,
        run.colour,
        run.contrast,
        run.sharpen,
        run.own_faces,
        run.own_colour,
    ):
        stage()
    picture = run.finish()
    used = tuple(role.value for role in run.own.used)
    is_grey = deep.shape[2] == 1
    return Outcome(picture[:, :, 0] if is_grey else picture, tuple(run.reports), used)


def _deep(scan: Pixels, settings: Settings) -> Pixels:
    """With channels; three where a grey scan is to be coloured."""
    deep = scan if scan.ndim == 3 else scan[:, :, None]
    if deep.shape[2] == 1 and any(one.spec.role is Role.COLOUR for one in settings.own):
        return three(deep)
    return deep


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
        self.own = Stages(settings)
        self.done = 0.0
        self.is_tiny = min(scan.shape[:2]) < mend.SMALLEST
        with self._ticking("look") as tick:
            self.canvas: Canvas = workspace(scan.shape, np.uint16)
            bands.fill_canvas(scan, self.canvas, tick=lambda part: tick(0.1 * part))
            turned = self._turn(tick) if settings.negative else None
            self.look = look_at(self.canvas, tick=lambda part: tick(0.2 + 0.8 * part))
            self._report_look(turned)
        self.guard = Guard(scan.shape, self.look.faces, workspace)

    def _turn(self, tick: Tick) -> Change:
        tables = negative.plan_positive(measure_tone(shrink(self.canvas)))
        return bands.sweep(
            self.canvas,
            lambda rows, _: colour.correct_colour(rows, tables),
            tick=lambda part: tick(0.1 + 0.1 * part),
        )

    def _report_look(self, turned: Change | None) -> None:
        if turned is not None:
            self._report("look", turned, Note.TURNED)
            return
        notes = {Medium.NEGATIVE: Note.NEGATIVE, Medium.RASTER: Note.RASTER_SEEN}
        note = notes.get(self.look.medium, Note.LOOKED)
        told = self.look.medium is Medium.NEGATIVE
        self._report("look", None, note, held_back=told)

    def scratches(self) -> None:
        if self._is_off("scratches", self.settings.scratches):
            return
        marked = self.settings.mask
        with self._ticking("scratches") as tick:
            if marked is None:
                found = mend.find(
                    self.canvas,
                    self.settings.damage,
                    tick=lambda part: tick(part / 2),
                    by=self.own.chances if Role.DETECT in self.own else None,
                    faces=self.look.faces,
                )
            else:
                found = mend.as_marked(self.canvas, marked)
            if not found.mask.any():
                note = Note.FACES_SPARED if found.spared else Note.NO_SCRATCHES
                note = note if marked is None else Note.NOTHING_MARKED
                self._report("scratches", None, note, held_back=found.spared)
                return
            fill = self.own.fill if Role.INPAINT in self.own else mend.mend
            self.look = replace(self.look, damaged=float(np.mean(found.mask > 0)))
            note = Note.MENDED_BUT_FACES if found.spared else Note.MENDED
            if marked is not None:
                # What a person has marked is wanted gone, in a face as well.
                change = fill(
                    self.canvas, found.mask, tick=lambda part: tick(0.5 + part / 2)
                )
                self._report("scratches", change, Note.MENDED_AS_MARKED)
                return
            self._guarded(
                "scratches",
                note,
                lambda: fill(
                    self.canvas, found.mask, tick=lambda part: tick(0.5 + part / 2)
                ),
                spared=found.spared,
            )

    def own_restore(self) -> None:
        stage = f"own_{Role.RESTORE}"
        if Role.RESTORE not in self.own or self._is_off(stage, True):
            return
        with self._ticking(stage) as tick:
            self._guarded(
                stage,
                Note.RESTORED_BY_MODEL,
                lambda: self.own.restore(self.canvas, tick=tick),
            )
        noise = measure_noise(self.canvas)
        soft = sharpen.softness(self.canvas, noise.sigma)
        self.look = replace(self.look, noise=noise, soft=soft)

    def own_faces(self) -> None:
        self._own(Role.FACE, self.own.redraw, Note.REDRAWN, Note.NO_FACES)

    def own_colour(self) -> None:
        self._own(Role.COLOUR, self.own.colour, Note.COLOURED, Note.HAS_COLOURS)

    def _own(
        self, role: Role, work: OwnStage, done: Note, not_done: Note = Note.TOO_SMALL
    ) -> None:
        """A stage by a model of the administrator's, if one is to do it."""
        stage = f"own_{role}"
        if role not in self.own or self._is_off(stage, True):
            return
        with self._ticking(stage) as tick:
            changed = work(self.canvas, tick=tick)
            is_held = changed is None
            note = not_done if is_held else done
            self._report(stage, changed, note, held_back=is_held)

    def grain(self) -> None:
        if self._is_off("grain", self.settings.grain):
            return
        with self._ticking("grain") as tick:
            noise = self.look.noise
            strength = self.look.grain_strength(self.settings.damage)
            if strength is None:
                self._leave("grain", Note.FINE_GRAIN)
                return
            self._guarded(
                "grain",
                Note.GRAIN_SOFTENED,
                lambda: bands.sweep(
                    self.canvas,
                    lambda rows, _: grain.soften_grain(rows, noise, strength=strength),
                    halo=grain.HALO,
                    tick=tick,
                ),
            )

    def colour(self) -> None:
        if self._is_off("colour", self.settings.colour):
            return
        with self._ticking("colour") as tick:
            small = shrink(self.canvas)
            tone = measure_tone(small)
            if tone.kind is Kind.TONED and self.settings.neutral:
                change = bands.sweep(
                    self.canvas, lambda rows, _: contrast.to_grey(rows), tick=tick
                )
                self._report("colour", change, Note.TONE_OUT)
                return
            plan = colour.plan_colour(tone)
            if plan is None:
                sound = tone.kind is Kind.COLOUR
                note = Note.COLOURS_SOUND if sound else Note.NO_COLOURS
                self._report("colour", None, note)
                return
            self._curve(
                "colour", plan, small, colour.correct_colour, Note.COLOURS_BACK, tick
            )

    def contrast(self) -> None:
        if self._is_off("contrast", self.settings.contrast):
            return
        with self._ticking("contrast") as tick:
            small = shrink(self.canvas)
            tone = measure_tone(small)
            table = contrast.plan_contrast(tone)
            if table is None:
                self._report("contrast", None, Note.CONTRAST_SOUND)
                return

            def apply(rows: Canvas, tables: tuple[Canvas, ...]) -> Canvas:
                return contrast.raise_contrast(rows, tables[0], tone.kind)

            self._curve("contrast", (table,), small, apply, Note.CONTRAST_BACK, tick)

    def sharpen(self) -> None:
        if self._is_off("sharpen", self.settings.sharpen):
            return
        with self._ticking("sharpen") as tick:
            amount, sigma = self.look.sharpening, self.look.noise.sigma
            if amount == 0:
                self._leave("sharpen", Note.SHARP)
                return
            self._guarded(
                "sharpen",
                Note.SHARPENED,
                lambda: bands.sweep(
                    self.canvas,
                    lambda rows, _: sharpen.sharpen(rows, amount=amount, grain=sigma),
                    halo=sharpen.HALO,
                    tick=tick,
                ),
            )

    def finish(self) -> NDArray[Any]:
        """The canvas in the scan's own type, enlarged if that was asked for."""
        factor = self.settings.enlarge
        if factor == 1:
            self._say_if_nothing_was_needed()
        if factor == 1 and self.scan.dtype == np.uint16:
            return self.canvas
        height, width, channels = self.scan.shape
        shape = (height * factor, width * factor, channels)
        with self._ticking("enlarge") as tick:
            picture = self.workspace(shape, self.scan.dtype)
            if factor == 1:
                bands.narrow_into(self.canvas, picture, tick=tick)
                return picture
            own = Role.UPSCALE in self.own
            into = self.own.enlarge_into if own else enlarge.enlarge_into
            into(self.canvas, picture, factor, tick=tick)
            held = hold_enlarged(self.canvas, picture, factor, self.look.faces)
        note = Note.FACES_KEPT if held else Note.ENLARGED
        self._report("enlarge", Change(0.0, 0.0), note, held_back=held > 0)
        return picture

    def _guarded(
        self,
        stage: str,
        note: Note,
        work: Callable[[], Change],
        *,
        spared: bool = False,
    ) -> None:
        """Do the work of a stage, and take it back in faces that it would change."""
        self.guard.keep(self.canvas)
        change = work()
        held = self.guard.hold(self.canvas, marks=stage == "scratches") > 0
        note = Note.FACES_KEPT if held else note
        self._report(stage, change, note, held_back=held or spared)

    def _curve(
        self,
        stage: str,
        plan: tuple[Canvas, ...],
        small: Plane,
        apply: Callable[[Canvas, tuple[Canvas, ...]], Canvas],
        note: Note,
        tick: Tick,
    ) -> None:
        """Bend the tones of the whole picture, as far as all faces bear it."""
        tables, strength = skin.gentle(plan, small, self.look.faces, apply)
        if tables is None:
            self._report(stage, None, Note.HELD_BACK, held_back=True)
            return
        change = bands.sweep(
            self.canvas, lambda rows, _: apply(rows, tables), tick=tick
        )
        held = strength < 1
        self._report(stage, change, Note.HELD_BACK if held else note, held_back=held)

    def _leave(self, stage: str, note: Note) -> None:
        raster = self.look.medium is Medium.RASTER
        self._report(stage, None, Note.RASTER if raster else note, held_back=raster)

    def _say_if_nothing_was_needed(self) -> None:
        first = self.reports[0]
        quiet = not any(report.applied or report.held_back for report in self.reports)
        if quiet and not self.is_tiny:
            self.reports[0] = replace(first, note=Note.NOTHING_NEEDED.value)

    @contextmanager
    def _ticking(self, stage: str) -> Iterator[Tick]:
        """Turns the ticks of one stage, 0 to 1, into progress of the whole."""
        share = (SHARES | OWN_SHARES)[stage]

        def tick(part: float) -> None:
            whole = (self.done + share * min(part, 1.0)) / (1 + self.own.share)
            self.tell(Progress(stage, min(whole, 1.0)))

        tick(0.0)
        yield tick
        tick(1.0)
        self.done += share

    def _is_off(self, stage: str, wanted: bool) -> bool:
        if wanted and not self.is_tiny:
            return False
        self._report(stage, None, Note.TOO_SMALL if wanted else Note.SWITCHED_OFF)
        self.done += (SHARES | OWN_SHARES)[stage]
        return True

    def _report(
        self,
        stage: str,
        change: Change | None,
        note: Note,
        *,
        held_back: bool = False,
    ) -> None:
        """`change` None: the stage did nothing."""
        done = change or Change(0.0, 0.0)
        applied = change is not None
        self.reports.append(
            StageReport(stage, applied, done.mean, note.value, held_back, done.area)
        )
