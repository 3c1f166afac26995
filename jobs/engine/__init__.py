"""The restorer built in: arrays in, arrays out."""

from __future__ import annotations

from jobs.engine.chain import ENGINE_VERSION, restore
from jobs.engine.changes import ChangeMap, change_map
from jobs.engine.contract import (
    Damage,
    EngineError,
    Outcome,
    Progress,
    Settings,
    StageReport,
)
from jobs.engine.mend import find_marks

__all__ = [
    "ENGINE_VERSION",
    "ChangeMap",
    "Damage",
    "EngineError",
    "Outcome",
    "Progress",
    "Settings",
    "StageReport",
    "change_map",
    "find_marks",
    "restore",
]
