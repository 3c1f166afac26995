from __future__ import annotations

from pathlib import Path

import pytest

from jobs.providers.base import (
    Blame,
    Final,
    NeedsOperator,
    NeedsPerson,
    Provider,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
)
from jobs.providers.options import complete_options
from jobs.providers.picwish import OPTIONS, PATH, PicWish
from tests.jobs.providers.contract import ProviderContract, make_scan
from tests.provider_sandbox import Sandbox

# state: class, code, blame - every row of the vendor's table below zero, and one that
# is not in it.
FAILED = {
    -1: (Resubmit, "failed", Blame.PROVIDER),
    -2: (Resubmit, "result_upload_failed", Blame.PROVIDER),
    -3: (Resubmit, "source_not_fetched", Blame.PROVIDER),
    -5: (NeedsPerson, "too_large", Blame.PICTURE),
    -7: (NeedsPerson, "invalid_image", Blame.PICTURE),
    -8: (Resubmit, "provider_timed_out", Blame.PROVIDER),
    -9: (Resubmit, "loop_failed", Blame.PROVIDER),
    -10: (Final, "content_refused", Blame.PICTURE),
    -11: (Resubmit, "empty_result", Blame.PROVIDER),
    -13: (Resubmit, "cancelled_by_provider", Blame.PROVIDER),
    -14: (NeedsPerson, "content_unsuitable", Blame.PICTURE),
    -15: (Resubmit, "provider_busy", Blame.PROVIDER),
    -16: (Final, "content_refused", Blame.PICTURE),
    -17: (NeedsOperator, "prompt_invalid", Blame.SETUP),
    -99: (Resubmit, "failed_unknown", Blame.PROVIDER),
}
GOING_ON = {
    0: RemoteStatus.PENDING,
    2: RemoteStatus.PENDING,
    3: RemoteStatus.PENDING,
    4: RemoteStatus.RUNNING,
    5: RemoteStatus.RUNNING,
    6: RemoteStatus.RUNNING,
    7: RemoteStatus.UNKNOWN,
}
HTTP = {
    400: (NeedsOperator, "bad_request", Blame.SETUP),
    401: (NeedsOperator, "wrong_key", Blame.SETUP),
    402: (NeedsOperator, "no_credits", Blame.BUDGET),
    404: (NeedsOperator, "wrong_address", Blame.SETUP),
    413: (NeedsPerson, "too_large", Blame.PICTURE),
    429: (RetryCall, "too_often", Blame.PROVIDER),
    500: (RetryCall, "provider_trouble", Blame.PROVIDER),
    503: (RetryCall, "provider_trouble", Blame.PROVIDER),
}


class TestPicWish(ProviderContract):
    name = "picwish"
    connector = PicWish

    @pytest.mark.parametrize("state", FAILED)
    def test_each_failed_state_has_its_class_and_sentence(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, state: int
    ) -> None:
        kind, code, blame = FAILED[state]
        remote_id = self.submit(provider, scan).remote_id
        sandbox.picwish.faults.add("poll", f"state={state}")
        with pytest.raises(ProviderError) as caught:
            provider.poll(remote_id, {})
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert caught.value.sentence.endswith(".")
        assert str(state) in caught.value.detail

    @pytest.mark.parametrize("state", GOING_ON)
    def test_each_other_state_goes_on(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, state: int
    ) -> None:
        remote_id = self.submit(provider, scan).remote_id
        sandbox.picwish.faults.add("poll", f"state={state}")
        assert provider.poll(remote_id, {}).status is GOING_ON[state]

    def test_a_state_that_is_no_number_is_unknown(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        remote_id = self.submit(provider, scan).remote_id
        sandbox.picwish.faults.add("poll", "state_text")
        assert provider.poll(remote_id, {}).status is RemoteStatus.UNKNOWN

    @pytest.mark.parametrize("how", ["http", "body"])
    @pytest.mark.parametrize("status", HTTP)
    def test_each_http_code_has_its_class(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, status: int, how: str
    ) -> None:
        kind, code, blame = HTTP[status]
        sandbox.picwish.faults.add("submit", f"{how}_{status}")
        with pytest.raises(ProviderError) as caught:
            self.submit(provider, scan)
        assert type(caught.value) is kind
        assert (caught.value.code, caught.value.blame) == (code, blame)
        assert not getattr(caught.value, "ambiguous", False)
        assert sandbox.picwish.submits == 0

    def test_no_credits_are_known_by_the_message(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        sandbox.picwish.faults.add("submit", "no_credits")
        with pytest.raises(NeedsOperator) as caught:
            self.submit(provider, scan)
        assert caught.value.code == "no_credits"

    @pytest.mark.parametrize("fault", ["reset_after", "half_json", "no_task_id"])
    def test_a_task_made_without_an_id_for_us_is_ambiguous(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        sandbox.picwish.faults.add("submit", fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.ambiguous
        assert sandbox.picwish.submits == 1

    @pytest.mark.parametrize("fault", ["", "image_url", "base64", "data_uri"])
    def test_every_kind_of_result_is_understood(
        self,
        sandbox: Sandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
        fault: str,
    ) -> None:
        self.set_duration(sandbox, 0)
        remote_id = self.submit(provider, scan).remote_id
        sandbox.picwish.faults.add("poll", fault)
        result = provider.poll(remote_id, {}).result
        assert result is not None
        provider.fetch(result, tmp_path / "result")
        restored = sandbox.picwish.restore(scan.path.read_bytes())
        assert (tmp_path / "result").read_bytes() == restored

    @pytest.mark.parametrize("fault", ["no_result", "bad_base64"])
    def test_done_without_a_picture_is_not_done(
        self, sandbox: Sandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        self.set_duration(sandbox, 0)
        remote_id = self.submit(provider, scan).remote_id
        sandbox.picwish.faults.add("poll", fault)
        with pytest.raises(Resubmit) as caught:
            provider.poll(remote_id, {})
        assert caught.value.code == "empty_result"

    def test_the_answer_about_another_task_is_not_ours(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        remote_id = self.submit(provider, scan).remote_id
        sandbox.picwish.faults.add("poll", "other_task")
        with pytest.raises(RetryCall):
            provider.poll(remote_id, {})

    def test_waiting_on_the_line_brings_id_and_picture_at_once(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        self.set_duration(sandbox, 0.2)
        options = complete_options(OPTIONS, {"sync": "1"})
        assert PicWish.is_long_submit(options, by_address=False)
        done = provider.submit(scan, options, "4a1f", {})
        assert done.remote_id in sandbox.picwish.tasks
        assert done.state is not None
        assert done.state.status is RemoteStatus.SUCCEEDED

    def test_colour_and_waiting_are_always_said(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        self.submit(provider, scan)
        seen = sandbox.picwish.requests[-1]
        assert (seen.method, seen.path) == ("POST", PATH)
        assert seen.fields == {
            "sync": "0",
            "restoration_type": "0",
            "change_color": "0",
        }
        assert seen.parts["image_file"].filename == scan.name

    def test_the_model_is_sent_only_where_it_counts(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        chosen = {"restoration_type": "2", "model_type": "3", "change_color": "1"}
        provider.submit(scan, complete_options(OPTIONS, chosen), "4a1f", {})
        assert sandbox.picwish.requests[-1].fields == {"sync": "0", **chosen}

    def test_more_than_two_in_a_second_are_refused(
        self, sandbox: Sandbox, provider: Provider, tmp_path: Path
    ) -> None:
        sandbox.picwish.rate = 2
        scan = make_scan(tmp_path)
        self.submit(provider, scan)
        self.submit(provider, scan)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert caught.value.rate_limited
