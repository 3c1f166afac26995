from __future__ import annotations

from jobs.models.job import Attempt, Batch, Event, Heartbeat, Job, JobQuerySet
from jobs.models.provider import Budget, Consent, LedgerLine, ProviderAccount

__all__ = [
    "Attempt",
    "Batch",
    "Budget",
    "Consent",
    "Event",
    "Heartbeat",
    "Job",
    "JobQuerySet",
    "LedgerLine",
    "ProviderAccount",
]
