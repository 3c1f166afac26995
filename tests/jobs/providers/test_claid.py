from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from jobs.providers.base import (
    Blame,
    NeedsOperator,
    NeedsPerson,
    Provider,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
)
from jobs.providers.claid import Claid
from jobs.providers.claid_options import OPTIONS
from jobs.providers.claid_request import output
from jobs.providers.options import complete_options
from tests.jobs.providers.contract import (
    ProviderContract,
    make_scan,
)
from tests.jobs.providers.sources import TOKEN, served
from tests.provider_sandbox import Sandbox

ASYNC = "/v1-beta1/image/edit/async"
GOING_ON = {
    "ACCEPTED": RemoteStatus.PENDING,
    "WAITING": RemoteStatus.PENDING,
    "PAUSED": RemoteStatus.PENDING,
    "PROCESSING": RemoteStatus.RUNNING,
    "processing": RemoteStatus.RUNNING,
    "REHEARSING": RemoteStatus.UNKNOWN,
}
# What a task that failed says: class, code, blame.
WORDS = {
    "": (Resubmit, "failed", Blame.PROVIDER),
    "Internal error": (Resubmit, "failed", Blame.PROVIDER),
    "Unable to download the image": (Resubmit, "source_not_fetched", Blame.PROVIDER),
    "Image is not accessible": (Resubmit, "source_not_fetched", Blame.PROVIDER),
    "Unsupported image format": (NeedsPerson, "invalid_image", Blame.PICTURE),
    "The image is corrupted": (NeedsPerson, "invalid_image", Blame.PICTURE),
    "The image is too large": (NeedsPerson, "too_large", Blame.PICTURE),
    "Output exceeds 100 megapixels": (NeedsPerson, "too_large", Blame.PICTURE),
    "Cannot write to the storage": (NeedsOperator, "storage_trouble", Blame.SETUP),
}
HTTP = {
    400: (NeedsOperator, "bad_request", Blame.SETUP),
    401: (NeedsOperator, "wrong_key", Blame.SETUP),
    402: (NeedsOperator, "no_credits", Blame.BUDGET),
    403: (NeedsOperator, "no_permission", Blame.SETUP),
    404: (NeedsOperator, "wrong_address", Blame.SETUP),
    409: (Resubmit, "conflict", Blame.PROVIDER),
    413: (NeedsPerson, "too_large", Blame.PICTURE),
    422: (NeedsOperator, "bad_request", Blame.SETUP),
    429: (RetryCall, "too_often", Blame.PROVIDER),
    500: (RetryCall, "provider_trouble", Blame.PROVIDER),
    503: (RetryCall, "provider_trouble", Blame.PROVIDER),
}
# A refusal as "status|error_type|error_message".
SAID = {
    "400|billing|No API calls left": (NeedsOperator, "no_credits"),
    "400|auth|Who are you": (NeedsOperator, "wrong_key"),
    "403|auth|Not enough permissions": (NeedsOperator, "no_permission"),
    "400|image|Could not retrieve the source": (Resubmit, "source_not_fetched"),
    "422|validation|input: unable to load": (Resubmit, "source_not_fetched"),
    "422|image|Unsupported file type": (NeedsPerson, "invalid_image"),
    "400|image|Image is too big": (NeedsPerson, "too_large"),
    "400|storage|The output storage is gone": (NeedsOperator, "storage_trouble"),
    "400|validation|padding is wrong": (NeedsOperator, "bad_request"),
    "422|scene|Never heard of": (NeedsOperator, "bad_request"),
}
FORMATS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "JPEG": (
        {"quality": "80", "progressive": "0"},
        {"type": "jpeg", "quality": 80, "progressive": False},
    ),
    "PNG": (
        {"format": "png", "png_compression": "best"},
        {"type": "png", "compression": "best"},
    ),
    "WEBP": (
        {"format": "webp"},
        {"type": "webp", "compression": {"type": "lossy", "quality": 90}},
    ),
    "TIFF": ({"format": "tiff"}, {"type": "tiff", "compression": "lossless"}),
}


class TestClaid(ProviderContract):
    """By address, which is the asynchronous call; the upload form is below."""

    name = "claid"
    connector = Claid
    unknown_id = "999999"

    @pytest.fixture
    def scan(self, sandbox: Sandbox, tmp_path: Path) -> Iterator[Scan]:
        scan = make_scan(tmp_path)
        with served(scan.path.read_bytes()) as address:
            sandbox.claid.sources.add(urlsplit(address).netloc)
            yield replace(scan, address=address)

    def test_the_address_goes_there_and_nothing_else(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        options = complete_options(OPTIONS, {})
        assert not Claid.is_long_submit(options, by_address=True)
        done = provider.submit(scan, options, "4a1f", {})
        seen = sandbox.claid.requests[-1]
        assert (seen.method, seen.path) == ("POST", ASYNC)
        assert json.loads(seen.body) == {
            "input": scan.address,
            "operations": {"restorations": {"decompress": "auto"}},
            "output": {"format": {"type": "jpeg", "quality": 92, "progressive": True}},
        }
        assert done.finished
        assert done.state is None
        assert done.words.startswith("x-request-id ")
        sandbox.claid.tasks[1000].wait_for_source()
        assert sandbox.claid.fetched == [scan.address]

    def test_the_id_alone_is_taken_from_the_result_url(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        sandbox.claid.faults.add("submit", "id_in_result_url")
        begun = self.submit(provider, scan)
        assert begun.remote_id == "1000"
        self.poll(provider, begun)
        assert sandbox.claid.requests[-1].path == f"{ASYNC}/1000"
        assert sandbox.result_requests == []

    @pytest.mark.parametrize("fault", ["reset_after", "half_json", "no_task_id"])
    def test_a_task_made_without_an_id_for_us_is_ambiguous(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        sandbox.claid.faults.add("submit", fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.ambiguous
        assert sandbox.claid.submits == 1

    @pytest.mark.parametrize("state", GOING_ON)
    def test_each_state_that_is_not_over_goes_on(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, state: str
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.claid.faults.add("poll", f"state={state}")
        assert self.poll(provider, begun).status is GOING_ON[state]

    @pytest.mark.parametrize("words", WORDS)
    def test_what_a_failed_task_says_is_understood(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, words: str
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.claid.faults.add("poll", f"error={words}")
        with pytest.raises(ProviderError) as caught:
            self.poll(provider, begun)
        kind, code, blame = WORDS[words]
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert caught.value.sentence.endswith(".")
        assert words in caught.value.detail
        assert "x-request-id" in caught.value.detail

    def test_a_cancelled_task_is_bought_once_more(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.claid.faults.add("poll", "state=CANCELLED")
        with pytest.raises(Resubmit) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "cancelled_by_provider"

    def test_a_source_out_of_reach_is_said_so_without_its_address(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        self.set_duration(sandbox, 0)
        sandbox.claid.sources.clear()
        begun = self.submit(provider, scan)
        with pytest.raises(Resubmit) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "source_not_fetched"
        assert TOKEN not in caught.value.detail

    @pytest.mark.parametrize("fault", ["no_result", "no_tmp_url", "done_with_errors"])
    def test_done_without_a_picture_is_not_done(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        self.set_duration(sandbox, 0)
        begun = self.submit(provider, scan)
        sandbox.claid.faults.add("poll", fault)
        with pytest.raises(Resubmit):
            self.poll(provider, begun)

    def test_the_answer_about_another_task_is_not_ours(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.claid.faults.add("poll", "other_task")
        with pytest.raises(RetryCall):
            self.poll(provider, begun)

    @pytest.mark.parametrize("status", HTTP)
    def test_each_http_code_has_its_class(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, status: int
    ) -> None:
        kind, code, blame = HTTP[status]
        sandbox.claid.faults.add("submit", f"http_{status}")
        with pytest.raises(ProviderError) as caught:
            self.submit(provider, scan)
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert not getattr(caught.value, "ambiguous", False)
        assert "x-request-id" in caught.value.detail
        assert sandbox.claid.submits == 0

    @pytest.mark.parametrize("said", SAID)
    def test_what_a_refusal_says_counts_more_than_its_status(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, said: str
    ) -> None:
        sandbox.claid.faults.add("submit", f"said={said}")
        with pytest.raises(ProviderError) as caught:
            self.submit(provider, scan)
        assert (type(caught.value), caught.value.code) == SAID[said]

    def test_a_conflict_about_a_look_is_waited_for(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.claid.faults.add("poll", "http_409")
        with pytest.raises(RetryCall):
            self.poll(provider, begun)

    def test_a_list_of_what_is_wrong_is_understood(self, provider: Provider) -> None:
        with pytest.raises(NeedsOperator) as caught:
            provider.poll("not-a-number", {})
        assert "not a valid integer" in caught.value.detail

    def test_nothing_left_asks_for_quiet_before_a_refusal(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        options = complete_options(OPTIONS, {})
        assert provider.submit(scan, options, "4a1f", {}).quiet is None
        sandbox.claid.faults.add("submit", "nothing_left")
        done = provider.submit(scan, options, "4a20", {})
        assert done.quiet == timedelta(seconds=17)

    @pytest.mark.parametrize(("rate", "per_minute"), [(4, 120), (100, 3)])
    def test_more_than_the_limits_are_refused(
        self,
        sandbox: Sandbox,
        provider: Provider,
        scan: Scan,
        rate: int,
        per_minute: int,
    ) -> None:
        sandbox.claid.rate, sandbox.claid.per_minute = rate, per_minute
        for _submit in range(min(rate, per_minute)):
            self.submit(provider, scan)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.rate_limited
        assert caught.value.retry_after == timedelta(seconds=1)

    def test_two_a_second_keep_both_limits(self, provider: Provider) -> None:
        assert provider.limits.per_second <= min(4, 120 / 60)

    @pytest.mark.parametrize("kind", FORMATS)
    def test_the_result_comes_in_the_chosen_format_and_size(
        self,
        sandbox: Sandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        kind: str,
    ) -> None:
        self.set_duration(sandbox, 0)
        chosen, said = FORMATS[kind]
        options = complete_options(OPTIONS, {**chosen, "width": "200%", "dpi": "300"})
        assert output(options, "") == {"format": said, "metadata": {"dpi": 300}}
        done = provider.submit(scan, options, "4a1f", {})
        result = provider.poll(done.remote_id, done.brought).result
        assert result is not None
        provider.fetch(result, tmp_path / "result")
        with Image.open(tmp_path / "result") as picture:
            assert picture.format == kind
            assert picture.size == (scan.width * 2, scan.height * 2)
