"""The engine built in, as a provider. Apart from its options, because OpenCV is large and
most processes only ask what there is to choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jobs.engine import Damage, Outcome, Progress, Settings, restore
from jobs.engine.own.spec import OwnModel


def run(
    scan: NDArray[np.uint8] | NDArray[np.uint16],
    options: Mapping[str, str],
    *,
    progress: Callable[[Progress], None],
    workspace: Callable[[tuple[int, ...], DTypeLike], NDArray[np.generic]],
    own: tuple[OwnModel, ...] = (),
    mask: NDArray[np.uint8] | None = None,
) -> Outcome:
    """Restore a scan here and now.

    `scan` is upright sRGB, (height, width) or (height, width, 3), 8 or 16 bits a
    channel; the outcome's picture has the same type. `options` are complete and
    checked, `own` the models that they name. `mask`, of the scan's shape at any scale, says what is to be mended (128
    and more); without it the engine looks. Raises EngineError, and whatever `progress`
    raises.
    """
    wanted = replace(settings_from(options), own=own, mask=mask)
    return restore(scan, wanted, progress=progress, workspace=workspace)


def settings_from(options: Mapping[str, str]) -> Settings:
    return Settings(
        damage=Damage(options["damage"]),
        colour=options["colour"] == "on",
        contrast=options["contrast"] == "on",
        scratches=options["scratches"] == "on",
        grain=options["grain"] == "on",
        sharpen=options["sharpen"] == "on",
        enlarge=int(options["enlarge"]),
        # Jobs that were waiting when these came do not have them.
        negative=options.get("negative") == "on",
        neutral=options.get("toning") == "neutral",
    )
