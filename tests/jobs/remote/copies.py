"""Steps that the tests of copies at a provider share."""

from __future__ import annotations

from jobs import remote_copies
from jobs.clock import db_now
from jobs.models import Attempt, Job
from tests.jobs.remote.conftest import step
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox


def end(job: Job, vendor: AutoenhanceSandbox) -> Job:
    """To the job's end; a reprocess is believed at once, as if it had been seen at
    work."""
    for _step in range(40):
        if not step(job).is_active:
            return job
        for attempt in Attempt.objects.filter(job=job).exclude(brought={}):
            if attempt.brought.get("asked"):
                brought = {**attempt.brought, "moved": "1"}
                Attempt.objects.filter(pk=attempt.pk).update(brought=brought)
    raise AssertionError(f"still {job.state}")


def tend() -> None:
    for copy_pk in remote_copies.due(db_now()):
        remote_copies.tend(copy_pk)
