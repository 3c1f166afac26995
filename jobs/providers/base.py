"""What every provider declares and answers. Plain values only: no database, no
models, no settings, no sleeping, no retrying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from jobs.providers.options import Option

if TYPE_CHECKING:
    from jobs.providers.http import Downloads


# The two calls that every provider has, as budgets name them.
SUBMIT, POLL = "submit", "poll"
# The code of a Resubmit after which the photo is sent as a file.
SOURCE_NOT_FETCHED = "source_not_fetched"


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
    """This task is dead; a new one may work, after `pause`. Once."""

    def __init__(
        self,
        code: str,
        blame: Blame,
        sentence: str,
        *,
        detail: str = "",
        pause: timedelta = timedelta(0),
    ) -> None:
        super().__init__(code, blame, sentence, detail=detail)
        self.pause = pause


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
    `address` is where the provider may fetch this very copy for a short while ("": it
    may not); without it the file must be sent.
    """

    path: Path
    name: str
    media_type: str
    width: int
    height: int
    size: int
    address: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Result:
    """Where the restored picture is: an address to fetch, or the bytes themselves. An
    address that begins with "/" is a path on the provider's own host. `expires` is
    until when it can be fetched, where the provider says so."""

    address: str = field(default="", repr=False)
    data: bytes = field(default=b"", repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RemoteState:
    """What one look at a remote task brought. `progress` is 0 to 1 where the provider
    tells it; `words` are the provider's own, for the administrator. `brought` is kept
    with the attempt for the next look, `learned` with the provider's account for all
    later calls. `credits` is what the task took of the account, where the provider
    says it. `call` is what the look was by the names of `Limits.per_hour_by_call`, and
    `also` names further requests that it took. `quiet` is how long the provider wants
    no further request."""

    status: RemoteStatus
    progress: float | None = None
    words: str = ""
    result: Result | None = None
    brought: Mapping[str, str] = field(default_factory=dict, repr=False)
    learned: Mapping[str, str] = field(default_factory=dict)
    credits: float | None = None
    call: str = POLL
    also: tuple[str, ...] = ()
    quiet: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What one call of a submit brought, to be kept before the next call.

    `remote_id` is empty until the provider gave one. `copy_id` names the copy of the
    photo that lies there from now on, or was worked on (see KeepsCopies). `finished` is
    false where the submit has further steps: call again with `brought`. `call` is what
    this step was by the names of `Limits.per_hour_by_call`, and `next_call` what the
    next step will be; "" is a request to a storage host, which is in no budget. `state`
    is set where the reply told the task's state already (a long submit). `words` are
    for the administrator: what the provider's support will ask for. `learned`,
    `credits`, `also` and `quiet` as in RemoteState.
    """

    remote_id: str = field(default="", repr=False)
    copy_id: str = field(default="", repr=False)
    finished: bool = True
    brought: Mapping[str, str] = field(default_factory=dict, repr=False)
    call: str = SUBMIT
    next_call: str = SUBMIT
    state: RemoteState | None = None
    words: str = ""
    learned: Mapping[str, str] = field(default_factory=dict)
    credits: float | None = None
    quiet: timedelta | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecentTask:
    """A line of the provider's own list of an account's tasks, newest first. `name` is
    the neutral name under which the picture was sent, `state` the provider's word."""

    name: str
    state: str
    begun: datetime | None = None
    model: str = ""
    credits: float | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which tasks of such a list: `most` of them, begun `before` then, in this `status`
    (never UNKNOWN), only failed ones, only those of several pictures."""

    most: int = 20
    before: datetime | None = None
    status: RemoteStatus | None = None
    only_failed: bool = False
    only_batches: bool = False


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a provider takes and how often it may be asked.

    `formats` are format names ("jpeg", "png"); `max_bytes` bytes of a file; sides in
    pixels; `per_second` and `per_hour` requests (0: no such limit), polls included;
    `per_hour_by_call` where each kind of call ("submit", "poll", or a name of the
    provider's file) has its own; `deadline` from submit to
    the end of an attempt; `result_lifetime` how long a result can be fetched;
    `typical` the first guess of how long a task takes; `never_smaller`: a result that
    is smaller than the copy sent is a preview; `max_result_bytes` bytes.
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
    never_smaller: bool = False
    max_result_bytes: int = 100 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Access:
    """What is needed to reach a provider. `base_url` is scheme://host[:port]; `learned`
    is what earlier calls learned; `extra` are settings of this provider alone."""

    key: str = field(repr=False)
    base_url: str
    learned: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a person is told before a picture goes out: the price of one restoration in
    plain words, where pictures go ("{host}" stands for the host that is set), and how
    long they are kept there. `country` is a sentence about where the company or its
    computers are, as far as the vendor says; "" where its documents do not say it."""

    costs: str
    keeps: str
    sends_to: str
    country: str = ""


class Provider(Protocol):
    """One remote provider. Each method is one short call (or one long one where
    `is_long_submit` says so), raises ProviderError, and returns plain values.

    `brought` is what the steps and looks of this attempt brought so far.
    """

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

    def submit(
        self,
        scan: Scan,
        options: Mapping[str, str],
        request_key: str,
        brought: Mapping[str, str],
    ) -> Submission: ...

    def poll(self, remote_id: str, brought: Mapping[str, str]) -> RemoteState: ...

    def fetch(self, result: Result, into: Path) -> int:
        """Write the result's bytes to `into`; their number. Not yet a picture: decode
        it before it counts."""
        ...

    def check(self) -> str:
        """Do the key and the address work? A sentence, without spending a credit where
        the provider allows it. Raises ProviderError."""
        ...


@runtime_checkable
class Finds(Protocol):
    """A provider that can say what became of a submit whose answer was lost."""

    @property
    def find_call(self) -> str:
        """The call's name in `Limits.per_hour_by_call`."""
        ...

    def find(self, name: str, brought: Mapping[str, str]) -> Submission | None:
        """The task that was begun with the copy of this name, or None: there is none.
        Raises ProviderError."""
        ...


@runtime_checkable
class KeepsCopies(Protocol):
    """A provider at which the photo stays until it is deleted, and can be restored
    again without being sent again. `copy_id` names the copy there, as the submit told
    it; it is a secret."""

    def reprocess(
        self,
        copy_id: str,
        before: Mapping[str, str],
        options: Mapping[str, str],
        request_key: str,
    ) -> Submission:
        """Begin a task with other options on a copy that is there. `before` are the
        options that it had last. Raises Resubmit where the copy is gone."""
        ...

    def rate(self, copy_id: str, stars: int) -> None:
        """Tell how good the restoration was, 1 to 5. Raises ProviderError."""
        ...

    def delete(self, copy_id: str) -> None:
        """Delete the copy; one that is gone already is no error."""
        ...


@runtime_checkable
class Enlarges(Protocol):
    """A provider whose result may be larger than what can be opened here."""

    def room_for(
        self,
        width: int,
        height: int,
        options: Mapping[str, str],
        *,
        most_pixels: int,
        most_bytes: int,
    ) -> tuple[int, int]:
        """Within which width and height (pixels) the copy of such a photo must be, so
        that the result has no more than that. Raises NeedsPerson where the options make
        no sense for it."""
        ...


@runtime_checkable
class Lists(Protocol):
    """A provider that lists an account's recent tasks."""

    @property
    def list_call(self) -> str:
        """The call's name in `Limits.per_hour_by_call`."""
        ...

    def recent(self, wanted: Wanted) -> tuple[RecentTask, ...]: ...


class Connector(Protocol):
    """What makes a provider ready for calls; the provider's class."""

    def connect(
        self, access: Access, *, timeout: float, downloads: Downloads
    ) -> Provider:
        """`timeout` is seconds for an ordinary call."""
        ...

    def is_long_submit(self, options: Mapping[str, str], *, by_address: bool) -> bool:
        """Whether the submit holds the line until the picture is done. `by_address`:
        the provider can fetch the copy from us."""
        ...
