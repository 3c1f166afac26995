"""The models that a job names, for the engine. Only where the engine works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jobs import own_models
from jobs.engine.own import manifest
from jobs.engine.own.spec import OwnModel
from jobs.engine.own.trouble import BadModel
from jobs.models import Job
from jobs.own_checks import contents_of, contents_then
from jobs.own_models import Entry
from jobs.own_options import chosen, gone_words
from jobs.providers.local import enlarges
from jobs.step import Failure


def models_for(options: Mapping[str, str]) -> tuple[OwnModel, ...]:
    """Raises Failure for a model that is gone, or is not the one that was checked."""
    return tuple(
        _model(choice.role, value)
        for choice, value in chosen(options)
        if choice.role != "upscale" or enlarges(options)
    )


def record_of(models: tuple[OwnModel, ...]) -> str:
    """Which models a restoration was made with, for the administrator."""
    return "; ".join(
        f"{one.spec.role}: {one.spec.title}, {one.path.name}, SHA-256 "
        f"{one.spec.sha256}, {one.spec.licence}"
        for one in models
    )


def _model(role: str, value: str) -> OwnModel:
    entry = own_models.find(role, value)
    if entry is None or entry.value != value:
        raise _gone(own_models.title_of(value))
    return _checked(entry)


def _checked(entry: Entry) -> OwnModel:
    try:
        now = contents_of(entry.path, entry.manifest_path)
        if now != contents_then(entry):
            raise _gone(entry.title)
        spec = manifest.read(entry.manifest_path)
        return OwnModel(entry.path, replace(spec, sha256=entry.sha256))
    except (OSError, BadModel) as error:
        raise _gone(entry.title) from error


def _gone(title: str) -> Failure:
    return Failure("model_gone", Job.Blame.SETUP, gone_words(title))
