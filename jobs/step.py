"""One step of one job, held by a lease. Every write asks for the lease again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from albums.models import Restoration
from jobs import source_links
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job
from jobs.processes import this_process
from jobs.services import RELEASED, change, forget_secrets

# A result that nobody waits for any more is asked for after so long.
LATE_LOOK_AFTER = timedelta(minutes=2)


class Lost(Exception):
    """Somebody else owns the job now: stop, and touch nothing, not even files."""


class Cancelled(Exception):
    """A person asked for the end of this job."""


class Failure(Exception):
    """The job ends here. `message` is for the family: what happened, what to do next;
    `detail` is for the administrator only. `is_final` says that the provider's task is
    dead: there is nothing to ask for any more."""

    def __init__(
        self,
        code: str,
        blame: Job.Blame,
        message: str,
        *,
        detail: str = "",
        is_final: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.blame = blame
        self.message = message
        self.detail = detail
        self.is_final = is_final


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

    def move(self, state: Job.State, *, kind: Event.Kind, **changes: Any) -> None:
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

    def release(
        self, *, state: Job.State | None, due: datetime, **changes: Any
    ) -> None:
        """Let go of the job until its next step is due. Raises Lost or Cancelled."""
        moved = {"state": state} if state else {}
        only: dict[str, Any] = {}
        if state == Job.State.QUEUED:
            # A wish that was given up is not begun anew.
            only = {"cancel_asked": False}
        self._write({**moved, **changes, **RELEASED, "due": due}, only=only)

    def give_up_attempt(self, attempt: Attempt, code: str, detail: str) -> None:
        """The provider's task is dead; the job may begin another. Raises Lost."""
        with transaction.atomic():
            if not self._is_mine():
                raise Lost
            dead = Failure(code, Job.Blame.PROVIDER, "", detail=detail, is_final=True)
            self._close(attempt, Attempt.State.FAILED, dead)

    def set_aside_attempt(self, attempt: Attempt) -> None:
        """Another task is begun; this one's result is kept if it still comes."""
        with transaction.atomic():
            if not self._is_mine():
                raise Lost
            self._close(attempt, Attempt.State.ABANDONED)

    def succeed(self, attempt: Attempt, restoration: Restoration) -> None:
        """Call inside the transaction that adds the restoration. Raises Lost."""
        done = {
            "state": Job.State.SUCCEEDED,
            "restoration": restoration,
            "note": restoration.note,
            "money_spent": self._was_charged(),
            "progress": 1,
            "stage": "",
        }
        self._end(done, kind=Event.Kind.READY)
        self._close(attempt, Attempt.State.SUCCEEDED)

    def fail(self, failure: Failure) -> None:
        failed: dict[str, Any] = {
            "state": Job.State.FAILED,
            "error_code": failure.code,
            "blame": failure.blame,
            "message": failure.message,
            "detail": failure.detail,
        }
        with transaction.atomic():
            attempts = list(self.job.attempts.filter(state=Attempt.State.OPEN))
            failed["money_spent"] = self._was_charged()
            self._end(
                failed,
                kind=Event.Kind.FAILED,
                words=failure.message,
                detail=failure.detail,
            )
            for attempt in attempts:
                is_dead = failure.is_final or not attempt.remote_id
                state = Attempt.State.FAILED if is_dead else Attempt.State.ABANDONED
                self._close(attempt, state, failure)
                if not is_dead and attempt.result_seen is None:
                    self._ask_later(attempt)

    def cancel(self) -> None:
        with transaction.atomic():
            self._end(
                {"state": Job.State.CANCELLED, "stage": ""}, kind=Event.Kind.CANCELLED
            )
            for attempt in self.job.attempts.filter(state=Attempt.State.OPEN):
                self._close(attempt, Attempt.State.ABANDONED)
                if attempt.remote_id:
                    self._ask_later(attempt)

    def note(
        self,
        kind: Event.Kind,
        words: str,
        *,
        attempt: Attempt | None = None,
        detail: str = "",
        milliseconds: int | None = None,
        charged: bool = False,
    ) -> None:
        """A line of the timeline."""
        Event.objects.create(
            job=self.job,
            attempt=attempt,
            kind=kind,
            words=words,
            detail=detail,
            milliseconds=milliseconds,
            charged=charged,
        )

    def _end(
        self,
        changes: Mapping[str, Any],
        *,
        kind: Event.Kind,
        words: str = "",
        detail: str = "",
    ) -> None:
        ended = {**changes, **RELEASED, "finished": db_now()}
        mine = {"lease": self.token}
        if not change(
            self.job, ended, only=mine, kind=kind, words=words, detail=detail
        ):
            raise Lost

    def _write(
        self,
        changes: Mapping[str, Any],
        *,
        only: Mapping[str, Any],
        kind: Event.Kind | None = None,
    ) -> None:
        mine = {"lease": self.token, "holder": this_process(), **only}
        if not change(self.job, changes, only=mine, kind=kind):
            raise Cancelled if self._is_mine() else Lost

    def _was_charged(self) -> bool:
        """By whomever: also by a provider that had the job before."""
        return self.job.attempts.filter(charged=True).exists()

    def _is_mine(self) -> bool:
        """Whether this step still owns the job; holds the row in a transaction."""
        mine = Job.objects.filter(pk=self.job.pk, lease=self.token)
        return mine.update(lease=self.token) == 1

    def _ask_later(self, attempt: Attempt) -> None:
        """Its task may end well all the same."""
        later = db_now() + LATE_LOOK_AFTER
        Attempt.objects.filter(pk=attempt.pk).update(late_look=later)

    def _close(
        self, attempt: Attempt, state: Attempt.State, failure: Failure | None = None
    ) -> None:
        mine = Attempt.objects.filter(pk=attempt.pk)
        source_links.revoke(mine)
        mine.update(
            state=state,
            finished=db_now(),
            error_code=failure.code if failure else "",
            detail=failure.detail if failure else "",
        )
        forget_secrets(mine)
