"""What can be wrong with a model, each with what to do about it."""

from __future__ import annotations

from jobs.engine.contract import EngineError


class BadModel(EngineError):
    """A model or its manifest cannot be used. The text is for the administrator."""


class ModelFailed(EngineError):
    """A model that was found sound failed on this picture. The text is for people."""
