"""What holds for every page: usable by all, in both themes, on a small phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, NewPage, make_album
from tests.browser.files import payload, photo
from tests.browser.site import Site

pytestmark = pytest.mark.browser
Theme = Literal["light", "dark"]

OPEN_TO_ALL = [
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/wrong/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-wrong/",
    "/accounts/password/reset/key/done/",
    "/nothing/here/",
]
FOR_MEMBERS = [
    "/",
    "/albums/new/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/activity/",
    "album",
    "empty album",
    "add",
    "photo",
    "photo, nothing restored",
    "all photos of the album",
]


@pytest.fixture(scope="package")
def addresses(browser: Browser, site: Site, signed_in: Any) -> dict[str, str]:
    """The pages that need an album with photos, one of them restored."""
    with browser.new_context(base_url=site.url, storage_state=signed_in) as context:
        page = context.new_page()
        make_album(page, "An empty album")
        found = {"empty album": urlsplit(page.url).path.removesuffix("add/")}
        make_album(page, "Grandmother's photos from before the war, in colour")
        found["add"] = urlsplit(page.url).path
        found["album"] = found["add"].removesuffix("add/")
        _add(page, photo("restored.jpg", seed=200))
        page.get_by_label("Only keep them").check()
        _add(page, photo("kept_" + "a_very_long_name_" * 5 + ".jpg", seed=201))
        found["all photos of the album"] = f"{found['album']}restore/?all=2"
        page.goto(found["album"])
        for name, title in (
            ("photo, nothing restored", "kept_"),
            ("photo", "restored"),
        ):
            link = page.get_by_role("link", name=title)
            found[name] = str(link.get_attribute("href"))
        page.goto(found["photo"])
        expect(page.get_by_role("slider")).to_be_visible(timeout=120_000)
        return found


def _add(page: Page, *files: Any) -> None:
    page.get_by_label("Choose photos").set_input_files(list(files))
    expect(page.locator(".row[data-kind=added]").last).to_be_visible()
    expect(page.locator(".row[data-kind=going]")).to_have_count(0)


@pytest.fixture(params=[*OPEN_TO_ALL, *FOR_MEMBERS])
def address(request: pytest.FixtureRequest, addresses: dict[str, str]) -> Iterator[str]:
    yield addresses.get(request.param, request.param)


def visit(new_page: NewPage, address: str, **options: Any) -> Page:
    page = new_page(signed_out=address in OPEN_TO_ALL, **options)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return page


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def sideways(page: Page) -> str:
    """What sticks out of the window to the right, if anything."""
    return str(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? "" :
              [...document.querySelectorAll("body *")]
                .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
                .map((one) => one.outerHTML.slice(0, 100)).join("\\n")"""
        )
    )


def too_small(page: Page) -> list[str]:
    """Buttons and fields lower than a finger. Links within text may be."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll(
                "button, .button, summary, select, label.choice, nav a, main input"
              )]
              .filter((one) => one.checkVisibility({ visibilityProperty: true }))
              .filter((one) => !one.closest("label, .unseen"))
              .filter((one) => one.getBoundingClientRect().height < 44)
              .map((one) => one.outerHTML.slice(0, 120))"""
        )
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(new_page: NewPage, address: str, theme: Theme) -> None:
    page = visit(new_page, address, color_scheme=theme)
    assert violations(page) == []


def test_a_small_phone_is_wide_enough(new_page: NewPage, address: str) -> None:
    page = visit(new_page, address, viewport={"width": 360, "height": 640})
    assert sideways(page) == ""
    assert too_small(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_menu_and_the_rows(
    new_page: NewPage, theme: Theme
) -> None:
    page = new_page(color_scheme=theme, viewport={"width": 360, "height": 640})
    make_album(page, f"Rows in the {theme}")
    page.get_by_label("Choose photos").set_input_files(
        [photo("row.jpg", seed=210), payload("letter.docx", b"text")]
    )
    expect(page.locator("[data-summary]")).to_contain_text("1 needs you")
    expect(page.locator(".row[data-kind=going]")).to_have_count(0)
    page.get_by_role("button", name="Account").click()
    expect(page.get_by_text("Signed in as Rose")).to_be_visible()
    assert violations(page) == []
    assert sideways(page) == ""


def test_signing_in_and_out(new_page: NewPage, signed_in: Any) -> None:
    page = new_page(signed_out=True)
    page.goto("/activity/")
    page.get_by_label("Email").fill("rose@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
