"""The names that the queue calls. They take ids and may run twice."""

from __future__ import annotations

from uuid import UUID

from jobs import runner


def advance(job_id: int, token: str) -> None:
    runner.advance(job_id, UUID(token))
