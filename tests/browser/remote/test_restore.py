"""Asking for restorations: four providers in one album, some photos at once, on a
phone, by keyboard alone, without scripting."""

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
# What each is asked for, and by which name it is chosen.
FOUR = {
    "PicWish": "Repair and colour",
    "Autoenhance.ai": "Make the most of it",
    "Upscayl": "Enlarge 2 times",
    "Claid.ai": "Sharpen and redraw faces",
}
PHONE = {"width": 390, "height": 800}


def keep_photos(page: Page, title: str, number: int, *, seed: int) -> str:
    """An album with photos that are only kept; its address."""
    make_album(page, title)
    page.get_by_label("Only keep them").check()
    files = [
        payload(f"print {one}.jpg", drawn(300, 200, seed=seed + one))
        for one in range(number)
    ]
    page.get_by_label("Choose photos").set_input_files(files)
    page.get_by_role("link", name="See the album").click()
    expect(page.locator(".photo")).to_have_count(number)
    return page.url


def agree_to(page: Page, album: str, *providers: str) -> None:
    for provider in providers:
        page.goto(f"{album}providers/")
        page.get_by_role("button", name=f"may go to {provider}").click()
        expect(page.get_by_text("Nothing has been sent")).to_be_visible()


def ask(page: Page, recipe: str, provider: str) -> None:
    """On a photo's page, up to the end."""
    if not page.get_by_role("radio", name=recipe).is_visible():
        page.locator(".again > summary").click()
    page.get_by_role("radio", name=recipe).check()
    page.get_by_role("radio", name=f"{provider} leaves the house").check()
    page.get_by_role("button", name="Restore this photo").click()
    page.get_by_role("button", name=f"Send it to {provider}").click()
    page.wait_for_url(re.compile("/photos/"))


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']}" for one in found for node in one["nodes"]]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_four_providers_in_one_album_and_side_by_side(
    new_page: NewPage, sandbox: Sandbox
) -> None:
    page = new_page()
    album = keep_photos(page, "By all of them", 4, seed=600)
    agree_to(page, album, *FOUR)
    for number, (provider, recipe) in enumerate(FOUR.items()):
        page.goto(album)
        page.get_by_role("link", name=f"print {number}").click()
        ask(page, recipe, provider)
    page.goto(album)
    done = page.locator(".photo .chip--ready, .photo .chip--note")
    expect(done).to_have_count(4, timeout=RESTORED)
    assert violations(page) == []
    page.get_by_role("link", name="print 0").click()
    expect(page.get_by_text("The colours are a guess.").first).to_be_visible()
    expect(page.locator(".version--b figcaption")).to_contain_text("guess")
    for provider in ("Autoenhance.ai", "Claid.ai"):
        ask(page, "Make the most of it", provider)
        label = page.locator(".versions").get_by_text(f"Restored – {provider}")
        expect(label.first).to_be_visible(timeout=RESTORED)
    page.get_by_label("This one", exact=True).select_option(index=2)
    page.get_by_label("with this one").select_option(index=1)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_role("button", name="Side by side").click()
    for side, provider in (("a", "Autoenhance.ai"), ("b", "Claid.ai")):
        shown = page.locator(f".version--{side}")
        expect(shown.locator("figcaption")).to_contain_text(provider)
        expect(shown.locator("img")).to_be_visible()
    page.get_by_role("button", name="Slider").click()
    assert violations(page) == []
    assert {vendor.submits > 0 for vendor in sandbox.vendors.values()} == {True}


def test_the_options_follow_who_is_chosen(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    album = keep_photos(page, "Options", 1, seed=620)
    agree_to(page, album, "Claid.ai")
    page.goto(album)
    page.get_by_role("link", name="print 0").click()
    page.get_by_text("All options").click()
    expect(page.get_by_label("Calm the grain")).to_be_visible()
    page.get_by_role("radio", name="Enlarge 4 times").check()
    expect(page.get_by_label("Enlarge", exact=True)).to_contain_text(
        "4 times – as the recipe says"
    )
    page.get_by_role("radio", name="Claid.ai leaves the house").check()
    expect(page.get_by_label("Polish")).to_be_visible()
    expect(page.get_by_label("Calm the grain")).to_have_count(0)
    page.get_by_label("Sharpness").fill("20")
    assert violations(page) == []
    page.get_by_role("button", name="Restore this photo").click()
    page.get_by_text("All options").click()
    expect(page.get_by_label("Sharpness")).to_have_value("20")
    page.get_by_role("link", name="No, leave it").click()
    expect(page.locator("#jobs .job")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_some_photos_on_a_phone(
    new_page: NewPage, sandbox: Sandbox, theme: Any
) -> None:
    page = new_page(color_scheme=theme, viewport=PHONE, has_touch=True)
    keep_photos(page, f"Some in the {theme}", 4, seed=630 + 10 * (theme == "dark"))
    switch = page.get_by_label("Select photos")
    expect(page.get_by_label("Select print 0")).to_be_hidden()
    switch.check()
    for number in (1, 3):
        page.get_by_label(f"Select print {number}").locator("..").tap()
    expect(page.get_by_text("2 selected")).to_be_visible()
    assert fits(page)
    assert violations(page) == []
    page.get_by_label("All 4 photos").check()
    expect(page.get_by_text("4 selected")).to_be_visible()
    page.get_by_label("Select print 0").uncheck()
    expect(page.get_by_text("3 selected")).to_be_visible()
    expect(page.get_by_label("All 4 photos")).not_to_be_checked()
    page.get_by_role("button", name="Restore…").click()
    expect(page.get_by_role("heading", name="Restore 3 photos")).to_be_visible()
    assert fits(page)
    assert violations(page) == []
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Restore 3 photos here?")).to_be_visible()
    assert fits(page)
    assert violations(page) == []
    page.get_by_role("button", name="Start").dblclick()
    expect(page.get_by_text("Asked for: 3 photos")).to_be_visible()
    expect(page.locator(".photo .chip")).to_have_count(3)


def test_shift_selects_a_row(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    keep_photos(page, "A row", 5, seed=660)
    page.get_by_label("Select photos").check()
    ticks = page.locator(".photo__pick")
    ticks.nth(1).click()
    ticks.nth(3).click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    ticks.nth(2).click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_label("All 5 photos").check()
    expect(page.get_by_text("5 selected")).to_be_visible()


def test_by_keyboard_alone(new_page: NewPage, sandbox: Sandbox) -> None:
    page = new_page()
    keep_photos(page, "Keys", 3, seed=670)
    page.keyboard.press("Tab")
    while not page.evaluate("document.activeElement.closest('.select__switch')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    press_until(page, "Select print 2", "Tab")
    page.keyboard.press("Space")
    press_until(page, "Select print 1", "Tab")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()
    press_until(page, "Restore…", "Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Restore 2 photos")).to_be_visible()
    press_until(page, "Repair", "Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Enlarge 2 times")).to_be_focused()
    expect(page.get_by_role("radio", name="Enlarge 2 times")).to_be_checked()
    press_until(page, "Go on", "Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Restore 2 photos here?")).to_be_visible()
    press_until(page, "Start", "Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Asked for: 2 photos")).to_be_visible()


def press_until(page: Page, name: str, key: str) -> None:
    """Press until what has the focus begins with this name."""
    for _press in range(60):
        page.keyboard.press(key)
        found = page.evaluate(
            """() => (document.activeElement.labels?.[0] ?? document.activeElement)
                .textContent.trim()"""
        )
        if found.startswith(name):
            return
    raise AssertionError(f"nothing is called {name}")


def test_without_scripting(new_page: NewPage, sandbox: Sandbox) -> None:
    album = keep_photos(new_page(), "Plain", 3, seed=680)
    page = new_page(java_script_enabled=False)
    agree_to(page, album, "Upscayl")
    page.goto(album)
    page.get_by_label("Select photos").check()
    page.locator(".photo__pick").nth(0).click()
    page.locator(".photo__pick").nth(2).click()
    page.get_by_role("button", name="Restore…").click()
    expect(page.get_by_role("heading", name="Restore 2 photos")).to_be_visible()
    page.get_by_role("radio", name="Enlarge 2 times").check()
    page.get_by_role("radio", name="Upscayl leaves the house").check()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Send 2 photos to")).to_be_visible()
    page.get_by_role("radio", name="The engine of this app").check()
    page.get_by_role("button", name="Send 2 photos to Upscayl").click()
    expect(page.get_by_text("Asked for: 2 photos, by Upscayl")).to_be_visible()


def test_a_budget_says_how_many_fit_and_one_click_does_the_rest_here(
    new_page: NewPage, sandbox: Sandbox
) -> None:
    page = new_page()
    album = keep_photos(page, "A budget", 3, seed=690)
    agree_to(page, album, "PicWish")
    page.get_by_label("Restorations a month, at most").fill("1")
    page.get_by_role("button", name="Keep this limit").click()
    expect(page.get_by_text("It counts from now on")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{album}restore/?all=3")
    page.get_by_role("radio", name="PicWish leaves the house").check()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("1 of 3 photos fits into this month's")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Send 3 photos to PicWish").click()
    here = page.get_by_role("button", name="Let the engine of this app do all 2")
    expect(here).to_be_visible(timeout=RESTORED)
    expect(page.get_by_text("at most 1 a month")).to_be_visible()
    assert violations(page) == []
    here.click()
    done = page.locator(".photo .chip--ready, .photo .chip--note")
    expect(done).to_have_count(3, timeout=RESTORED)
    assert sandbox.picwish.submits >= 1


def test_photos_that_are_added_go_to_whoever_is_chosen(
    new_page: NewPage, sandbox: Sandbox
) -> None:
    page = new_page()
    make_album(page, "Added for Claid")
    here = page.url
    agree_to(page, here.removesuffix("add/"), "Claid.ai")
    page.goto(here)
    page.get_by_role("radio", name="Enlarge 2 times").check()
    page.get_by_role("radio", name="Claid.ai leaves the house").check()
    goes = page.get_by_text("A copy of every photo that you add now goes to Claid.ai")
    expect(goes.locator("visible=true")).to_be_visible()
    assert violations(page) == []
    files = [payload("new.jpg", drawn(300, 200, seed=710))]
    page.get_by_label("Choose photos").set_input_files(files)
    page.get_by_role("link", name="See the album").click()
    page.get_by_role("link", name="new").click()
    expect(page.locator("#jobs")).to_contain_text("Enlarge 2 times · Claid.ai")
    label = page.locator(".versions").get_by_text("Restored – Claid.ai")
    expect(label).to_be_visible(timeout=RESTORED)
