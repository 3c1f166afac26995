"""Boxes over an album page: by mouse, touch and keyboard, and without scripting."""

from __future__ import annotations

import cv2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import payload
from tests.engine.album_pages import Level, Paper, draw_album_page

pytestmark = pytest.mark.browser

# Finding the prints, on a slow machine with other work.
FOUND = 120_000
PAGE = draw_album_page(31, Level.EASY, paper=Paper.BLACK, side=1000)
NUMBER = len(PAGE.prints)
numbers = iter(range(1, 100))


@pytest.fixture
def cut_page(new_page: NewPage) -> Page:
    """The photo page of an album page that was just cut."""
    page = new_page(viewport={"width": 1280, "height": 1000})
    make_album(page, f"Pages {next(numbers)}")
    picture = PAGE.picture.copy()
    picture[0, 0] = next(numbers)
    colours = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    scan = payload("Page.png", cv2.imencode(".png", colours)[1].tobytes())
    page.get_by_label("Only keep them").check()
    page.get_by_label("Choose photos").set_input_files([scan])
    page.get_by_role("link", name="See the album").click()
    page.get_by_role("link", name="Page", exact=True).click()
    words = f"{NUMBER} prints found on this page"
    expect(page.get_by_role("heading", name=words)).to_be_visible(timeout=FOUND)
    return page


@pytest.fixture
def editor(cut_page: Page) -> Page:
    cut_page.get_by_role("link", name="Change the boxes").click()
    expect(cut_page.get_by_role("button", name="Print 1")).to_be_visible()
    return cut_page


def value(page: Page, name: str) -> float:
    """Of the box that came first."""
    return float(page.locator(f"[name='1-{name}']").input_value())


def summary(page: Page) -> str:
    return page.locator("[data-summary]").inner_text()


def middle_of(page: Page, name: str) -> tuple[float, float]:
    area = page.get_by_role("button", name=name).locator("rect").bounding_box()
    assert area
    return area["x"] + area["width"] / 2, area["y"] + area["height"] / 2


def test_one_click_undoes_the_cutting_and_another_that(cut_page: Page) -> None:
    cut_page.get_by_role("button", name="It is one photo").click()
    expect(cut_page.get_by_text("It is one photo again.")).to_be_visible()
    cut_page.get_by_text("Several prints on this scan?").click()
    cut_page.get_by_role("button", name="Bring back the prints").click()
    expect(cut_page.get_by_text(f"{NUMBER} prints are back.")).to_be_visible()


def test_a_box_is_dragged_and_cut_again(editor: Page) -> None:
    before = value(editor, "x")
    x, y = middle_of(editor, "Print 1")
    editor.mouse.move(x, y)
    editor.mouse.down()
    editor.mouse.move(x + 40, y + 10, steps=4)
    editor.mouse.up()
    assert value(editor, "x") > before + 20
    assert summary(editor) == "1 changed"
    editor.get_by_role("button", name="Undo").click()
    assert value(editor, "x") == before
    assert summary(editor) == "Nothing changed yet."
    editor.mouse.move(x, y)
    editor.mouse.down()
    editor.mouse.move(x + 12, y, steps=4)
    editor.mouse.up()
    editor.get_by_label("Restore new and changed prints").uncheck()
    editor.get_by_role("button", name="Cut again").click()
    expect(editor.get_by_text("Done: 1 cut again.")).to_be_visible()


def test_a_corner_sizes_and_the_knob_turns(editor: Page) -> None:
    editor.get_by_role("button", name="Print 1").focus()
    wide, angle = value(editor, "width"), value(editor, "angle")
    corner = editor.locator(".box--chosen [data-handle='1,1']").bounding_box()
    assert corner
    editor.mouse.move(corner["x"] + 6, corner["y"] + 6)
    editor.mouse.down()
    editor.mouse.move(corner["x"] - 24, corner["y"] - 14, steps=3)
    editor.mouse.up()
    assert value(editor, "width") < wide - 10
    knob = editor.locator(".box--chosen [data-handle='turn']").bounding_box()
    assert knob
    editor.mouse.move(knob["x"] + 8, knob["y"] + 8)
    editor.mouse.down()
    editor.mouse.move(knob["x"] + 60, knob["y"] + 8, steps=3)
    editor.mouse.up()
    assert value(editor, "angle") > angle + 5


def test_a_new_box_is_drawn_over_an_empty_place(editor: Page) -> None:
    stage = editor.locator("[data-stage]").bounding_box()
    assert stage
    x, y = stage["x"] + 4, stage["y"] + 4
    editor.mouse.move(x, y)
    editor.mouse.down()
    editor.mouse.move(x + 60, y + 14, steps=3)
    editor.mouse.up()
    assert summary(editor) == "1 new"
    expect(editor.locator("[data-row]")).to_have_count(NUMBER + 1)


def test_everything_can_be_done_by_keys(editor: Page) -> None:
    first = editor.get_by_role("button", name="Print 1")
    first.focus()
    x, wide, high = (value(editor, name) for name in ("x", "width", "height"))
    angle = value(editor, "angle")
    editor.keyboard.press("ArrowRight")
    assert value(editor, "x") > x
    editor.keyboard.press("Shift+ArrowLeft")
    assert value(editor, "width") < wide
    editor.keyboard.press("]")
    assert value(editor, "angle") == pytest.approx(angle + 0.5, abs=0.02)
    editor.keyboard.press("{")
    assert value(editor, "height") < max(wide, high)
    assert value(editor, "angle") == pytest.approx(angle - 89.5, abs=0.02)
    editor.keyboard.press("Enter")
    expect(editor.locator("[data-list] [name$='-x']").first).to_be_focused()
    editor.locator(".box--chosen").focus()
    editor.keyboard.press("Delete")
    expect(editor.locator("[data-row]")).to_have_count(NUMBER - 1)
    assert summary(editor) == "1 removed"
    editor.get_by_role("button", name="Add a box").press("Enter")
    assert summary(editor) == "1 new, 1 removed"
    expect(editor.locator("[data-row]")).to_have_count(NUMBER)
    editor.get_by_role("button", name="Cut again").press("Enter")
    expect(editor.get_by_text("Done: 1 new print, 1 set aside.")).to_be_visible()


def test_numbers_that_are_typed_move_the_box(editor: Page) -> None:
    editor.get_by_text("In numbers").first.click()
    editor.locator("[data-list] [name$='-angle']").first.fill("12")
    editor.keyboard.press("Tab")
    shape = editor.get_by_role("button", name="Print 1")
    assert "rotate(12)" in str(shape.get_attribute("transform"))


def test_a_finger_moves_a_box(cut_page: Page, new_page: NewPage) -> None:
    cut_page.get_by_role("link", name="Change the boxes").click()
    phone = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    phone.goto(cut_page.url)
    first = phone.get_by_role("button", name="Print 1")
    first.scroll_into_view_if_needed()
    before = value(phone, "y")
    x, y = middle_of(phone, "Print 1")
    finger = phone.context.new_cdp_session(phone)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + 5, "y": y + 10}]),
        ("touchMove", [{"x": x + 5, "y": y + 25}]),
        ("touchEnd", []),
    ):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert value(phone, "y") > before + 10
    wide = phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide


def test_without_scripting_numbers_do(cut_page: Page, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(cut_page.url)
    page.get_by_role("link", name="Change the boxes").click()
    expect(page.locator(".box")).to_have_count(NUMBER)
    page.get_by_text("In numbers").first.click()
    page.get_by_label("Turned clockwise, in degrees").first.fill("7")
    page.get_by_label("Restore new and changed prints").uncheck()
    page.get_by_role("button", name="Cut again").click()
    expect(page.get_by_text("Done: 1 cut again.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(cut_page: Page, theme: str) -> None:
    cut_page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    pages = [cut_page.url]
    pages.append(f"{cut_page.url}prints/")
    for address in pages:
        cut_page.goto(address)
        cut_page.wait_for_load_state("networkidle")
        found = Axe().run(cut_page).response["violations"]
        assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
