"""The own models of one restoration, loaded when their stage begins."""

from __future__ import annotations

from typing import Protocol

from jobs.engine.bands import Change
from jobs.engine.contract import Canvas, Mask, Pixels, Settings, Tick
from jobs.engine.own import colouring, pictures, redrawing
from jobs.engine.own.loaded import Loaded
from jobs.engine.own.spec import Role
from jobs.engine.own.trouble import BadModel, ModelFailed
from jobs.engine.tone import Kind, measure_tone, shrink

# Share of the time of a stage by a model, where the engine's own stages take 1 together.
SHARES = {"own_restore": 2.0, "own_face": 0.5, "own_colour": 0.5}


class OwnStage(Protocol):
    """Changes the canvas, or leaves it as it was: None."""

    def __call__(self, canvas: Canvas, *, tick: Tick) -> Change | None: ...


class Stages:
    """Does what its models are for. `used` are those that changed the picture."""

    def __init__(self, settings: Settings) -> None:
        self.models = {model.spec.role: model for model in settings.own}
        self.used: list[Role] = []

    def __contains__(self, role: Role) -> bool:
        return role in self.models

    @property
    def share(self) -> float:
        return sum(SHARES.get(f"own_{role}", 0.0) for role in self.models)

    def chances(self, picture: Canvas, *, tick: Tick) -> Mask:
        loaded = self._loaded(Role.DETECT)
        self.used.append(Role.DETECT)
        return pictures.chances(picture, loaded, tick=tick)

    def fill(self, canvas: Canvas, mask: Mask, *, tick: Tick) -> Change:
        changed = pictures.fill(canvas, mask, self._loaded(Role.INPAINT), tick=tick)
        self.used.append(Role.INPAINT)
        return changed

    def restore(self, canvas: Canvas, *, tick: Tick) -> Change:
        changed = pictures.restore(canvas, self._loaded(Role.RESTORE), tick=tick)
        self.used.append(Role.RESTORE)
        return changed

    def redraw(self, canvas: Canvas, *, tick: Tick) -> Change | None:
        """None where there is no face."""
        keep_tone = not _has_colours(canvas)
        loaded = self._loaded(Role.FACE)
        changed = redrawing.redraw(canvas, loaded, keep_tone=keep_tone, tick=tick)
        if changed is not None:
            self.used.append(Role.FACE)
        return changed

    def colour(self, canvas: Canvas, *, tick: Tick) -> Change | None:
        """None where the photo has colours of its own, which are worth more."""
        if _has_colours(canvas):
            return None
        changed = colouring.colour(canvas, self._loaded(Role.COLOUR), tick=tick)
        self.used.append(Role.COLOUR)
        return changed

    def enlarge_into(
        self, canvas: Canvas, picture: Pixels, factor: int, *, tick: Tick
    ) -> None:
        loaded = self._loaded(Role.UPSCALE)
        pictures.enlarge_into(canvas, picture, factor, loaded, tick=tick)
        self.used.append(Role.UPSCALE)

    def _loaded(self, role: Role) -> Loaded:
        model = self.models[role]
        try:
            return Loaded(model)
        except BadModel as error:
            raise ModelFailed(
                "model_failed",
                f"The model “{model.spec.title}” cannot be loaded any more. Ask the "
                "administrator, or restore the photo without it.",
            ) from error


def _has_colours(canvas: Canvas) -> bool:
    return measure_tone(shrink(canvas)).kind is Kind.COLOUR
