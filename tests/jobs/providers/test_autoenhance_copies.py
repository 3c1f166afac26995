from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image

from jobs.providers.autoenhance import PATH
from jobs.providers.autoenhance_options import (
    changed_settings,
    settings_of,
)
from jobs.providers.base import (
    KeepsCopies,
    NeedsOperator,
    Provider,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
)
from tests.jobs.providers.autoenhance_case import AutoenhanceCase, later
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox


class TestCopies(AutoenhanceCase):
    def test_a_second_wish_sends_what_changed_and_no_photo(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        tmp_path: Path,
    ) -> None:
        begun = self.done(vendor, provider, scan)
        done = self.again(provider, begun, upscale="1", format="png")
        assert vendor.bodies[-1] == ("process", {"upscale": True, "privacy": False})
        assert len(sandbox.upload_requests) == 1
        assert done.copy_id == begun.remote_id
        assert done.remote_id == f"{begun.remote_id}#9b2c9b2c9b2c"
        state = provider.poll(done.remote_id, later(done.brought, 6))
        kind, size = self.fetched(provider, state, tmp_path)
        assert (kind, size) == ("PNG", (2 * scan.width, 2 * scan.height))

    def test_the_end_before_is_not_taken_for_the_end_of_a_reprocess(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.done(vendor, provider, scan)
        vendor.lags = 60.0
        done = self.again(provider, begun, upscale="1")
        state = provider.poll(done.remote_id, done.brought)
        assert (state.status, state.result) == (RemoteStatus.PENDING, None)

    def test_an_end_is_believed_once_it_was_seen_at_work(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.done(vendor, provider, scan)
        vendor.lags = 60.0
        done = self.again(provider, begun, upscale="1")
        vendor.faults.add("poll", 'status="processing"')
        seen = provider.poll(done.remote_id, done.brought)
        assert seen.brought == {"moved": "1"}
        brought = {**done.brought, **seen.brought}
        state = provider.poll(done.remote_id, brought)
        assert state.status is RemoteStatus.SUCCEEDED

    def test_an_end_without_our_settings_is_not_believed_however_late(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.done(vendor, provider, scan)
        done = self.again(provider, begun, upscale="1")
        vendor.images[begun.remote_id].settings["upscale"] = False
        state = provider.poll(done.remote_id, later(done.brought, 600))
        assert state.status is RemoteStatus.PENDING

    def test_a_failure_before_is_not_taken_for_one_now(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.done(vendor, provider, scan)
        done = self.again(provider, begun)
        vendor.faults.add("poll", "error=of before", times=2)
        early = provider.poll(done.remote_id, done.brought)
        assert early.status is RemoteStatus.PENDING
        with pytest.raises(Resubmit):
            provider.poll(done.remote_id, later(done.brought, 6))

    def test_the_reply_to_the_reprocess_may_show_it_at_work_already(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.done(vendor, provider, scan)
        vendor.duration = lambda: 60.0
        assert self.again(provider, begun).brought["moved"] == "1"

    def test_older_versions_show_windows_by_a_switch(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        vendor.dialect = "older"
        begun = self.done(vendor, provider, scan)
        done = self.again(provider, begun, window_pull="1")
        state = provider.poll(done.remote_id, later(done.brought, 6))
        assert state.status is RemoteStatus.SUCCEEDED

    @pytest.mark.parametrize("fault", ["reset_after", "gateway_502"])
    def test_a_reprocess_without_an_answer_is_ambiguous(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan, fault: str
    ) -> None:
        begun = self.done(vendor, provider, scan)
        vendor.faults.add("process", fault)
        with pytest.raises(RetryCall) as caught:
            self.again(provider, begun)
        assert caught.value.ambiguous

    @pytest.mark.parametrize(
        ("before", "now", "sent"),
        [
            ({}, {}, {}),
            ({"upscale": "1"}, {}, {"upscale": False}),
            ({"ai_version": "beta"}, {}, {"ai_version": "stable"}),
            (
                {"sky_replacement": "1", "cloud_type": "CLEAR"},
                {},
                {"sky_replacement": False, "cloud_type": None},
            ),
            ({"metadata": '{"a": 1}'}, {}, {"metadata": {}}),
            ({"finetune_settings": '{"a": 1}'}, {}, {"finetune_settings": None}),
            ({"format": "png"}, {"quality": "50"}, {}),
            ({"order_id": "a"}, {}, {}),
        ],
    )
    def test_only_what_changed_is_sent(
        self, before: dict[str, str], now: dict[str, str], sent: dict[str, object]
    ) -> None:
        changed = changed_settings(self.options(**before), self.options(**now))
        assert changed == {**sent, "privacy": False}

    @pytest.mark.parametrize(("before", "now"), [("p", ""), ("", "p"), ("p", "q")])
    def test_another_preset_has_everything_said_again(
        self, before: str, now: str
    ) -> None:
        changed = changed_settings(
            self.options(preset_id=before), self.options(preset_id=now)
        )
        assert changed == settings_of(self.options(preset_id=now))

    def test_blurring_that_a_reprocess_would_inherit_is_noticed(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        begun = self.done(vendor, provider, scan)
        vendor.faults.add("process", "blurs")
        with pytest.raises(NeedsOperator):
            self.again(provider, begun)

    def test_it_is_deleted_and_again_is_no_error(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        assert isinstance(provider, KeepsCopies)
        begun = self.done(vendor, provider, scan)
        provider.delete(begun.remote_id)
        provider.delete(begun.remote_id)
        assert vendor.deleted == [begun.remote_id]

    @pytest.mark.parametrize(
        ("fault", "kind"), [("http_500", RetryCall), ("http_401", NeedsOperator)]
    )
    def test_a_deletion_that_failed_is_said_so(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        fault: str,
        kind: type[ProviderError],
    ) -> None:
        assert isinstance(provider, KeepsCopies)
        begun = self.done(vendor, provider, scan)
        vendor.faults.add("delete", fault)
        with pytest.raises(kind):
            provider.delete(begun.remote_id)
        assert vendor.deleted == []

    def test_a_rating_is_told_without_enhancing_again(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        assert isinstance(provider, KeepsCopies)
        begun = self.done(vendor, provider, scan)
        provider.rate(begun.remote_id, 5)
        assert vendor.stars == {begun.remote_id: 5}
        assert vendor.enhancements == 1

    def test_without_a_key_whoever_knows_the_id_sees_the_photo(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
    ) -> None:
        """Why an id is treated as a secret."""
        begun = self.done(vendor, provider, scan)
        base = f"{sandbox.url_of('autoenhance')}{PATH}{begun.remote_id}"
        assert requests.get(f"{base}/original", timeout=5).content == (
            scan.path.read_bytes()
        )
        preview = requests.get(f"{base}/preview", timeout=5).content
        with Image.open(BytesIO(preview)) as picture:
            assert max(picture.size) < scan.width

    def test_the_id_is_in_no_error_and_no_words(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
    ) -> None:
        begun = self.done(vendor, provider, scan)
        reason = f"image {begun.remote_id} at https://x.example/{begun.remote_id} broke"
        vendor.faults.add("poll", f"error={reason}")
        with pytest.raises(ProviderError) as caught:
            provider.poll(begun.remote_id, begun.brought)
        assert begun.remote_id not in f"{caught.value!r}{caught.value.detail}"
        assert "broke" in caught.value.detail
        first = provider.submit(scan, self.options(), "4a1f", {})
        state = provider.poll(begun.remote_id, begun.brought)
        assert first.copy_id not in repr(first)
        assert begun.remote_id not in f"{state!r}{state.words}"
        assert begun.remote_id not in repr(self.again(provider, begun))

    def test_checking_spends_nothing_and_makes_nothing(
        self, vendor: AutoenhanceSandbox, provider: Provider
    ) -> None:
        provider.check()
        assert (vendor.images, vendor.bought, vendor.enhancements) == ({}, [], 0)

    def test_a_check_at_a_wrong_address_is_no_success(
        self, vendor: AutoenhanceSandbox, provider: Provider
    ) -> None:
        vendor.faults.add("enhanced", "html_200")
        with pytest.raises(ProviderError):
            provider.check()

    def test_the_time_of_a_reprocess_is_aware(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        done = self.again(provider, self.done(vendor, provider, scan))
        asked = datetime.fromisoformat(done.brought["asked_at"])
        assert timedelta(0) <= datetime.now(UTC) - asked < timedelta(minutes=1)
