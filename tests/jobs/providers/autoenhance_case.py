"""What the tests of Autoenhance share beside the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from jobs.providers.autoenhance import Autoenhance
from jobs.providers.autoenhance_options import OPTIONS
from jobs.providers.base import (
    Access,
    KeepsCopies,
    Provider,
    RemoteState,
    Scan,
    Submission,
)
from jobs.providers.http import Downloads
from jobs.providers.options import complete_options
from tests.jobs.providers.contract import TIMEOUT, Begun, make_scan, submitted
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox


def later(brought: Mapping[str, str], seconds: float) -> dict[str, str]:
    """What was brought, `seconds` further in the past."""
    asked = datetime.fromisoformat(brought["asked_at"])
    return {**brought, "asked_at": (asked - timedelta(seconds=seconds)).isoformat()}


class AutoenhanceCase:
    """Without the tests of the contract, which run once."""

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        with Sandbox() as sandbox:
            sandbox.autoenhance.rate = 1000
            yield sandbox

    @pytest.fixture
    def provider(self, sandbox: Sandbox) -> Autoenhance:
        access = Access(
            key=sandbox.autoenhance.key, base_url=sandbox.url_of("autoenhance")
        )
        downloads = Downloads(trusted=sandbox.trusted, total=TIMEOUT, idle=TIMEOUT)
        return Autoenhance.connect(access, timeout=TIMEOUT, downloads=downloads)

    @pytest.fixture
    def scan(self, tmp_path: Path) -> Scan:
        return make_scan(tmp_path)

    @pytest.fixture
    def vendor(self, sandbox: Sandbox) -> AutoenhanceSandbox:
        return sandbox.autoenhance

    def options(self, **chosen: str) -> dict[str, str]:
        return complete_options(OPTIONS, chosen)

    def done(self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan) -> Begun:
        vendor.duration = lambda: 0.0
        return submitted(provider, scan, self.options())

    def again(self, provider: Provider, begun: Begun, **chosen: str) -> Submission:
        assert isinstance(provider, KeepsCopies)
        return provider.reprocess(
            begun.remote_id,
            self.options(),
            self.options(**chosen),
            "9b2c" * 8,
        )

    def fetched(
        self, provider: Provider, state: RemoteState, folder: Path
    ) -> tuple[str | None, tuple[int, int]]:
        assert state.result is not None
        provider.fetch(state.result, folder / "result")
        with Image.open(folder / "result") as picture:
            return picture.format, picture.size
