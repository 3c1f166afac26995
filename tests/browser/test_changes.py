"""What a restoration changed: the map over the picture, and the faces one by one."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from skimage import data

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import payload
from tests.browser.photos import RESTORED
from tests.browser.site import Site
from tests.browser.test_compare import choose

pytestmark = pytest.mark.browser


def faded_portrait() -> bytes:
    """Somebody on a faded, noisy print with a scratch beside her."""
    random = np.random.default_rng(1)
    pixels = np.asarray(data.astronaut()) * 0.5 + 80
    pixels += random.normal(0, 7, pixels.shape[:2])[:, :, None]
    pixels[:, 60:63] = 235
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def address(browser: Browser, site: Site, signed_in: Any) -> str:
    with browser.new_context(base_url=site.url, storage_state=signed_in) as context:
        page = context.new_page()
        make_album(page, "Portraits")
        picture = payload("portrait.png", faded_portrait())
        page.get_by_label("Choose photos").set_input_files(picture)
        page.get_by_role("link", name="See the album").click()
        ready = page.get_by_text(re.compile("^Ready"))
        expect(ready.first).to_be_visible(timeout=RESTORED)
        page.get_by_role("link", name="portrait").click()
        page.wait_for_url(re.compile("/photos/"))
        return page.url


@pytest.fixture
def page(new_page: NewPage, address: str) -> Iterator[Page]:
    page = new_page(viewport={"width": 1280, "height": 1700})
    page.goto(address)
    choose(page, "What changed")
    yield page
    choose(page, "Slider")


def coloured(page: Page) -> float:
    """The share of the map's pixels that have a colour."""
    address = str(page.locator(".map__layer").get_attribute("src"))
    content = page.request.get(address).body()
    alpha = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))[:, :, 3]
    return float((alpha > 0).mean())


def colours_seen(page: Page) -> float:
    """The share of what is on the screen, where the map is, that is not grey."""
    shot = page.locator(".view--map").screenshot()
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
    return float((np.ptp(pixels, axis=2) > 60).mean())


def test_the_map_lies_over_the_picture(page: Page) -> None:
    photo, layer = page.locator(".map__photo"), page.locator(".map__layer")
    expect(layer).to_be_visible()
    assert layer.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert photo.bounding_box() == layer.bounding_box()
    assert colours_seen(page) > 0.05
    expect(page.get_by_role("img", name="What changed in portrait: ")).to_be_visible()
    for other in (".version--a", ".version--b", ".divider", ".slider"):
        expect(page.locator(other)).to_be_hidden()
    expect(page.get_by_text("little", exact=True)).to_be_visible()
    expect(page.get_by_text("much", exact=True)).to_be_visible()
    sentence = re.compile(r"\d % of the picture was .*inside the face ")
    expect(page.locator(".changes__sentence")).to_have_text(sentence)


def test_colours_and_contrast_are_shown_if_wanted(page: Page) -> None:
    before = coloured(page)
    expect(page.get_by_text("In colour: what was mended")).to_be_visible()
    page.get_by_label("Show colours and contrast, too").check()
    assert coloured(page) > before + 0.1
    expect(page.get_by_text("In colour: all that was changed")).to_be_visible()
    page.get_by_label("Show colours and contrast, too").uncheck()
    assert coloured(page) == before


def test_it_is_remembered_and_goes_by_keyboard(page: Page) -> None:
    page.reload()
    button = page.get_by_role("button", name="What changed")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".map__layer")).to_be_visible()
    page.get_by_role("button", name="Slider").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("slider")).to_be_visible()
    button.focus()
    with page.expect_response("**/me/compare-mode/"):
        page.keyboard.press("Enter")
    expect(page.locator(".map__layer")).to_be_visible()


def test_the_map_is_zoomed_with_the_pictures(page: Page) -> None:
    page.get_by_role("group", name="Both pictures").press("+")
    expect(page.get_by_text("150 %")).to_be_visible()
    photo, layer = page.locator(".map__photo"), page.locator(".map__layer")
    assert photo.bounding_box() == layer.bounding_box()
    frame = page.locator(".view--map").bounding_box()
    zoomed = layer.bounding_box()
    assert frame
    assert zoomed
    assert zoomed["width"] == pytest.approx(1.5 * frame["width"], abs=2)
    choose(page, "Side by side")
    same = page.locator(".version--a img").bounding_box()
    assert same
    frame = page.locator(".version--a .view").bounding_box()
    assert frame
    assert same["width"] == pytest.approx(1.5 * frame["width"], abs=2)


@pytest.mark.parametrize("mode", ["Slider", "Side by side", "Hold", "What changed"])
def test_choosing_a_face_zooms_there(page: Page, mode: str) -> None:
    choose(page, mode)
    faces = page.get_by_role("heading", name="The face, before and after")
    expect(faces).to_be_visible()
    before, after = page.locator(".face img").all()
    for close_up in (before, after):
        width = close_up.evaluate("image => image.decode().then(() => image.width)")
        assert width > 0
    look = page.get_by_role("button", name="Look at it closely")
    look.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Both pictures")).to_be_focused()
    frame = ".view--map" if mode == "What changed" else ".version--b .view"
    view, zoomed = page.locator(frame), page.locator(f"{frame} img").first
    outer, inner = view.bounding_box(), zoomed.bounding_box()
    assert outer
    assert inner
    assert inner["width"] > 2 * outer["width"]
    middle = outer["x"] + outer["width"] / 2
    # Her face is a little left of the middle of the picture, and high up.
    assert 0.35 < (middle - inner["x"]) / inner["width"] < 0.5
    middle = outer["y"] + outer["height"] / 2
    assert 0.12 < (middle - inner["y"]) / inner["height"] < 0.35


def test_without_scripting_it_is_one_more_picture_with_its_name(
    new_page: NewPage, address: str
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(address)
    photo, layer = page.locator(".map__photo"), page.locator(".map__layer")
    layer.scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="What changed in portrait: ")).to_be_visible()
    assert photo.bounding_box() == layer.bounding_box()
    page.wait_for_load_state("networkidle")
    assert colours_seen(page) > 0.05
    restored = page.locator(".version--b img").bounding_box()
    below = layer.bounding_box()
    assert restored
    assert below
    assert below["y"] >= restored["y"] + restored["height"]
    expect(page.get_by_role("img", name="Face 1, original")).to_be_visible()
    expect(page.get_by_role("img", name="Face 1, restored")).to_be_visible()
    expect(page.get_by_role("button", name="Look at it closely")).to_be_hidden()


def test_a_picture_without_a_map_falls_back(page: Page, address: str) -> None:
    """Between two restorations nobody knows what changed."""
    restored = page.locator(".versions__one a").first.get_attribute("href") or ""
    code = restored.split("b=")[1]
    page.goto(f"{address}?a={code}&b={code}")
    expect(page.get_by_role("slider")).to_be_visible()
    expect(page.get_by_role("button", name="What changed")).to_be_hidden()
    page.goto(address)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_for_everybody(
    page: Page, new_page: NewPage, address: str, theme: Any, width: int
) -> None:
    other = new_page(color_scheme=theme, viewport={"width": width, "height": 900})
    other.goto(address)
    expect(other.locator(".map__layer")).to_be_visible()
    problems = Axe().run(other).response["violations"]
    assert not problems, [problem["help"] for problem in problems]
    assert other.evaluate("document.documentElement.scrollWidth") <= width
    for control in other.locator(
        "button:visible, summary:visible, label:visible"
    ).all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 43.9, control.text_content()
