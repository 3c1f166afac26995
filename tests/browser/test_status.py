"""A page that keeps itself up to date: live, quiet, and honest when it cannot."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import payload
from tests.browser.photos import RESTORED, RestoredPhoto, restore_a_photo
from tests.browser.site import Site
from tests.pictures import drawn

pytestmark = pytest.mark.browser

HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def restored(browser: Browser, site: Site, signed_in: Any) -> RestoredPhoto:
    with browser.new_context(base_url=site.url, storage_state=signed_in) as context:
        return restore_a_photo(context.new_page(), "To watch", site.data, seed=22)


@pytest.fixture
def photo(restored: RestoredPhoto) -> RestoredPhoto:
    """The photo, being worked on."""
    restored.work(0.25)
    return restored


@pytest.fixture
def page(new_page: NewPage, photo: RestoredPhoto) -> Page:
    """The photo's page, whose clock goes on only when the test says so."""
    page = new_page()
    page.clock.install()
    page.goto(photo.address)
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text("25 %")).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    return page


def polls_of(page: Page) -> list[Request]:
    """The polls that the page sends from now on."""
    asked: list[Request] = []
    page.on(
        "request",
        lambda request: asked.append(request) if "/progress/" in request.url else None,
    )
    return asked


def let_it_poll(page: Page) -> None:
    with page.expect_request_finished(lambda request: "/progress/" in request.url):
        page.clock.run_for(5_000)


def test_a_photo_becomes_restored_before_ones_eyes(new_page: NewPage) -> None:
    page = new_page()
    make_album(page, "Live")
    page.get_by_label("Only keep them").check()
    page.get_by_label("Choose photos").set_input_files(
        payload("garden.jpg", drawn(900, 600, seed=11))
    )
    page.get_by_role("link", name="See the album").click()
    page.get_by_role("link", name="garden").click()
    expect(page.get_by_role("slider")).to_have_count(0)
    page.get_by_role("button", name="Restore this photo").click()
    page.wait_for_load_state()
    page.evaluate("window.neverReloaded = true")
    expect(page.locator("#jobs")).to_contain_text("Ready", timeout=RESTORED)
    page.get_by_role("button", name="Slider").click()
    expect(page.get_by_role("slider")).to_be_visible()
    expect(page.get_by_role("button", name="Keep this one")).to_be_visible()
    page.get_by_role("slider").press("End")
    expect(page.get_by_role("slider")).to_have_value("100")
    assert page.evaluate("window.neverReloaded")


def test_progress_comes_by_itself_within_five_seconds(
    page: Page, photo: RestoredPhoto
) -> None:
    for percent in (42, 77):
        photo.work(percent / 100)
        let_it_poll(page)
        expect(page.get_by_text(f"{percent} %")).to_be_visible()
    assert page.evaluate("window.neverReloaded")


def test_focus_and_what_is_unfolded_stay(page: Page, photo: RestoredPhoto) -> None:
    page.get_by_text("What happened, step by step").click()
    page.get_by_role("button", name="Cancel").focus()
    scrolled = page.evaluate("scrollTo(0, 120), scrollY")
    photo.work(0.5)
    let_it_poll(page)
    expect(page.get_by_text("50 %")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    expect(page.locator("details.timeline")).to_have_attribute("open", "")
    assert page.evaluate("scrollY") == scrolled


def test_only_news_is_said_aloud(page: Page, photo: RestoredPhoto) -> None:
    said = page.locator("#live-words")
    expect(said).to_have_attribute("role", "status")
    photo.work(0.5)
    let_it_poll(page)
    expect(said).to_have_text("Working")
    page.evaluate(
        "window.said = 0; new MutationObserver(() => { window.said += 1; })"
        ".observe(document.getElementById('live-words'), { childList: true })"
    )
    photo.work(0.75)
    let_it_poll(page)
    expect(page.get_by_text("75 %")).to_be_visible()
    assert page.evaluate("window.said") == 0
    photo.fail("The light went out.")
    let_it_poll(page)
    expect(said).to_have_text("Needs attention")


def test_a_hidden_tab_asks_nothing_and_catches_up_at_once(
    page: Page, photo: RestoredPhoto
) -> None:
    page.evaluate(HIDE, True)
    asked = polls_of(page)
    page.clock.run_for(120_000)
    photo.work(0.9)
    page.clock.run_for(120_000)
    assert asked == []
    page.evaluate(HIDE, False)
    expect(page.get_by_text("90 %")).to_be_visible()


def test_the_switch_stops_it_and_is_remembered(
    page: Page, photo: RestoredPhoto
) -> None:
    switch = page.get_by_label("Update by itself")
    switch.uncheck()
    asked = polls_of(page)
    page.clock.run_for(60_000)
    assert asked == []
    page.reload()
    expect(switch).not_to_be_checked()
    page.clock.run_for(60_000)
    assert asked == []
    photo.work(0.33)
    switch.check()
    expect(page.get_by_text("33 %")).to_be_visible()


def test_a_server_out_of_reach_is_said_and_asked_less_and_less(page: Page) -> None:
    page.route("**/progress/**", lambda route: route.abort())
    asked = polls_of(page)
    let_it_fail(page)
    trouble = page.get_by_text("Not updating, last checked ")
    expect(trouble).to_have_text(re.compile(r"last checked \d\d:\d\d"))
    for _failure in range(5):
        let_it_fail(page)
    asked.clear()
    page.clock.run_for(59_000)
    assert len(asked) <= 1
    page.unroute("**/progress/**")
    with page.expect_request_finished(lambda request: "/progress/" in request.url):
        page.clock.run_for(60_000)
    expect(trouble).to_have_count(0)


def let_it_fail(page: Page) -> None:
    with page.expect_event(
        "requestfailed", lambda request: "/progress/" in request.url
    ):
        page.clock.run_for(60_000)


def test_who_is_signed_out_is_told_so(page: Page) -> None:
    page.context.clear_cookies()
    let_it_poll(page)
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_role("heading", name="veranda")).to_be_visible()
    asked = polls_of(page)
    page.clock.run_for(60_000)
    assert asked == []


def test_a_page_that_may_no_longer_be_seen_says_so_and_stops(page: Page) -> None:
    page.route("**/progress/**", lambda route: route.fulfill(status=404))
    let_it_poll(page)
    expect(page.get_by_text("no longer shared with you")).to_be_visible()
    asked = polls_of(page)
    page.clock.run_for(60_000)
    assert asked == []


def test_when_all_is_final_nothing_is_asked(page: Page, photo: RestoredPhoto) -> None:
    photo.fail("The light went out.")
    let_it_poll(page)
    expect(page.get_by_text("The light went out.")).to_be_visible()
    expect(page.get_by_label("Update by itself")).to_be_hidden()
    asked = polls_of(page)
    page.clock.run_for(60_000)
    assert asked == []


def test_trying_again_goes_on_without_reloading(
    page: Page, photo: RestoredPhoto
) -> None:
    photo.fail("The light went out.")
    let_it_poll(page)
    page.get_by_role("button", name="Try again", exact=True).click()
    expect(page.get_by_text("The light went out.")).to_have_count(0)
    expect(page.locator("#poller")).to_have_attribute("hx-trigger", "poll")
    assert page.evaluate("window.neverReloaded")


def test_album_and_activity_follow_too(new_page: NewPage, photo: RestoredPhoto) -> None:
    for address in (photo.album, "/activity/"):
        photo.work(0.25)
        page = new_page()
        page.clock.install()
        page.goto(address)
        page.evaluate("window.neverReloaded = true")
        expect(page.get_by_text("25 %")).to_be_visible()
        page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
        photo.work(0.66)
        let_it_poll(page)
        expect(page.get_by_text("66 %")).to_be_visible()
        photo.fail("The light went out.")
        let_it_poll(page)
        expect(page.get_by_text("Needs attention").first).to_be_visible()
        assert page.evaluate("window.neverReloaded")


def test_without_scripting_the_page_refreshes_itself(
    new_page: NewPage, photo: RestoredPhoto
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(photo.address)
    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    expect(page.get_by_label("Update by itself")).to_be_hidden()
    photo.work(0.5)
    expect(page.get_by_text("50 %")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("stops as soon as it can")).to_be_visible()
