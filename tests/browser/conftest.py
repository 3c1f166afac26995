"""Chromium, the whole app, and somebody who is signed in.

All of it lives as long as this package: Playwright's event loop, while it runs, would
keep other tests from using the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import programs
from tests.browser.site import Site, running_site

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
PATIENCE = 30_000
PASSWORD = "a bicycle in the rain"

NewPage = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = programs.chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="package")
def signed_in(browser: Browser, site: Site) -> Any:
    return make_first_account(browser, site)


def make_first_account(browser: Browser, site: Site) -> Any:
    """The cookies of Rose, made by the link that the start prints."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(site.welcome)
        page.get_by_label("Name").fill("Rose")
        page.get_by_label("E-mail address").fill("rose@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password confirmation").fill(PASSWORD)
        page.get_by_role("button", name="Make my account").click()
        expect(page.get_by_role("link", name="Start your first album")).to_be_visible()
        return context.storage_state()


@pytest.fixture
def new_page(browser: Browser, site: Site, signed_in: Any) -> Iterator[NewPage]:
    """Opens pages as Rose; at the end no script may have failed or been blocked."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: complaints.append(line.text) if is_ours(line.text) else None,
        )

    def is_ours(text: str) -> bool:
        return "Content Security Policy" in text or "Uncaught" in text

    def open_page(*, signed_out: bool = False, **options: Any) -> Page:
        state = None if signed_out else signed_in
        context = browser.new_context(base_url=site.url, storage_state=state, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        listen(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


@pytest.fixture
def album_page(page: Page, request: pytest.FixtureRequest) -> Page:
    """A page that shows how to add photos to a new album named after the test."""
    make_album(page, request.node.name)
    return page


def make_album(page: Page, title: str) -> None:
    page.goto("/albums/new/")
    page.get_by_label("What should the album be called?").fill(title)
    page.get_by_role("button", name="Make the album").click()
    expect(page.get_by_role("heading", name="Add photos")).to_be_visible()
    # The scripts have run then, and hear what is picked.
    page.wait_for_load_state("load")
