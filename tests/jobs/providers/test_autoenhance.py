from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.providers.autoenhance import API_VERSION, PATH, Autoenhance
from jobs.providers.autoenhance_options import (
    download_query,
)
from jobs.providers.base import (
    Blame,
    KeepsCopies,
    NeedsOperator,
    NeedsPerson,
    Provider,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
)
from tests.jobs.providers.autoenhance_case import AutoenhanceCase
from tests.jobs.providers.contract import ProviderContract, submitted
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

# status: what it means. Clients guard against more words than the documents have.
GOING_ON = {
    '"waiting"': RemoteStatus.PENDING,
    '"processing"': RemoteStatus.RUNNING,
    '"reticulating"': RemoteStatus.UNKNOWN,
    "null": RemoteStatus.UNKNOWN,
    "7": RemoteStatus.UNKNOWN,
}
DONE = ('"processed"', '"completed"', '"done"', '"Processed"')
FAILED = ('"error"', '"failed"')
# status_reason: class, code, blame. There is no published list.
REASONS = {
    "": (Resubmit, "failed", Blame.PROVIDER),
    "Something broke": (Resubmit, "failed", Blame.PROVIDER),
    "Daily limit reached": (Resubmit, "daily_limit", Blame.BUDGET),
    "Enhancement quota used": (Resubmit, "daily_limit", Blame.BUDGET),
    "File size limit": (NeedsPerson, "too_large", Blame.PICTURE),
}
HTTP = {
    400: (NeedsOperator, "bad_request", Blame.SETUP),
    401: (NeedsOperator, "wrong_key", Blame.SETUP),
    402: (NeedsOperator, "no_credits", Blame.BUDGET),
    403: (NeedsOperator, "wrong_key", Blame.SETUP),
    405: (NeedsOperator, "wrong_address", Blame.SETUP),
    413: (NeedsPerson, "too_large", Blame.PICTURE),
    418: (NeedsOperator, "bad_request", Blame.SETUP),
    422: (NeedsOperator, "bad_request", Blame.SETUP),
    429: (RetryCall, "too_often", Blame.PROVIDER),
    500: (RetryCall, "provider_trouble", Blame.PROVIDER),
    503: (RetryCall, "provider_trouble", Blame.PROVIDER),
}
# Where each call meets "not found".
NOT_FOUND = {
    "submit": (NeedsOperator, "wrong_address"),
    "poll": (Resubmit, "task_unknown"),
    "process": (Resubmit, "copy_gone"),
    "enhanced": (Resubmit, "result_gone"),
    "report": (Resubmit, "copy_gone"),
}


class TestAutoenhance(AutoenhanceCase, ProviderContract):
    name = "autoenhance"
    connector = Autoenhance

    def test_it_is_registered_then_uploaded_without_the_key(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
    ) -> None:
        first = provider.submit(scan, self.options(), "4a1f", {})
        assert (first.finished, first.remote_id) == (False, "")
        assert first.copy_id in vendor.images
        assert (first.call, first.next_call) == ("submit", "")
        second = provider.submit(scan, self.options(), "4a1f", first.brought)
        assert (second.finished, second.remote_id) == (True, first.copy_id)
        [register] = vendor.requests
        assert (register.method, register.path) == ("POST", PATH)
        assert register.headers["x-api-version"] == API_VERSION
        [upload] = sandbox.upload_requests
        assert upload.body == scan.path.read_bytes()
        assert upload.headers["content-type"] == "image/jpeg"
        assert not {"x-api-key", "x-api-version"} & set(upload.headers)
        assert int(upload.headers["content-length"]) == scan.size

    def test_the_address_is_forgotten_after_the_upload(
        self, provider: Provider, scan: Scan
    ) -> None:
        assert self.submit(provider, scan).brought["upload"] == ""

    @pytest.mark.parametrize(
        "field", ["upload_url", "s3PutObjectUrl", "s3_put_object_url"]
    )
    def test_every_name_of_the_upload_address_is_known(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, field: str
    ) -> None:
        vendor.upload_field = field
        self.submit(provider, scan)
        assert vendor.enhancements == 1

    @pytest.mark.parametrize(
        ("signs", "sent"),
        [
            ("type", ["image/jpeg"]),
            ("query", ["image/x-signed"]),
            ("octets", ["image/jpeg", "application/octet-stream"]),
        ],
    )
    def test_the_content_type_is_the_one_that_was_signed(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        signs: str,
        sent: list[str],
    ) -> None:
        vendor.signs = signs
        self.submit(provider, scan)
        seen = [each.headers["content-type"] for each in sandbox.upload_requests]
        assert seen == sent
        assert (len(vendor.images), vendor.enhancements) == (1, 1)

    def test_an_address_that_takes_nothing_is_asked_for_anew_once(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
    ) -> None:
        vendor.signs = "nothing"
        with pytest.raises(Resubmit) as caught:
            self.submit(provider, scan)
        assert caught.value.code == "upload_refused"
        assert len(vendor.images) == 2
        assert len(sandbox.upload_requests) == 4

    def test_a_new_address_may_be_the_right_one(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
    ) -> None:
        vendor.faults.add("upload", "http_410")
        begun = self.submit(provider, scan)
        assert len(vendor.images) == 2
        assert vendor.images[begun.remote_id].photo

    @pytest.mark.parametrize(
        ("fault", "kind", "code"),
        [
            ("http_500", RetryCall, "upload_failed"),
            ("http_503", RetryCall, "upload_failed"),
            ("http_302", RetryCall, "upload_failed"),
            ("http_413", NeedsPerson, "too_large"),
            ("reset_before", RetryCall, "network"),
        ],
    )
    def test_trouble_at_the_storage_is_no_task(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        fault: str,
        kind: type[ProviderError],
        code: str,
    ) -> None:
        vendor.faults.add("upload", fault)
        with pytest.raises(kind) as caught:
            self.submit(provider, scan)
        assert caught.value.code == code
        assert not getattr(caught.value, "ambiguous", False)
        assert vendor.enhancements == 0

    @pytest.mark.parametrize("status", HTTP)
    def test_each_http_code_has_its_class(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, status: int
    ) -> None:
        kind, code, blame = HTTP[status]
        vendor.faults.add("submit", f"http_{status}")
        with pytest.raises(ProviderError) as caught:
            self.submit(provider, scan)
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert caught.value.sentence.endswith(".")
        assert not getattr(caught.value, "ambiguous", False)
        assert vendor.images == {}

    @pytest.mark.parametrize("call", NOT_FOUND)
    def test_not_found_means_something_else_for_each_call(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        call: str,
    ) -> None:
        kind, code = NOT_FOUND[call]
        begun = self.done(vendor, provider, scan)
        state = self.poll(provider, begun)
        vendor.faults.add(call, "http_404")
        with pytest.raises(ProviderError) as caught:
            if call == "submit":
                self.submit(provider, scan)
            elif call == "poll":
                self.poll(provider, begun)
            elif call == "process":
                self.again(provider, begun)
            elif call == "enhanced":
                self.fetched(provider, state, tmp_path)
            else:
                assert isinstance(provider, KeepsCopies)
                provider.rate(begun.remote_id, 3)
        assert (type(caught.value), caught.value.code) == (kind, code)

    @pytest.mark.parametrize(
        "fault", ["reset_after", "half_json", "no_image_id", "no_upload_url"]
    )
    def test_an_image_made_that_we_cannot_use_is_ambiguous(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        vendor.faults.add("submit", fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.ambiguous
        assert (len(vendor.images), vendor.enhancements) == (1, 0)

    def test_a_name_that_was_used_too_often_asks_for_another_name(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        for _time in range(30):
            self.submit(provider, scan)
        with pytest.raises(Resubmit) as caught:
            self.submit(provider, scan)
        assert caught.value.code == "name_used_up"

    def test_more_than_the_rate_are_refused(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        vendor.rate = 1
        self.submit(provider, scan)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.rate_limited

    @pytest.mark.parametrize("status", GOING_ON)
    def test_each_state_that_goes_on(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, status: str
    ) -> None:
        begun = self.submit(provider, scan)
        vendor.faults.add("poll", f"status={status}")
        state = self.poll(provider, begun)
        assert (state.status, state.result) == (GOING_ON[status], None)

    @pytest.mark.parametrize("status", DONE)
    def test_each_word_for_done(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, status: str
    ) -> None:
        begun = self.submit(provider, scan)
        vendor.faults.add("poll", f"status={status}")
        assert self.poll(provider, begun).status is RemoteStatus.SUCCEEDED

    @pytest.mark.parametrize("status", FAILED)
    def test_each_word_for_failed(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, status: str
    ) -> None:
        begun = self.submit(provider, scan)
        vendor.faults.add("poll", f"status={status}")
        with pytest.raises(Resubmit) as caught:
            self.poll(provider, begun)
        assert caught.value.code == "failed"

    @pytest.mark.parametrize("reason", REASONS)
    def test_each_reason_has_its_class_and_sentence(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, reason: str
    ) -> None:
        kind, code, blame = REASONS[reason]
        begun = self.submit(provider, scan)
        vendor.faults.add("poll", f"error={reason}")
        with pytest.raises(ProviderError) as caught:
            self.poll(provider, begun)
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert caught.value.sentence.endswith(".")

    def test_what_is_over_the_daily_limit_is_sent_again_a_day_later(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        vendor.a_day = 1
        self.submit(provider, scan)
        second = self.submit(provider, scan)
        with pytest.raises(Resubmit) as caught:
            self.poll(provider, second)
        assert caught.value.code == "daily_limit"
        assert caught.value.pause == timedelta(days=1)

    def test_an_answer_about_another_image_is_not_ours(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.submit(provider, scan)
        vendor.faults.add("poll", "other_task")
        with pytest.raises(RetryCall):
            self.poll(provider, begun)

    def test_older_versions_tell_it_by_switches(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        vendor.dialect = "older"
        vendor.duration = lambda: 60.0
        running = self.submit(provider, scan)
        assert self.poll(provider, running).status is RemoteStatus.UNKNOWN
        begun = self.done(vendor, provider, scan)
        assert self.poll(provider, begun).status is RemoteStatus.SUCCEEDED
        vendor.faults.add("task", "error=broken")
        with pytest.raises(Resubmit):
            self.poll(provider, self.submit(provider, scan))

    @pytest.mark.parametrize("how", ["redirect", "direct", "json"])
    def test_the_picture_may_come_in_any_way_and_is_bought_once(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        how: str,
    ) -> None:
        vendor.hands_over = how
        begun = self.done(vendor, provider, scan)
        state = self.poll(provider, begun)
        assert vendor.bought == []
        assert state.credits is None
        for _time in range(2):
            kind, size = self.fetched(provider, state, tmp_path)
            assert (kind, size) == ("JPEG", (scan.width, scan.height))
        assert vendor.bought == [begun.remote_id]
        assert self.poll(provider, begun).credits == 0
        asked = [each for each in vendor.requests if "enhanced" in each.path]
        assert "preview=false" in asked[0].path
        assert len(sandbox.result_requests) == (0 if how == "direct" else 2)

    @pytest.mark.parametrize(
        ("chosen", "kind"),
        [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG")],
    )
    def test_the_format_is_the_one_that_was_chosen(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        chosen: str,
        kind: str,
    ) -> None:
        vendor.duration = lambda: 0.0
        begun = submitted(provider, scan, self.options(format=chosen, quality="80"))
        found, _size = self.fetched(provider, self.poll(provider, begun), tmp_path)
        assert found == kind
        query = download_query(self.options(format=chosen, quality="80"))
        assert query.get("quality") == (None if chosen == "png" else "80")

    def test_enlarged_pictures_come_larger(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
    ) -> None:
        vendor.duration = lambda: 0.0
        begun = submitted(provider, scan, self.options(upscale="1"))
        _kind, size = self.fetched(provider, self.poll(provider, begun), tmp_path)
        assert size == (2 * scan.width, 2 * scan.height)

    def test_a_plan_without_full_pictures_needs_the_administrator(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
    ) -> None:
        vendor.plan_pays = False
        state = self.poll(provider, self.done(vendor, provider, scan))
        with pytest.raises(NeedsOperator) as caught:
            self.fetched(provider, state, tmp_path)
        assert (caught.value.code, caught.value.blame) == ("no_credits", Blame.BUDGET)
        assert vendor.bought == []

    @pytest.mark.parametrize("fault", ["html_200", "not_an_object", "empty"])
    def test_an_answer_without_a_picture_is_none(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        fault: str,
    ) -> None:
        state = self.poll(provider, self.done(vendor, provider, scan))
        vendor.faults.add("enhanced", fault)
        with pytest.raises(RetryCall) as caught:
            self.fetched(provider, state, tmp_path)
        assert caught.value.code == "empty_result"

    def test_json_without_an_address_is_no_picture(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
    ) -> None:
        vendor.hands_over = "nowhere"
        state = self.poll(provider, self.done(vendor, provider, scan))
        with pytest.raises(RetryCall):
            self.fetched(provider, state, tmp_path)

    @pytest.mark.parametrize("fault", ["cut_short", "drip", "reset"])
    def test_a_broken_transfer_from_the_provider_itself_is_fetched_again(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        fault: str,
    ) -> None:
        vendor.hands_over = "direct"
        state = self.poll(provider, self.done(vendor, provider, scan))
        vendor.faults.add("result", fault)
        with pytest.raises(RetryCall):
            self.fetched(provider, state, tmp_path)
        self.fetched(provider, state, tmp_path)
        assert len(vendor.bought) == 1
