"""What a person should know of a restoration: who made it in whose place, what is made
up in it, and what was done less than was asked."""

from __future__ import annotations

from jobs.models import Job
from jobs.recipes import guesses


def note_for(job: Job, provider: str, *parts: str) -> str:
    """`provider` made it. A late result of one that had the job before is told about
    without what only the job's present provider and options explain."""
    own = [job.note, guesses(provider, job.options)]
    said = [*own, *parts] if provider == job.provider else parts
    return " ".join(part for part in said if part)
