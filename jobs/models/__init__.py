from __future__ import annotations

from jobs.models.errand import Errand, ErrandQuerySet
from jobs.models.job import Attempt, Batch, Event, Heartbeat, Job, JobQuerySet
from jobs.models.provider import (
    AlbumCap,
    Budget,
    Consent,
    HourlyUse,
    LedgerLine,
    ProviderAccount,
    RemoteCopy,
    SourceLink,
)
from jobs.models.search import PrintSearch

__all__ = [
    "AlbumCap",
    "Attempt",
    "Batch",
    "Budget",
    "Consent",
    "Errand",
    "ErrandQuerySet",
    "Event",
    "Heartbeat",
    "HourlyUse",
    "Job",
    "JobQuerySet",
    "LedgerLine",
    "PrintSearch",
    "ProviderAccount",
    "RemoteCopy",
    "SourceLink",
]
