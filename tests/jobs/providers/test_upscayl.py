from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image

from jobs.providers import upscayl
from jobs.providers.base import (
    Access,
    Blame,
    Enlarges,
    Finds,
    Lists,
    NeedsOperator,
    NeedsPerson,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
    Wanted,
)
from jobs.providers.http import Downloads
from jobs.providers.options import BadOption, complete_options
from jobs.providers.upscayl import LIMITS, OPTIONS, Upscayl
from jobs.providers.upscayl_codes import FILTERS
from jobs.providers.upscayl_options import room_for
from tests.jobs.providers.contract import (
    TIMEOUT,
    ProviderContract,
    make_scan,
    submitted,
)
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.upscayl_contract import ERRORS, MODELS, WORDS

Connect = Callable[..., Upscayl]

# error: class, code, blame - every row of the document, in a call that looks for no task.
CODES = {
    "INVALID_FILE_TYPE": (NeedsPerson, "invalid_image", Blame.PICTURE),
    "FILE_SIZE_EXCEEDED": (NeedsPerson, "too_large", Blame.PICTURE),
    "MISSING_REQUIRED_FIELDS": (NeedsOperator, "bad_request", Blame.SETUP),
    "BAD_REQUEST": (NeedsOperator, "bad_request", Blame.SETUP),
    "UNAUTHORIZED": (NeedsOperator, "wrong_key", Blame.SETUP),
    "INSUFFICIENT_CREDITS": (NeedsOperator, "no_credits", Blame.BUDGET),
    "NOT_FOUND": (NeedsOperator, "wrong_address", Blame.SETUP),
    "RATE_LIMIT_EXCEEDED": (RetryCall, "too_often", Blame.PROVIDER),
    "INTERNAL_SERVER_ERROR": (RetryCall, "provider_trouble", Blame.PROVIDER),
}
# The same where the answer is plain text, as it once was.
TEXTS = {
    400: "bad_request",
    401: "wrong_key",
    402: "no_credits",
    403: "wrong_key",
    404: "wrong_address",
    413: "too_large",
    415: "invalid_image",
    429: "too_often",
    500: "provider_trouble",
    503: "provider_trouble",
}
STATES = {
    "pending": RemoteStatus.PENDING,
    "processing": RemoteStatus.RUNNING,
    "PROCESSING": RemoteStatus.RUNNING,
    "ENHANCING": RemoteStatus.RUNNING,
    "completed": RemoteStatus.SUCCEEDED,
    "PROCESSED": RemoteStatus.SUCCEEDED,
    "QUEUED_SOMEWHERE": RemoteStatus.UNKNOWN,
    "": RemoteStatus.UNKNOWN,
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def provider(connect: Connect) -> Upscayl:
    return connect()


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    return make_scan(tmp_path)


@pytest.fixture
def connect(sandbox: Sandbox) -> Connect:
    """A provider that learned this before."""

    def make(**learned: str) -> Upscayl:
        known = {name.replace("_", "-"): value for name, value in learned.items()}
        access = Access(
            key=sandbox.upscayl.key,
            base_url=sandbox.url_of("upscayl"),
            learned={
                name if name == "send" else f"/{name}": value
                for name, value in known.items()
            },
        )
        downloads = Downloads(trusted=sandbox.trusted, total=TIMEOUT, idle=TIMEOUT)
        return Upscayl.connect(access, timeout=TIMEOUT, downloads=downloads)

    return make


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is too large to be sent directly."""
    monkeypatch.setattr(upscayl, "DIRECT_BYTES", 10)


def calls(sandbox: Sandbox) -> list[str]:
    return [seen.path for seen in sandbox.upscayl.requests]


class TestUpscayl(ProviderContract):
    name = "upscayl"
    connector = Upscayl
    enlarges = 2

    def test_it_finds_lists_and_enlarges(self, provider: Upscayl) -> None:
        assert isinstance(provider, Finds)
        assert isinstance(provider, Lists)
        assert isinstance(provider, Enlarges)

    @pytest.mark.parametrize("error", ERRORS)
    def test_each_error_has_its_class_and_sentence(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, error: str
    ) -> None:
        kind, code, blame = CODES[error]
        sandbox.upscayl.faults.add("submit", f"error={error}")
        with pytest.raises(ProviderError) as caught:
            self.submit(provider, scan)
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert caught.value.sentence.endswith(".")
        assert error in caught.value.detail
        assert not getattr(caught.value, "ambiguous", False)
        assert sandbox.upscayl.submits == 0

    @pytest.mark.parametrize("status", TEXTS)
    def test_an_error_in_plain_text_is_known_by_its_status(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, status: int
    ) -> None:
        sandbox.upscayl.faults.add("submit", f"text={status}")
        with pytest.raises(ProviderError) as caught:
            self.submit(provider, scan)
        assert caught.value.code == TEXTS[status]
        assert getattr(caught.value, "ambiguous", False) is (status >= 500)

    def test_the_words_say_how_long_to_be_quiet(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        sandbox.upscayl.faults.add("submit", "error=RATE_LIMIT_EXCEEDED")
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.retry_after == timedelta(hours=1)
        assert caught.value.rate_limited

    def test_the_fifty_first_start_of_an_hour_is_refused(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        for _start in range(LIMITS.per_hour_by_call["submit"]):
            self.submit(provider, scan)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.rate_limited
        assert caught.value.retry_after == timedelta(hours=1)

    @pytest.mark.parametrize("words", WORDS)
    def test_both_vocabularies_are_followed_from_start_to_end(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, words: str
    ) -> None:
        sandbox.upscayl.words = "document" if words == "document" else "service"
        self.set_duration(sandbox, 1000)
        begun = self.submit(provider, scan)
        task = sandbox.upscayl.tasks[begun.remote_id]
        seen = []
        for age in (0, 500, 2000):
            task.made -= age
            seen.append(self.poll(provider, begun).status)
        first = STATES[WORDS[words][0]]
        assert seen == [first, RemoteStatus.RUNNING, RemoteStatus.SUCCEEDED]

    @pytest.mark.parametrize("state", STATES)
    def test_each_state_is_known_or_not_finished(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, state: str
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.add("poll", f"status={state}")
        assert self.poll(provider, begun).status is STATES[state]

    @pytest.mark.parametrize("word", ["failed", "PROCESSING_FAILED", "ERROR"])
    def test_a_failed_task_may_be_begun_anew(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, word: str
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.add("poll", f"status={word}")
        with pytest.raises(Resubmit) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "failed"
        assert word in caught.value.detail

    @pytest.mark.parametrize("wrapping", ["data", "bare"])
    def test_the_wrapping_is_found_out_once_and_kept(
        self,
        sandbox: Sandbox,
        connect: Connect,
        scan: Scan,
        wrapping: str,
    ) -> None:
        is_bare = wrapping == "bare"
        sandbox.upscayl.wrapping = "bare" if is_bare else "data"
        provider = connect()
        begun = self.submit(provider, scan)
        state = self.poll(provider, begun)
        assert state.learned == ({"/get-task-status": "bare"} if is_bare else {})
        assert state.also == (("poll",) if is_bare else ())
        before = len(sandbox.upscayl.requests)
        again = connect(get_task_status=wrapping).poll(begun.remote_id, begun.brought)
        assert again.also == ()
        assert len(sandbox.upscayl.requests) == before + 1

    def test_what_was_learned_is_unlearned_when_it_changes(
        self, sandbox: Sandbox, connect: Connect, scan: Scan
    ) -> None:
        provider = connect(get_task_status="bare")
        state = self.poll(provider, self.submit(provider, scan))
        assert state.learned == {"/get-task-status": "data"}

    def test_a_request_that_neither_wrapping_mends_is_our_mistake(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.add("poll", "error=MISSING_REQUIRED_FIELDS", times=2)
        with pytest.raises(NeedsOperator) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "bad_request"
        assert calls(sandbox).count("/get-task-status") == 2

    def test_all_four_fields_are_always_sent(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        self.submit(provider, scan)
        seen = sandbox.upscayl.requests[-1]
        assert seen.fields == {
            "model": "upscayl-standard-4x",
            "scale": "2",
            "saveImageAs": "jpg",
            "enhanceFace": "false",
        }
        assert seen.parts["file"].filename == scan.name
        assert seen.parts["file"].data == scan.path.read_bytes()

    def test_every_model_of_the_document_is_offered(self) -> None:
        option = next(option for option in OPTIONS if option.name == "model")
        assert {value for value, _words in option.choices} == MODELS

    def test_a_model_that_is_not_in_the_list_is_never_sent(self) -> None:
        with pytest.raises(BadOption):
            complete_options(OPTIONS, {"model": "digital-art"})

    @pytest.mark.parametrize("scale", ["2", "4", "8"])
    @pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
    def test_every_scale_and_format_comes_back(
        self,
        sandbox: Sandbox,
        provider: Upscayl,
        scan: Scan,
        tmp_path: Path,
        scale: str,
        kind: str,
    ) -> None:
        self.set_duration(sandbox, 0)
        chosen = {"scale": scale, "saveImageAs": kind, "enhanceFace": "true"}
        begun = submitted(provider, scan, complete_options(OPTIONS, chosen))
        assert sandbox.upscayl.requests[-1].fields["enhanceFace"] == "true"
        result = self.poll(provider, begun).result
        assert result is not None
        provider.fetch(result, tmp_path / "result")
        with Image.open(tmp_path / "result") as picture:
            assert picture.size == (int(scale) * 120, int(scale) * 120)
            assert picture.format == {"jpg": "JPEG"}.get(kind, kind.upper())

    def test_a_large_file_is_put_into_the_storage_first(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, large: None
    ) -> None:
        options = complete_options(OPTIONS, {})
        brought: dict[str, str] = {}
        steps = []
        for _step in range(3):
            done = provider.submit(scan, options, "4a1f", brought)
            brought |= done.brought
            steps.append((done.call, done.next_call, done.finished))
        assert steps == [
            ("upload_url", "", False),
            ("", "submit", False),
            ("submit", "submit", True),
        ]
        put = sandbox.upload_requests[0]
        assert put.method == "PUT"
        assert put.body == scan.path.read_bytes()
        assert put.headers["content-type"] == "image/jpeg"
        part = sandbox.upscayl.requests[-1].parts["files"]
        assert part.media_type == "application/json"
        assert json.loads(part.data)[0]["originalFileName"] == scan.name
        assert "file" not in sandbox.upscayl.requests[-1].parts
        task = sandbox.upscayl.tasks[done.remote_id]
        assert task.photo == scan.path.read_bytes()

    def test_a_small_file_goes_directly(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        at_most = replace(scan, size=upscayl.DIRECT_BYTES)
        self.submit(provider, at_most)
        assert calls(sandbox) == ["/start-task"]
        over = replace(scan, size=upscayl.DIRECT_BYTES + 1)
        done = provider.submit(over, complete_options(OPTIONS, {}), "4a1f", {})
        assert done.call == "upload_url"

    def test_an_upload_address_that_expired_is_asked_for_anew(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, large: None
    ) -> None:
        sandbox.upscayl.faults.add("upload", "http_403")
        begun = self.submit(provider, scan)
        assert begun.remote_id in sandbox.upscayl.tasks
        assert calls(sandbox).count("/get-upload-url") == 2

    def test_a_storage_that_refuses_for_good_ends_the_task(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, large: None
    ) -> None:
        sandbox.upscayl.faults.always("upload", "http_403")
        options = complete_options(OPTIONS, {})
        brought: dict[str, str] = {}
        with pytest.raises(Resubmit) as caught:
            for _step in range(20):
                brought |= provider.submit(scan, options, "4a1f", brought).brought
        assert caught.value.code == "upload_refused"
        assert calls(sandbox).count("/get-upload-url") == upscayl.MOST_UPLOADS

    @pytest.mark.parametrize("fault", ["reset_before", "gateway_502", "drip"])
    def test_an_upload_address_that_did_not_come_was_no_task(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, large: None, fault: str
    ) -> None:
        sandbox.upscayl.faults.add("upload_url", fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert not caught.value.ambiguous

    @pytest.mark.parametrize("fault", ["http_503", "reset"])
    def test_a_storage_in_trouble_is_tried_again_and_nothing_was_bought(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, large: None, fault: str
    ) -> None:
        sandbox.upscayl.faults.add("upload", fault)
        options = complete_options(OPTIONS, {})
        first = provider.submit(scan, options, "4a1f", {})
        with pytest.raises(RetryCall) as caught:
            provider.submit(scan, options, "4a1f", first.brought)
        assert not caught.value.ambiguous
        assert provider.submit(scan, options, "4a1f", first.brought).call == ""

    def test_where_uploaded_files_are_not_taken_the_file_itself_is_sent(
        self, sandbox: Sandbox, connect: Connect, scan: Scan, large: None
    ) -> None:
        sandbox.upscayl.takes_files = False
        options = complete_options(OPTIONS, {})
        brought: dict[str, str] = {}
        learned: dict[str, str] = {}
        for _step in range(4):
            done = connect().submit(scan, options, "4a1f", brought)
            brought |= done.brought
            learned |= done.learned
        assert done.finished
        assert learned == {"send": "direct"}
        sandbox.upscayl.requests.clear()
        connect(send="direct").submit(scan, options, "4a1f", {})
        assert calls(sandbox) == ["/start-task"]

    def test_an_uploaded_file_of_a_wrong_type_is_not_sent_again(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, large: None
    ) -> None:
        sandbox.upscayl.faults.add("submit", "error=INVALID_FILE_TYPE")
        with pytest.raises(NeedsPerson):
            self.submit(provider, scan)

    @pytest.mark.parametrize("wrapping", ["data", "bare"])
    def test_an_upload_address_is_had_in_both_wrappings(
        self,
        sandbox: Sandbox,
        provider: Upscayl,
        scan: Scan,
        large: None,
        wrapping: str,
    ) -> None:
        sandbox.upscayl.wrapping = "bare" if wrapping == "bare" else "data"
        done = provider.submit(scan, complete_options(OPTIONS, {}), "4a1f", {})
        assert done.brought["upload_url"].startswith(sandbox.url_of("storage"))
        assert done.also == (("upload_url",) if wrapping == "bare" else ())

    @pytest.mark.parametrize("fault", ["reset_after", "half_json", "no_task_id"])
    def test_a_task_made_without_an_id_for_us_is_ambiguous(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, fault: str
    ) -> None:
        sandbox.upscayl.faults.add("submit", fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.ambiguous
        assert sandbox.upscayl.submits == 1

    def test_a_new_task_that_is_not_known_yet_is_waited_for(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.always("poll", "not_known_yet")
        for _look in range(3):
            state = self.poll(provider, begun)
            assert state.status is RemoteStatus.UNKNOWN
            begun.brought.update(state.brought)
        with pytest.raises(Resubmit) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "task_unknown"

    def test_a_task_that_was_seen_and_is_gone_is_gone(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        begun.brought.update(self.poll(provider, begun).brought)
        sandbox.upscayl.faults.add("poll", "not_known_yet")
        with pytest.raises(Resubmit):
            self.poll(provider, begun)

    @pytest.mark.parametrize("fault", ["no_files", "no_address"])
    def test_done_without_an_address_is_not_done_and_not_bought_again(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, fault: str
    ) -> None:
        self.set_duration(sandbox, 0)
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.add("poll", fault)
        assert self.poll(provider, begun).status is RemoteStatus.UNKNOWN
        assert self.poll(provider, begun).status is RemoteStatus.SUCCEEDED

    def test_no_success_in_the_envelope_is_no_success(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.add("poll", "no_envelope")
        with pytest.raises(RetryCall):
            self.poll(provider, begun)

    @pytest.mark.parametrize(
        "address_name", ["downloadLink", "downloadUrl", "url", "signedUrl"]
    )
    def test_every_name_of_the_address_is_understood(
        self,
        sandbox: Sandbox,
        provider: Upscayl,
        scan: Scan,
        tmp_path: Path,
        address_name: str,
    ) -> None:
        self.set_duration(sandbox, 0)
        sandbox.upscayl.address_name = address_name
        result = self.poll(provider, self.submit(provider, scan)).result
        assert result is not None
        assert provider.fetch(result, tmp_path / "result") > 0

    def test_of_a_batch_only_the_file_of_our_name_is_ours(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        self.set_duration(sandbox, 0)
        begun = self.submit(provider, scan)
        sandbox.upscayl.faults.add("poll", "batch", times=2)
        result = self.poll(provider, begun).result
        assert result is not None
        assert begun.remote_id in result.address
        nameless = provider.poll(begun.remote_id, {})
        assert nameless.status is RemoteStatus.UNKNOWN

    @pytest.mark.parametrize("in_seconds", [False, True])
    def test_the_end_of_an_address_is_known_in_both_units(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, in_seconds: bool
    ) -> None:
        self.set_duration(sandbox, 0)
        sandbox.upscayl.seconds = in_seconds
        result = self.poll(provider, self.submit(provider, scan)).result
        assert result is not None
        assert result.expires is not None
        left = result.expires - datetime.now(UTC)
        assert timedelta(minutes=58) < left <= timedelta(minutes=60, seconds=1)

    def test_an_address_that_expired_is_replaced_by_another_look(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan, tmp_path: Path
    ) -> None:
        self.set_duration(sandbox, 0)
        begun = self.submit(provider, scan)
        old = self.poll(provider, begun).result
        assert old is not None
        sandbox.upscayl.tasks[begun.remote_id].links[0] -= 4000
        with pytest.raises(Resubmit) as caught:
            provider.fetch(old, tmp_path / "result")
        assert caught.value.code == "result_gone"
        fresh = self.poll(provider, begun).result
        assert fresh is not None
        assert fresh.address != old.address
        provider.fetch(fresh, tmp_path / "result")

    def test_the_credits_are_those_of_the_look_that_found_it_done(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        self.set_duration(sandbox, 1000)
        done = provider.submit(scan, complete_options(OPTIONS, {}), "4a1f", {})
        assert done.credits == 1
        assert provider.poll(done.remote_id, done.brought).credits is None
        sandbox.upscayl.tasks[done.remote_id].made -= 2000
        assert provider.poll(done.remote_id, done.brought).credits == 1.5


class TestHistory:
    """Tasks that are known by the name of the photo alone."""

    def begin(self, sandbox: Sandbox, scan: Scan, name: str) -> None:
        access = Access(key=sandbox.upscayl.key, base_url=sandbox.url_of("upscayl"))
        provider = Upscayl.connect(access, timeout=TIMEOUT, downloads=Downloads())
        named = replace(scan, name=name)
        provider.submit(named, complete_options(OPTIONS, {}), "4a1f", {})

    @pytest.mark.parametrize("wrapping", ["data", "bare"])
    def test_a_task_is_found_by_the_photos_name(
        self,
        sandbox: Sandbox,
        provider: Upscayl,
        scan: Scan,
        tmp_path: Path,
        wrapping: str,
    ) -> None:
        sandbox.upscayl.wrapping = "bare" if wrapping == "bare" else "data"
        sandbox.upscayl.duration = lambda: 0
        self.begin(sandbox, scan, "aaaa.jpg")
        self.begin(sandbox, scan, "bbbb.jpg")
        found = provider.find("aaaa", {})
        assert found is not None
        assert found.call == provider.find_call
        assert found.finished
        state = provider.poll(found.remote_id, found.brought)
        assert state.call == provider.find_call
        assert state.result is not None
        first = next(iter(sandbox.upscayl.tasks))
        assert first in state.result.address
        assert provider.fetch(state.result, tmp_path / "result")
        assert "/get-task-status" not in calls(sandbox)

    def test_a_task_that_is_not_listed_never_began(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        self.begin(sandbox, scan, "aaaa.jpg")
        assert provider.find("cccc", {}) is None
        assert provider.find("aaa", {}) is None

    def test_a_task_is_found_on_a_later_page(
        self,
        sandbox: Sandbox,
        provider: Upscayl,
        scan: Scan,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(upscayl, "PAGE", 2)
        for name in ("aaaa", "bbbb", "cccc", "dddd", "eeee"):
            self.begin(sandbox, scan, f"{name}.jpg")
        found = provider.find("aaaa", {})
        assert found is not None
        assert found.also == ("history", "history")
        assert calls(sandbox).count("/get-upscayl-history") == 3
        assert provider.find("ffff", {}) is None

    def test_pages_that_lead_nowhere_end(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        sandbox.upscayl.faults.always("history", "same_page")
        assert provider.find("aaaa", {}) is None
        assert calls(sandbox).count("/get-upscayl-history") <= upscayl.MOST_PAGES

    def test_a_running_task_without_a_name_may_be_the_one(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        sandbox.upscayl.names_running = False
        sandbox.upscayl.duration = lambda: 60
        self.begin(sandbox, scan, "aaaa.jpg")
        with pytest.raises(RetryCall) as caught:
            provider.find("aaaa", {})
        assert caught.value.code == "not_listed_yet"
        assert caught.value.retry_after
        next(iter(sandbox.upscayl.tasks.values())).made -= 100
        assert provider.find("aaaa", {}) is not None

    def test_a_found_task_that_failed_is_begun_anew(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        sandbox.upscayl.faults.add("task", "failed")
        self.begin(sandbox, scan, "aaaa.jpg")
        found = provider.find("aaaa", {})
        assert found is not None
        with pytest.raises(Resubmit):
            provider.poll(found.remote_id, found.brought)

    def test_a_found_task_that_is_gone_from_the_list_is_begun_anew(
        self, provider: Upscayl
    ) -> None:
        with pytest.raises(Resubmit):
            provider.poll("file:aaaa", {"name": "aaaa"})

    def test_a_service_without_a_history_says_so(
        self, sandbox: Sandbox, provider: Upscayl
    ) -> None:
        sandbox.upscayl.has_history = False
        with pytest.raises(ProviderError):
            provider.find("aaaa", {})

    def test_recent_tasks_are_listed_newest_first(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        sandbox.upscayl.words = "document"
        for name in ("aaaa", "bbbb", "cccc"):
            self.begin(sandbox, scan, f"{name}.jpg")
        rows = provider.recent(Wanted(most=2))
        assert [row.name for row in rows] == ["cccc.jpg", "bbbb.jpg"]
        assert rows[0].model == "upscayl-standard-4x"
        assert rows[0].state in WORDS["document"]
        assert rows[1].begun is not None
        older = provider.recent(Wanted(most=2, before=rows[1].begun))
        assert [row.name for row in older] == ["aaaa.jpg"]

    def test_only_the_failed_are_listed_where_asked(
        self, sandbox: Sandbox, provider: Upscayl, scan: Scan
    ) -> None:
        self.begin(sandbox, scan, "aaaa.jpg")
        sandbox.upscayl.faults.add("task", "failed")
        self.begin(sandbox, scan, "bbbb.jpg")
        rows = provider.recent(Wanted(only_failed=True))
        assert [row.name for row in rows] == ["bbbb.jpg"]

    @pytest.mark.parametrize("words", WORDS)
    def test_only_those_of_a_state_or_a_batch_are_listed_where_asked(
        self,
        sandbox: Sandbox,
        provider: Upscayl,
        scan: Scan,
        words: Literal["document", "service"],
    ) -> None:
        sandbox.upscayl.words = words
        sandbox.upscayl.duration = lambda: 0.0
        self.begin(sandbox, scan, "aaaa.jpg")
        sandbox.upscayl.faults.add("task", "failed")
        self.begin(sandbox, scan, "bbbb.jpg")
        sandbox.upscayl.duration = lambda: 600.0
        self.begin(sandbox, scan, "cccc.jpg")
        sandbox.upscayl.faults.add("task", "batch")
        self.begin(sandbox, scan, "dddd.jpg")
        listed = {
            status: [row.name for row in provider.recent(Wanted(status=status))]
            for status in FILTERS
        }
        assert listed[RemoteStatus.SUCCEEDED] == ["aaaa.jpg"]
        assert listed[RemoteStatus.FAILED] == ["bbbb.jpg"]
        assert listed[RemoteStatus.PENDING][-1] == "cccc.jpg"
        assert listed[RemoteStatus.RUNNING] == []
        assert len(provider.recent(Wanted(only_batches=True))) == 1


class TestRoom:
    """How large a copy may be, for its result to be opened here."""

    MOST = {"most_pixels": 150_000_000, "most_bytes": 100 * 1024 * 1024}

    def room(self, width: int, height: int, **chosen: str) -> tuple[int, int]:
        return room_for(width, height, complete_options(OPTIONS, chosen), **self.MOST)

    @pytest.mark.parametrize("scale", ["2", "4", "8"])
    @pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
    @pytest.mark.parametrize(
        "size", [(1000, 700), (1700, 1250), (3600, 2400), (20_000, 900), (9000, 9000)]
    )
    def test_the_result_can_be_opened_or_the_person_is_told(
        self, scale: str, kind: str, size: tuple[int, int]
    ) -> None:
        try:
            width, height = self.room(*size, scale=scale, saveImageAs=kind)
        except NeedsPerson as told:
            assert "Choose" in told.sentence
            return
        pixels = int(scale) ** 2 * width * height
        assert width <= size[0]
        assert height <= size[1]
        assert pixels <= self.MOST["most_pixels"]
        if kind == "png":
            assert 3 * pixels <= self.MOST["most_bytes"]

    def test_a_small_photo_is_sent_as_it_is(self) -> None:
        assert self.room(1200, 800, scale="8") == (1200, 800)

    def test_a_somewhat_large_one_is_sent_smaller(self) -> None:
        width, height = self.room(4000, 3000, scale="4")
        assert (width, height) == (3535, 2651)

    @pytest.mark.parametrize(
        ("size", "scale", "better"),
        [((4000, 3000), "8", "4"), ((8000, 6000), "8", "2"), ((8000, 6000), "4", "2")],
    )
    def test_a_scale_that_gains_nothing_is_refused_with_the_better_one(
        self, size: tuple[int, int], scale: str, better: str
    ) -> None:
        with pytest.raises(NeedsPerson) as told:
            self.room(*size, scale=scale)
        assert f"Choose {better} times" in told.value.sentence

    def test_twice_is_never_refused(self) -> None:
        assert self.room(12_000, 12_000, scale="2") == (6123, 6123)
