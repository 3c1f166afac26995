"""What the administrator's start page says of the providers and of own models."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs import own_models
from jobs.connections import KINDS, Kind, has_key
from jobs.models import Job, ProviderAccount
from jobs.own_options import BY_ROLE

register = template.Library()


@dataclass(frozen=True)
class Note:
    provider: str
    words: str
    level: str
    link: str


@register.simple_tag
def provider_notes() -> list[Note]:
    """A line for each provider, in two queries however many jobs there are."""
    rows = {row.provider: row for row in ProviderAccount.objects.all()}
    held = Job.objects.filter(state=Job.State.HELD).order_by()
    counts = dict(held.values_list("provider").annotate(Count("pk")))
    return [
        _note(kind, rows.get(kind.name), counts.get(kind.name, 0))
        for kind in KINDS.values()
    ]


def _note(kind: Kind, row: ProviderAccount | None, held: int) -> Note:
    waiting = ngettext("%d photo is on hold.", "%d photos are on hold.", held) % held
    if not has_key(kind.name):
        words = _("Switched off: %(name)s_API_KEY is not set. Families do not see it.")
        level, said = "info", words % {"name": kind.name.upper()}
    elif row is None or row.state == ProviderAccount.State.OPEN:
        level, said = "success", _("Working.")
    else:
        level, said = "warning", f"{row.get_state_display()}. {row.sentence}"
    return Note(
        provider=kind.label,
        words=f"{said} {waiting}" if held else said,
        level=level,
        link=_link(row),
    )


@dataclass(frozen=True)
class ModelNote:
    title: str
    file: str
    words: str
    level: str


@register.simple_tag
def own_model_notes() -> list[ModelNote]:
    """A line for each model in DATA_DIR/models, as the last check found it."""
    return [_model_note(entry) for entry in own_models.state().entries]


def _model_note(entry: own_models.Entry) -> ModelNote:
    file = f"{entry.name}{own_models.MODEL}"
    if entry.trouble:
        words = _("Not used. %(why)s") % {"why": entry.trouble}
        return ModelNote(entry.title, file, words, "warning")
    words = _(
        "Usable, as “%(option)s”. It takes %(seconds).1f seconds of a core and "
        "%(memory)d MB for one picture of its size. Licence: %(licence)s. From: "
        "%(source)s."
    ) % {
        "option": BY_ROLE[entry.role].label,
        "seconds": entry.seconds,
        "memory": entry.megabytes,
        "licence": entry.licence.rstrip("."),
        "source": entry.source.rstrip("."),
    }
    return ModelNote(entry.title, file, words, "success")


def _link(row: ProviderAccount | None) -> str:
    if row is None:
        return reverse("admin:jobs_provideraccount_changelist")
    return reverse("admin:jobs_provideraccount_change", args=[row.pk])
