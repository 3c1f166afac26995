"""The app with a key for every provider, all of them on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import make_first_account
from tests.browser.site import Site, running_site
from tests.provider_sandbox import Sandbox


@pytest.fixture(scope="package")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Without faults, and quick."""
    for vendor in running_sandbox.vendors.values():
        vendor.faults.clear()
        vendor.duration = lambda: 0.5
    return running_sandbox


@pytest.fixture(scope="package")
def site(
    browser: Browser, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("remote")
    with running_site(folder, **running_sandbox.environment()) as site:
        yield site


@pytest.fixture(scope="package")
def signed_in(browser: Browser, site: Site) -> Any:
    return make_first_account(browser, site)
