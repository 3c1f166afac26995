"""Before and after: by keyboard, by mouse, by touch, on paper, and without scripting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NewPage
from tests.browser.photos import RestoredPhoto, restore_a_photo
from tests.browser.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def photo(browser: Browser, site: Site, signed_in: Any) -> RestoredPhoto:
    with browser.new_context(base_url=site.url, storage_state=signed_in) as context:
        return restore_a_photo(context.new_page(), "To compare", site.data, seed=21)


@pytest.fixture
def page(new_page: NewPage, photo: RestoredPhoto) -> Iterator[Page]:
    """The photo with its slider; afterwards the slider is what Rose prefers again."""
    # So tall that nothing has to scroll.
    page = new_page(viewport={"width": 1280, "height": 1600})
    page.goto(photo.address)
    choose(page, "Slider")
    yield page
    page.emulate_media(media="screen")
    choose(page, "Slider")


def choose(page: Page, mode: str) -> None:
    with page.expect_response("**/me/compare-mode/"):
        page.get_by_role("button", name=mode, exact=True).click()


def views(page: Page) -> list[Locator]:
    return page.locator(":is(.version--a, .version--b) .view").all()


def boxes(page: Page) -> list[tuple[int, ...]]:
    """Left, top, width and height of both frames, in whole pixels."""
    return [rounded(view) for view in views(page)]


def shown_pictures(page: Page) -> list[tuple[int, ...]]:
    """The same of both pictures, as zoomed and moved."""
    pictures = page.locator(":is(.version--a, .version--b) .view img")
    return [rounded(picture) for picture in pictures.all()]


def rounded(element: Locator) -> tuple[int, ...]:
    box = element.bounding_box()
    assert box
    sides = (box["x"], box["y"], box["width"], box["height"])
    return tuple(round(side) for side in sides)


def test_the_slider_goes_by_keyboard(page: Page) -> None:
    slider = page.get_by_role("slider")
    slider.focus()
    for key, value in (
        ("ArrowRight", 51),
        ("ArrowLeft", 50),
        ("PageUp", 60),
        ("PageDown", 50),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("End", 100),
        ("ArrowUp", 100),
        ("ArrowDown", 99),
    ):
        slider.press(key)
        expect(slider).to_have_value(str(value))
        expect(slider).to_have_attribute("aria-valuetext", f"{value} % restored")


def test_the_slider_clips_and_never_resizes(page: Page) -> None:
    restored = page.locator(".version--b .view")
    slider = page.get_by_role("slider")
    before = boxes(page)
    assert before[0] == before[1]
    slider.press("Home")
    expect(restored).to_have_css("clip-path", "inset(0px 100% 0px 0px)")
    slider.press("End")
    expect(restored).to_have_css("clip-path", "inset(0px 0% 0px 0px)")
    assert boxes(page) == before


def test_the_slider_follows_the_mouse(page: Page) -> None:
    box = views(page)[0].bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 80)
    expect(page.get_by_role("slider")).to_have_value("80")
    page.mouse.move(box["x"] + box["width"] + 200, box["y"] + 80)
    expect(page.get_by_role("slider")).to_have_value("100")
    page.mouse.up()
    page.mouse.move(box["x"] + 10, box["y"] + 80)
    expect(page.get_by_role("slider")).to_have_value("100")


def test_a_finger_moves_the_slider_and_not_the_page(
    new_page: NewPage, photo: RestoredPhoto
) -> None:
    page = new_page(has_touch=True, viewport={"width": 390, "height": 600})
    page.goto(photo.address)
    choose(page, "Slider")
    page.locator(".stage").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    box = views(page)[0].bounding_box()
    assert box
    touch = page.context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2
    for kind, x in (
        ("touchStart", 0.5),
        ("touchMove", 0.55),
        ("touchMove", 0.7),
        ("touchMove", 0.9),
    ):
        point = {"x": box["x"] + box["width"] * x, "y": y + 60 * (x - 0.5)}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.get_by_role("slider")).to_have_value("90")
    assert page.evaluate("scrollY") == before


def test_side_by_side_at_the_same_scale_and_remembered(page: Page) -> None:
    choose(page, "Side by side")
    left, right = boxes(page)
    assert left[2:] == right[2:]
    assert left[1] == right[1]
    assert left[0] + left[2] <= right[0]
    page.reload()
    expect(page.get_by_role("button", name="Side by side")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_role("slider")).to_be_hidden()
    assert boxes(page) == [left, right]


def test_holding_shows_the_original_by_key_and_by_mouse(page: Page) -> None:
    choose(page, "Hold")
    restored = page.locator(".version--b .view")
    button = page.get_by_role("button", name="Hold to see the original")
    expect(restored).to_be_visible()
    for key in ("Space", "Enter"):
        button.focus()
        page.keyboard.down(key)
        expect(restored).to_be_hidden()
        expect(button).to_have_attribute("aria-pressed", "true")
        page.keyboard.up(key)
        expect(restored).to_be_visible()
    for target in (button, views(page)[0]):
        box = target.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        expect(restored).to_be_hidden()
        page.mouse.up()
        expect(restored).to_be_visible()


@pytest.mark.parametrize("mode", ["Slider", "Side by side", "Hold"])
def test_zoom_and_pan_move_both_alike(page: Page, mode: str) -> None:
    choose(page, mode)
    frames = boxes(page)
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    expect(page.get_by_text("225 %")).to_be_visible()
    page.get_by_role("group", name="Both pictures").press("ArrowRight")
    zoomed = shown_pictures(page)
    offsets = [
        (picture[0] - frame[0], picture[1] - frame[1], *picture[2:])
        for picture, frame in zip(zoomed, frames, strict=True)
    ]
    assert offsets[0] == offsets[1]
    assert abs(offsets[0][2] - 2.25 * frames[0][2]) <= 2
    assert boxes(page) == frames
    page.keyboard.press("0")
    expect(page.get_by_text("100 %")).to_be_visible()
    assert shown_pictures(page) == frames


def test_no_edge_of_a_zoomed_picture_comes_into_the_frame(page: Page) -> None:
    choose(page, "Side by side")
    page.get_by_role("button", name="Zoom in").click()
    stage = page.get_by_role("group", name="Both pictures")
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        for _press in range(20):
            stage.press(key)
        for frame, picture in zip(boxes(page), shown_pictures(page), strict=True):
            assert picture[0] <= frame[0] + 1
            assert picture[1] <= frame[1] + 1
            assert picture[0] + picture[2] >= frame[0] + frame[2] - 1
            assert picture[1] + picture[3] >= frame[1] + frame[3] - 1


def test_a_zoomed_picture_is_dragged_and_the_wheel_zooms(page: Page) -> None:
    choose(page, "Side by side")
    box = views(page)[0].bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(page.get_by_text("272 %")).to_be_visible()
    before = shown_pictures(page)
    page.mouse.down()
    page.mouse.move(middle[0] + 30, middle[1] + 20)
    page.mouse.up()
    for old, new in zip(before, shown_pictures(page), strict=True):
        assert abs(new[0] - old[0] - 30) <= 1
        assert abs(new[1] - old[1] - 20) <= 1


def test_full_resolution_comes_only_for_a_closer_look(
    new_page: NewPage, photo: RestoredPhoto
) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(photo.address, wait_until="networkidle")
    assert not [url for url in asked if "/full/" in url]
    page.get_by_role("button", name="Zoom in").click()
    for picture in page.locator(":is(.version--a, .version--b) img").all():
        expect(picture).to_have_attribute("src", re.compile("/full/"))
    assert len([url for url in asked if "/full/" in url]) == 2


def test_the_magnifier_shows_the_same_spot_of_both_four_times_as_large(
    page: Page,
) -> None:
    page.get_by_role("button", name="Magnifier").click()
    box = views(page)[0].bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    halves = page.locator(".lens__half").all()
    assert len(halves) == 2
    offsets = []
    for half in halves:
        outer, inner = half.bounding_box(), half.locator("img").bounding_box()
        assert outer
        assert inner
        assert abs(inner["width"] - 4 * box["width"]) <= 1
        middle = outer["x"] + outer["width"] / 2
        offsets.append(round((middle - inner["x"]) / inner["width"], 2))
    assert offsets == [0.25, 0.25]
    page.get_by_role("button", name="Magnifier").click()
    expect(page.locator(".lens")).to_be_hidden()


def test_everything_to_press_is_large_enough(
    new_page: NewPage, photo: RestoredPhoto
) -> None:
    page = new_page(viewport={"width": 360, "height": 740})
    page.goto(photo.address)
    choose(page, "Slider")
    for control in page.locator("button:visible, summary:visible").all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 43.9, control.text_content()
    grip = page.locator(".slider").bounding_box()
    assert grip
    assert min(grip["width"], grip["height"]) >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("mode", ["Slider", "Side by side", "Hold", "What changed"])
def test_both_pictures_and_their_names_are_printed(page: Page, mode: str) -> None:
    choose(page, mode)
    page.get_by_role("button", name="Zoom in").click()
    page.emulate_media(media="print")
    first, second = boxes(page)
    assert first[1] + first[3] <= second[1]
    expect(page.locator(".version--a figcaption")).to_be_visible()
    caption = page.locator(".version--b figcaption")
    expect(caption).to_contain_text("Restored – This app, ")
    expect(page.locator(".version--map")).to_be_hidden()
    expect(page.locator(".version--b .view")).to_have_css("clip-path", "none")


def test_without_scripting_two_named_pictures_and_the_forms(
    new_page: NewPage, photo: RestoredPhoto
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(photo.address)
    first, second = boxes(page)
    assert first[1] + first[3] <= second[1]
    expect(page.get_by_role("img", name="Original: veranda")).to_be_visible()
    expect(page.get_by_role("img", name="Restored – This app")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_hidden()
    page.get_by_text("Not quite").click()
    page.get_by_label("A face changed").check()
    page.get_by_role("button", name="Say so").click()
    expect(page.get_by_text("Nothing was deleted")).to_be_visible()
    page.get_by_role("button", name="Keep this one").click()
    expect(page.get_by_text("The album shows this picture.")).to_be_visible()
    page.get_by_role("button", name="Keep original").click()
    expect(page.get_by_text("The restorations stay here.")).to_be_visible()
