"""What every remote provider must pass, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from jobs.providers.base import (
    POLL,
    SUBMIT,
    Access,
    Connector,
    NeedsOperator,
    Provider,
    RemoteState,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
)
from jobs.providers.http import Downloads
from jobs.providers.options import complete_options
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.faults import Faults
from tests.provider_sandbox.vendor import Vendor

TIMEOUT = 1.5


def make_scan(folder: Path, *, side: int = 120) -> Scan:
    path = folder / "scan.jpg"
    Image.linear_gradient("L").resize((side, side)).save(path, "JPEG")
    return Scan(
        path=path,
        name="4a1f.jpg",
        media_type="image/jpeg",
        width=side,
        height=side,
        size=path.stat().st_size,
    )


@dataclass(frozen=True)
class Begun:
    """A submit that was carried to its end."""

    remote_id: str
    brought: dict[str, str]
    state: RemoteState | None


def submitted(provider: Provider, scan: Scan, options: Mapping[str, str]) -> Begun:
    """All steps of a submit, as the machinery takes them."""
    brought: dict[str, str] = {}
    for _step in range(6):
        done = provider.submit(scan, options, "4a1f", brought)
        brought |= done.brought
        if done.finished:
            return Begun(done.remote_id, brought, done.state)
    raise AssertionError("the submit never ends")


class ProviderContract:
    """Subclass it as `class TestAcme(ProviderContract)` and say which provider."""

    name: str
    connector: Connector
    # The step of a submit that begins the task, by the sandbox's names of calls: where
    # its answer is lost, the task may be there.
    begins_with: str = "submit"
    # So many times as wide and as high as the photo its result is.
    enlarges: int = 1
    # An id as the provider makes them, of a task that it does not know.
    unknown_id: str = "0c5e8f00-0000-4000-8000-000000000000"

    def account(self, sandbox: Sandbox) -> Vendor:
        return sandbox.vendors[self.name]

    def connect(self, sandbox: Sandbox, key: str) -> Provider:
        access = Access(key=key, base_url=sandbox.url_of(self.name))
        downloads = Downloads(trusted=sandbox.trusted, total=TIMEOUT, idle=TIMEOUT)
        return self.connector.connect(access, timeout=TIMEOUT, downloads=downloads)

    def faults(self, sandbox: Sandbox) -> Faults:
        return self.account(sandbox).faults

    def set_duration(self, sandbox: Sandbox, seconds: float) -> None:
        self.account(sandbox).duration = lambda: seconds

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with Sandbox() as sandbox:
            self.account(sandbox).rate = 1000
            yield sandbox

    @pytest.fixture
    def provider(self, sandbox: Sandbox) -> Provider:
        return self.connect(sandbox, self.account(sandbox).key)

    @pytest.fixture
    def scan(self, tmp_path: Path) -> Scan:
        return make_scan(tmp_path)

    def submit(self, provider: Provider, scan: Scan) -> Begun:
        options = complete_options(provider.options, {})
        return submitted(provider, scan, options)

    def poll(self, provider: Provider, begun: Begun) -> RemoteState:
        return provider.poll(begun.remote_id, begun.brought)

    def test_success_brings_a_picture(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, tmp_path: Path
    ) -> None:
        self.set_duration(sandbox, 0)
        begun = self.submit(provider, scan)
        state = self.poll(provider, begun)
        assert state.status is RemoteStatus.SUCCEEDED
        assert state.result is not None
        size = provider.fetch(state.result, tmp_path / "result")
        content = (tmp_path / "result").read_bytes()
        assert len(content) == size
        with Image.open(BytesIO(content)) as picture:
            sides = (self.enlarges * scan.width, self.enlarges * scan.height)
            assert picture.size == sides

    def test_still_running_is_no_error(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        self.set_duration(sandbox, 60)
        state = self.poll(provider, self.submit(provider, scan))
        assert state.status in {RemoteStatus.PENDING, RemoteStatus.RUNNING}
        assert state.result is None

    def test_a_wrong_key_waits_for_an_operator(
        self, sandbox: Sandbox, scan: Scan
    ) -> None:
        provider = self.connect(sandbox, "canary-key")
        with pytest.raises(NeedsOperator) as caught:
            self.submit(provider, scan)
        assert caught.value.code == "wrong_key"
        assert "canary-key" not in f"{caught.value!r}{caught.value.detail}"
        assert "canary-key" not in repr(provider.__dict__)

    def test_too_often_is_tried_again_when_the_provider_says(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        self.faults(sandbox).add("submit", "429=7")
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.rate_limited
        assert not caught.value.ambiguous
        assert caught.value.retry_after == timedelta(seconds=7)

    @pytest.mark.parametrize("said", ["soon", "-3", "1e400", ""])
    def test_nonsense_in_retry_after_is_ignored(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, said: str
    ) -> None:
        self.faults(sandbox).add("submit", f"429={said}")
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.retry_after is None

    def test_a_server_error_is_tried_again(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        self.faults(sandbox).add("poll", "http_500")
        with pytest.raises(RetryCall) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "provider_trouble"

    @pytest.mark.parametrize("fault", ["gateway_502", "reset_before"])
    def test_a_submit_without_a_clear_answer_is_ambiguous(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        self.faults(sandbox).add(self.begins_with, fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.ambiguous

    def test_no_connection_at_all_is_not_ambiguous(
        self, sandbox: Sandbox, scan: Scan
    ) -> None:
        with Sandbox() as gone:
            provider = self.connect(gone, self.account(gone).key)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.code == "network"
        assert not caught.value.ambiguous

    @pytest.mark.parametrize("fault", ["html_200", "not_an_object", "nan"])
    def test_an_answer_that_makes_no_sense_is_no_success(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        begun = self.submit(provider, scan)
        self.faults(sandbox).add("poll", fault)
        with pytest.raises(RetryCall) as caught:
            self.poll(provider, begun)
        assert caught.value.code in {"not_understood", "provider_trouble"}
        assert "<html>" not in caught.value.sentence

    @pytest.mark.parametrize(
        ("fault", "code"), [("drip", "timeout"), ("endless", "reply_too_large")]
    )
    def test_a_body_that_never_ends_is_ended(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str, code: str
    ) -> None:
        begun = self.submit(provider, scan)
        self.faults(sandbox).add("poll", fault)
        with pytest.raises(RetryCall) as caught:
            self.poll(provider, begun)
        assert caught.value.code == code

    def test_a_task_that_is_unknown_there_is_submitted_anew(
        self, provider: Provider
    ) -> None:
        with pytest.raises(Resubmit):
            provider.poll(self.unknown_id, {})

    @pytest.mark.parametrize("fault", ["cut_short", "reset", "http_503", "drip"])
    def test_a_broken_transfer_is_fetched_again(
        self,
        sandbox: Sandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        fault: str,
    ) -> None:
        self.set_duration(sandbox, 0)
        state = self.poll(provider, self.submit(provider, scan))
        assert state.result is not None
        self.faults(sandbox).add("result", fault)
        with pytest.raises(RetryCall):
            provider.fetch(state.result, tmp_path / "result")
        provider.fetch(state.result, tmp_path / "result")

    @pytest.mark.parametrize(
        "fault", ["gone", "http_403", "redirect_private", "redirect_metadata"]
    )
    def test_a_result_that_cannot_be_had_is_said_so(
        self,
        sandbox: Sandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        fault: str,
    ) -> None:
        self.set_duration(sandbox, 0)
        state = self.poll(provider, self.submit(provider, scan))
        assert state.result is not None
        self.faults(sandbox).add("result", fault)
        with pytest.raises(Resubmit):
            provider.fetch(state.result, tmp_path / "result")

    def test_the_key_goes_to_the_provider_alone(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, tmp_path: Path
    ) -> None:
        self.set_duration(sandbox, 0)
        state = self.poll(provider, self.submit(provider, scan))
        assert state.result is not None
        provider.fetch(state.result, tmp_path / "result")
        key = self.account(sandbox).key
        assert sandbox.result_requests
        for seen in sandbox.result_requests:
            assert key not in f"{seen.path}{seen.headers}"

    def test_check_tells_a_right_key_from_a_wrong_one(
        self, sandbox: Sandbox, provider: Provider
    ) -> None:
        assert provider.label in provider.check()
        wrong = self.connect(sandbox, "wrong-key")
        with pytest.raises(NeedsOperator):
            wrong.check()

    def test_every_option_has_words_and_a_default(self, provider: Provider) -> None:
        for option in provider.options:
            assert option.label
            assert option.help.endswith(".")
        assert complete_options(provider.options, {})

    def test_every_kind_of_call_is_in_a_budget(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        options = complete_options(provider.options, {})
        brought: dict[str, str] = {}
        for _step in range(6):
            done = provider.submit(scan, options, "4a1f", brought)
            known = {"", SUBMIT, POLL, *provider.limits.per_hour_by_call}
            assert {done.call, done.next_call} <= known
            brought |= done.brought
            if done.finished:
                return
        raise AssertionError("the submit never ends")
