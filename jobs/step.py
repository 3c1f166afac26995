"""One step of one job, held by a lease. Every write asks for the lease again."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from albums.models import Restoration
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job
from jobs.services import RELEASED, change


class Lost(Exception):
    """Somebody else owns the job now: stop, and touch nothing, not even files."""


class Cancelled(Exception):
    """A person asked for the end of this job."""


class Failure(Exception):
    """The job ends here. `message` is for the family: what happened, what to do next;
    `detail` is for the administrator only."""

    def __init__(
        self, code: str, blame: Job.Blame, message: str, *, detail: str = ""
    ) -> None:
        super().__init__(code)
        self.code = code
        self.blame = blame
        self.message = message
        self.detail = detail


def this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True)
class Step:
    job: Job
    token: UUID

    @classmethod
    def take(cls, job_id: int, token: UUID, *, lease: timedelta) -> Step | None:
        """Begin the step that was rung for with this token. None if it was begun
        already, or is somebody else's."""
        now = db_now()
        rung = Job.objects.filter(
            pk=job_id, lease=token, holder="", state__in=Job.ACTIVE
        )
        if rung.update(holder=this_process(), leased_until=now + lease) != 1:
            return None
        Job.objects.filter(pk=job_id, started=None).update(started=now)
        job = Job.objects.select_related("photo__original").get(pk=job_id)
        return cls(job, token)

    def renew(self, lease: timedelta, **shown: Any) -> None:
        """Say that the work goes on. Raises Lost or Cancelled."""
        changes = {"leased_until": db_now() + lease, **shown}
        self._write(changes, only={"cancel_asked": False})

    def move(self, state: Job.State, *, kind: str, **changes: Any) -> None:
        """On to the next state, still holding the lease. Raises Lost or Cancelled."""
        self._write(
            {"state": state, **changes}, only={"cancel_asked": False}, kind=kind
        )

    def open_attempt(self) -> Attempt:
        """The attempt that a broken step left open, or a new one."""
        job = self.job
        with transaction.atomic():
            if not self._is_mine():
                raise Lost
            found = job.attempts.filter(state=Attempt.State.OPEN).first()
            if found:
                return found
            return job.attempts.create(
                number=job.attempts.count() + 1, provider=job.provider
            )

    def succeed(self, attempt: Attempt, restoration: Restoration) -> None:
        """Call inside the transaction that adds the restoration. Raises Lost."""
        done = {
            "state": Job.State.SUCCEEDED,
            "restoration": restoration,
            "note": restoration.note,
            "progress": 1,
            "stage": "",
        }
        self._end(done, kind="ready")
        self._close(attempt, Attempt.State.SUCCEEDED)

    def fail(self, failure: Failure) -> None:
        failed = {
            "state": Job.State.FAILED,
            "error_code": failure.code,
            "blame": failure.blame,
            "message": failure.message,
            "detail": failure.detail,
        }
        with transaction.atomic():
            self._end(
                failed, kind="failed", words=failure.message, detail=failure.detail
            )
            for attempt in self.job.attempts.filter(state=Attempt.State.OPEN):
                self._close(attempt, Attempt.State.FAILED, failure)

    def cancel(self) -> None:
        with transaction.atomic():
            self._end({"state": Job.State.CANCELLED, "stage": ""}, kind="cancelled")
            for attempt in self.job.attempts.filter(state=Attempt.State.OPEN):
                self._close(attempt, Attempt.State.ABANDONED)

    def note(self, kind: str, words: str, *, attempt: Attempt | None = None) -> None:
        Event.objects.create(job=self.job, attempt=attempt, kind=kind, words=words)

    def _end(self, changes: Mapping[str, Any], **event: str) -> None:
        ended = {**changes, **RELEASED, "finished": db_now()}
        if not change(self.job, ended, only={"lease": self.token}, **event):
            raise Lost

    def _write(
        self, changes: Mapping[str, Any], *, only: Mapping[str, Any], kind: str = ""
    ) -> None:
        mine = {"lease": self.token, "holder": this_process(), **only}
        if not change(self.job, changes, only=mine, kind=kind):
            raise Cancelled if self._is_mine() else Lost

    def _is_mine(self) -> bool:
        """Whether this step still owns the job; holds the row in a transaction."""
        mine = Job.objects.filter(pk=self.job.pk, lease=self.token)
        return mine.update(lease=self.token) == 1

    def _close(
        self, attempt: Attempt, state: Attempt.State, failure: Failure | None = None
    ) -> None:
        Attempt.objects.filter(pk=attempt.pk).update(
            state=state,
            finished=db_now(),
            error_code=failure.code if failure else "",
            detail=failure.detail if failure else "",
        )
