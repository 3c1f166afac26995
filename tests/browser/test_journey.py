"""From the welcome link to a compared photo, as a family does it the first time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import twelve_files
from tests.browser.site import Site

pytestmark = pytest.mark.browser
# Restoring thirteen small photos, on a slow machine with other work.
RESTORED = 120_000


def test_the_welcome_link_works_once(new_page: NewPage, site: Site) -> None:
    page = new_page(signed_out=True)
    page.goto(site.welcome)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_twelve_files_become_restored_photos(page: Page) -> None:
    make_album(page, "The box from the attic")
    page.get_by_label("Choose photos").set_input_files(twelve_files())
    expect(page.get_by_role("status").filter(has_text="added")).to_have_text(
        "10 added, 1 already there, 1 needs you"
    )
    row = page.get_by_role("listitem")
    two_pages = row.filter(has_text="09 two pages.tif")
    expect(two_pages).to_contain_text("Added to The box from the attic: 2 photos.")
    broken = row.filter(has_text="11 broken.jpg")
    expect(broken).to_contain_text("damaged or was cut short")
    again = row.filter(has_text="12 again.jpg")
    expect(again).to_contain_text("Already in The box from the attic")

    page.get_by_role("link", name="See the album").click()
    expect(page.get_by_text("11 photos", exact=True)).to_be_visible()
    ready = page.locator(".photo").get_by_text(re.compile("^Ready"))
    expect(ready).to_have_count(11, timeout=RESTORED)

    page.get_by_role("link", name="01 veranda").click()
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "50 % restored")
    slider.focus()
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "51 % restored")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "100 % restored")
    page.get_by_role("button", name="Keep this one").click()
    expect(page.get_by_text("The album shows this picture.")).to_be_visible()
