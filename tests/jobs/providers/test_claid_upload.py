from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from jobs.providers.base import (
    Access,
    NeedsOperator,
    Provider,
    RemoteStatus,
    Resubmit,
    RetryCall,
    Scan,
)
from jobs.providers.claid import Claid
from jobs.providers.claid_options import OPTIONS
from jobs.providers.http import Downloads
from jobs.providers.options import complete_options
from tests.jobs.providers.contract import (
    TIMEOUT,
    Begun,
    make_scan,
    submitted,
)
from tests.jobs.providers.sources import TOKEN, served
from tests.provider_sandbox import Sandbox

UPLOAD = "/v1-beta1/image/edit/upload"


def connect(sandbox: Sandbox, **extra: str) -> Claid:
    access = Access(
        key=sandbox.claid.key, base_url=sandbox.url_of("claid"), extra=extra
    )
    downloads = Downloads(trusted=sandbox.trusted, total=TIMEOUT, idle=TIMEOUT)
    return Claid.connect(access, timeout=TIMEOUT, downloads=downloads)


class TestUploadForm:
    """The line is held until the picture is done: everything is said by one call."""

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with Sandbox() as sandbox:
            sandbox.claid.rate = 1000
            sandbox.claid.duration = lambda: 0.0
            yield sandbox

    @pytest.fixture
    def provider(self, sandbox: Sandbox) -> Provider:
        return connect(sandbox)

    @pytest.fixture
    def scan(self, tmp_path: Path) -> Scan:
        return make_scan(tmp_path)

    def submit(self, provider: Provider, scan: Scan) -> Begun:
        return submitted(provider, scan, complete_options(OPTIONS, {}))

    def test_success_brings_a_picture(
        self, provider: Provider, scan: Scan, tmp_path: Path
    ) -> None:
        state = self.submit(provider, scan).state
        assert state is not None
        assert state.result is not None
        provider.fetch(state.result, tmp_path / "result")
        with Image.open(tmp_path / "result") as picture:
            assert picture.size == (scan.width, scan.height)

    def test_a_task_of_which_nothing_was_brought_is_unknown(
        self, provider: Provider
    ) -> None:
        with pytest.raises(Resubmit) as caught:
            provider.poll("upload-4a1f", {})
        assert caught.value.code == "task_unknown"

    @pytest.mark.parametrize(
        ("fault", "code", "ambiguous"),
        [
            ("429=7", "too_often", False),
            ("http_500", "provider_trouble", False),
            ("gateway_502", "provider_trouble", True),
            ("reset_before", "network", True),
            ("reset_after", "network", True),
            ("html_200", "not_understood", True),
            ("not_an_object", "not_understood", True),
            ("nan", "not_understood", True),
        ],
    )
    def test_a_call_without_a_clear_answer_is_ambiguous(
        self,
        sandbox: Sandbox,
        provider: Provider,
        scan: Scan,
        fault: str,
        code: str,
        ambiguous: bool,
    ) -> None:
        sandbox.claid.faults.add("submit", fault)
        with pytest.raises(RetryCall) as caught:
            self.submit(provider, scan)
        assert (caught.value.code, caught.value.ambiguous) == (code, ambiguous)

    def test_the_file_and_what_to_do_are_two_parts_of_a_form(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        sandbox.claid.duration = lambda: 0.1
        options = complete_options(OPTIONS, {"upscale": "photo", "width": "200%"})
        assert Claid.is_long_submit(options, by_address=False)
        done = provider.submit(scan, options, "4a1f", {})
        seen = sandbox.claid.requests[-1]
        assert (seen.method, seen.path) == ("POST", UPLOAD)
        assert seen.parts["file"].filename == "4a1f"
        assert seen.parts["file"].data == scan.path.read_bytes()
        assert set(json.loads(seen.parts["data"].data)) == {"operations", "output"}
        assert done.remote_id == "upload-4a1f"
        assert done.state is not None
        assert done.state.status is RemoteStatus.SUCCEEDED
        again = provider.poll(done.remote_id, done.brought)
        assert again.result == done.state.result
        assert len(sandbox.claid.requests) == 1

    def test_done_without_a_picture_is_not_done(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        sandbox.claid.faults.add("submit", "no_result")
        with pytest.raises(Resubmit) as caught:
            self.submit(provider, scan)
        assert caught.value.code == "empty_result"

    def test_a_file_has_no_source_that_could_be_out_of_reach(
        self, sandbox: Sandbox, provider: Provider, scan: Scan
    ) -> None:
        said = "said=400|image|Could not retrieve the source"
        sandbox.claid.faults.add("submit", said)
        with pytest.raises(NeedsOperator):
            self.submit(provider, scan)


class TestStorages:
    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with Sandbox() as sandbox:
            sandbox.claid.rate = 1000
            sandbox.claid.duration = lambda: 0.0
            yield sandbox

    def test_the_source_can_be_named_below_a_web_folder(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        scan = make_scan(tmp_path)
        provider = connect(sandbox, input_storage="family-site")
        with served(scan.path.read_bytes()) as address:
            sandbox.claid.sources.add(urlsplit(address).netloc)
            sandbox.claid.web_folders["family-site"] = address.rsplit("/", 1)[0]
            scan = replace(scan, address=address)
            done = provider.submit(scan, complete_options(OPTIONS, {}), "4a1f", {})
            state = provider.poll(done.remote_id, done.brought)
        sent = json.loads(sandbox.claid.requests[0].body)
        assert sent["input"] == f"storage://family-site/{TOKEN}.jpg"
        assert state.status is RemoteStatus.SUCCEEDED

    @pytest.mark.parametrize("by_address", [True, False])
    def test_a_result_in_a_storage_of_ours_is_fetched_from_there(
        self, sandbox: Sandbox, tmp_path: Path, by_address: bool
    ) -> None:
        sandbox.claid.storages.add("bucket")
        provider = connect(
            sandbox,
            output_storage="bucket/restored",
            output_url=f"{sandbox.url_of('results')}/claid/stored/bucket",
        )
        scan = make_scan(tmp_path)
        options = complete_options(OPTIONS, {"format": "png"})
        with served(scan.path.read_bytes()) as address:
            sandbox.claid.sources.add(urlsplit(address).netloc)
            scan = replace(scan, address=address if by_address else "")
            done = provider.submit(scan, options, "4a1f", {})
            result = provider.poll(done.remote_id, done.brought).result
        assert result is not None
        assert result.address.endswith("/claid/stored/bucket/restored/4a1f.png")
        provider.fetch(result, tmp_path / "result")
        with Image.open(tmp_path / "result") as picture:
            assert (picture.format, picture.size) == ("PNG", (scan.width, scan.height))

    def test_a_storage_that_claid_does_not_know_waits_for_an_operator(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        provider = connect(sandbox, output_storage="typo", output_url="https://a.b")
        with pytest.raises(NeedsOperator) as caught:
            provider.submit(
                make_scan(tmp_path), complete_options(OPTIONS, {}), "4a1f", {}
            )
        assert caught.value.code == "storage_trouble"
        with pytest.raises(NeedsOperator) as caught:
            provider.check()
        assert caught.value.code == "storage_unknown"
        assert "typo" in caught.value.detail

    def test_a_storage_that_is_connected_is_fine(self, sandbox: Sandbox) -> None:
        sandbox.claid.storages.add("bucket")
        assert connect(sandbox, output_storage="bucket/a").check()

    def test_the_newer_version_of_the_paths_can_be_chosen(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        provider = connect(sandbox, api_version="v1")
        provider.submit(make_scan(tmp_path), complete_options(OPTIONS, {}), "4a1f", {})
        assert sandbox.claid.requests[-1].path == "/v1/image/edit/upload"
