"""A provider outside the house, from agreeing to it to doing without it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import payload
from tests.browser.photos import RESTORED
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.browser


def add_photo(page: Page, title: str, *, seed: int) -> None:
    """A photo that is only kept, and its page."""
    make_album(page, title)
    page.get_by_label("Only keep them").check()
    picture = payload("veranda.jpg", drawn(900, 600, seed=seed))
    page.get_by_label("Choose photos").set_input_files(picture)
    page.get_by_role("link", name="See the album").click()
    page.get_by_role("link", name="veranda").click()
    page.wait_for_url(re.compile("/photos/"))


def agree(page: Page) -> None:
    page.get_by_role("link", name="Read what that means").click()
    expect(page.get_by_text("PicWish charges credits")).to_be_visible()
    expect_no_violations(page)
    page.get_by_role("button", name="may go to PicWish").click()
    expect(page.get_by_text("Nothing has been sent")).to_be_visible()


def ask_picwish(page: Page, recipe: str) -> None:
    if not page.get_by_role("radio", name=recipe).first.is_visible():
        page.locator(".again > summary").click()
    page.get_by_role("radio", name=recipe, exact=False).first.check()
    page.get_by_role("radio", name="PicWish leaves the house").check()
    expect(
        page.get_by_text("Nothing is sent before").locator("visible=true")
    ).to_be_visible()
    expect_no_violations(page)
    page.get_by_role("button", name="Restore this photo").click()
    expect(page.get_by_role("heading", name="Send this photo to")).to_be_visible()
    expect(page.get_by_text("PicWish charges credits")).to_be_visible()
    expect_no_violations(page)
    page.get_by_role("button", name="Send it to PicWish").click()


def expect_no_violations(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []


def test_from_agreeing_to_comparing(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    # Long enough to be seen at work on a slow machine.
    sandbox.picwish.duration = lambda: 12.0
    add_photo(page, "Sent out", seed=7)
    assert sandbox.picwish.requests == []
    agree(page)
    ask_picwish(page, "Repair")
    jobs = page.locator("#jobs")
    at_work = re.compile("Sent to PicWish|Working")
    expect(jobs.locator(".chip--working")).to_have_text(at_work, timeout=RESTORED)
    expect(page.get_by_role("slider")).to_be_visible(timeout=RESTORED)
    expect(jobs).to_contain_text("Ready")
    expect(jobs).to_contain_text("paid for")
    expect(page.get_by_text("Restored – PicWish").first).to_be_visible()
    page.get_by_role("slider").press("End")
    expect(page.get_by_role("slider")).to_have_value("100")
    page.get_by_text("What happened, step by step").click()
    for words in ("PicWish has got the copy", "PicWish has restored it"):
        expect(page.get_by_text(words)).to_be_visible()
    expect_no_violations(page)
    assert sandbox.picwish.submits == 1


def test_a_wrong_key_is_one_click_away_from_the_engine(
    new_page: NewPage, sandbox: Sandbox
) -> None:
    page = new_page()
    add_photo(page, "Held", seed=8)
    agree(page)
    bought = sandbox.picwish.submits
    sandbox.picwish.faults.always("submit", "http_401")
    ask_picwish(page, "Repair and colour")
    jobs = page.locator("#jobs")
    expect(jobs.locator(".chip--held")).to_have_text("On hold", timeout=RESTORED)
    expect(jobs).to_contain_text("does not accept this installation's key")
    expect(jobs).to_contain_text("The administrator has been told")
    expect(jobs).to_contain_text("No money was spent.")
    expect_no_violations(page)
    page.get_by_role("button", name="Use the engine of this app").click()
    expect(page.get_by_role("slider")).to_be_visible(timeout=RESTORED)
    expect(page.get_by_text("Restored – This app").first).to_be_visible()
    assert sandbox.picwish.submits == bought


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_providers_suits_a_small_phone(
    new_page: NewPage, theme: Any
) -> None:
    page = new_page(color_scheme=theme, viewport={"width": 360, "height": 640})
    make_album(page, f"Terms in the {theme}")
    page.get_by_role("link", name="Read what that means").click()
    expect_fits(page)
    address = page.url.split("?")[0]
    page.get_by_role("button", name="may go to PicWish").click()
    page.goto(address)
    expect(page.get_by_role("button", name="No longer send photos")).to_be_visible()
    expect_fits(page)


def expect_fits(page: Page) -> None:
    expect_no_violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_works_without_scripting(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page(java_script_enabled=False)
    make_album(page, "Without scripting")
    address = page.url
    page.get_by_role("link", name="Read what that means").click()
    page.get_by_role("button", name="may go to PicWish").click()
    assert page.url == address
    page.get_by_role("radio", name="Repair Brings").check()
    page.get_by_role("radio", name="PicWish leaves the house").check()
    goes = page.get_by_text("every photo that you add now goes to PicWish")
    expect(goes.locator("visible=true")).to_be_visible()
    page.get_by_label("A photo from this device").set_input_files(
        payload("no script.jpg", drawn(600, 400, seed=9))
    )
    page.get_by_role("button", name="Add this photo").click()
    page.get_by_role("link", name="Look at it").click()
    expect(page.locator("#jobs")).to_contain_text("PicWish")
