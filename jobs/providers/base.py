"""What every provider declares and answers. Plain values only: no database, no
models, no settings, no sleeping, no retrying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from jobs.providers.options import Option


class RemoteStatus(StrEnum):
    """Where a remote task is. UNKNOWN is legal: it means "not finished"."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Blame(StrEnum):
    PICTURE = "picture"
    PROVIDER = "provider"
    BUDGET = "budget"
    SETUP = "setup"


class ProviderError(Exception):
    """A provider could not do what was asked. The class says what happens next.

    `code` is stable, `sentence` is for the family (what happened, what to do next),
    `detail` is for the administrator: what the provider said, without keys, addresses
    or picture bytes.
    """

    def __init__(
        self, code: str, blame: Blame, sentence: str, *, detail: str = ""
    ) -> None:
        super().__init__(code)
        self.code = code
        self.blame = blame
        self.sentence = sentence
        self.detail = detail


class RetryCall(ProviderError):
    """The same call may work in a while: after `retry_after`, where the provider said
    when. `ambiguous` says that the call may have been carried out all the same."""

    def __init__(
        self,
        code: str,
        blame: Blame,
        sentence: str,
        *,
        detail: str = "",
        retry_after: timedelta | None = None,
        ambiguous: bool = False,
        rate_limited: bool = False,
    ) -> None:
        super().__init__(code, blame, sentence, detail=detail)
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.rate_limited = rate_limited


class Resubmit(ProviderError):
    """This task is dead; a new one may work. Once."""


class NeedsOperator(ProviderError):
    """Key, plan, credits or our own mistake: no call of this provider will work until
    an operator has put it right. The jobs wait."""


class NeedsPerson(ProviderError):
    """The person who asked can put it right: another file, another option."""


class Final(ProviderError):
    """Nothing will make this work."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The copy that leaves the house: upright, without metadata, within the limits.

    `name` is neutral and unique (made from the request key), never the family's own.
    """

    path: Path
    name: str
    media_type: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """Where the restored picture is: an address to fetch, or the bytes themselves."""

    address: str = ""
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class RemoteState:
    """What one look at a remote task brought. `progress` is 0 to 1 where the provider
    tells it; `words` are the provider's own, for the administrator."""

    status: RemoteStatus
    progress: float | None = None
    words: str = ""
    result: Result | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What one call of a submit brought, to be kept before the next call.

    `remote_id` is empty until the provider gave one. `finished` is false where the
    submit has further steps: call again with `brought`. `state` is set where the
    reply told the task's state already (a long submit). `called` counts the requests.
    """

    remote_id: str = ""
    finished: bool = True
    brought: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: RemoteState | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a provider takes and how often it may be asked.

    `formats` are format names ("jpeg", "png"); `max_bytes` bytes of a file; sides in
    pixels; `per_second` and `per_hour` requests (0: no such limit), polls included;
    `per_hour_by_call` where each kind of call has its own; `deadline` from submit to
    the end of an attempt; `result_lifetime` how long a result can be fetched;
    `typical` the first guess of how long a task takes; `max_result_bytes` bytes.
    """

    formats: tuple[str, ...]
    max_bytes: int
    max_width: int
    max_height: int
    per_second: float
    per_hour_by_call: Mapping[str, int] = field(default_factory=dict)
    deadline: timedelta
    result_lifetime: timedelta
    typical: timedelta
    first_look: timedelta
    long_submit: timedelta | None = None
    max_result_bytes: int = 100 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a person is told before a picture goes out: the price of one restoration in
    plain words, where pictures go, and how long they are kept there."""

    costs: str
    keeps: str
    sends_to: str


class Provider(Protocol):
    """One remote provider. Each method is one short call (or one long one where
    `is_long_submit` says so), raises ProviderError, and returns plain values."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def options(self) -> tuple[Option, ...]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def promise(self) -> Promise: ...

    def is_long_submit(self, options: Mapping[str, str]) -> bool: ...

    def submit(
        self,
        scan: Scan,
        options: Mapping[str, str],
        request_key: str,
        brought: Mapping[str, str],
    ) -> Submission: ...

    def poll(self, remote_id: str) -> RemoteState: ...

    def fetch(self, result: Result, into: Path) -> int:
        """Write the result's bytes to `into`; their number. Not yet a picture: decode
        it before it counts."""
        ...

    def check(self) -> str:
        """Do the key and the address work? A sentence, without spending a credit where
        the provider allows it. Raises ProviderError."""
        ...
