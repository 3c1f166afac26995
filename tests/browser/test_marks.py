"""Where a photo is damaged: seen, marked, rubbed out, and repaired as marked."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import payload
from tests.browser.photos import RESTORED
from tests.browser.site import Site

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 600, 400
# How many pixels of the canvas are marked.
MARKED = """canvas => {
  const size = [canvas.width, canvas.height];
  const {data} = canvas.getContext('2d').getImageData(0, 0, ...size);
  let marked = 0;
  for (let at = 3; at < data.length; at += 4) marked += data[at] > 127;
  return marked;
}"""


def scratched_print() -> bytes:
    """A calm ground with a white scratch down and a dark post beside it."""
    random = np.random.default_rng(5)
    pixels = np.full((HEIGHT, WIDTH, 3), 110.0)
    pixels[:, 380:420] = 60
    pixels[:, 200:203] = 245
    pixels += random.normal(0, 2, (HEIGHT, WIDTH, 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def address(browser: Browser, site: Site, signed_in: Any) -> str:
    """The page of a photo that nobody restored."""
    with browser.new_context(base_url=site.url, storage_state=signed_in) as context:
        page = context.new_page()
        make_album(page, "Scratched")
        page.get_by_label("Only keep them").check()
        picture = payload("post.png", scratched_print())
        page.get_by_label("Choose photos").set_input_files(picture)
        page.get_by_role("link", name="See the album").click()
        page.get_by_role("link", name="post").click()
        page.wait_for_url(re.compile("/photos/"))
        return page.url


def look(page: Page, address: str, damage: str = "Severe") -> None:
    """Have the engine look, whatever it found before, and wait for the brush."""
    page.goto(f"{address}damage/")
    page.get_by_label("how damaged is it?").select_option(damage)
    page.get_by_role("button", name=re.compile("Look again|Find the damage")).click()
    expect(page.get_by_role("button", name="Rub out")).to_be_visible(timeout=RESTORED)


def canvas(page: Page) -> Locator:
    return page.locator(".marks__canvas")


def marked(page: Page) -> int:
    return int(canvas(page).evaluate(MARKED))


def line(page: Page, *points: tuple[float, float]) -> None:
    """With the mouse, through points in shares of the picture."""
    box = page.locator(".marks__stage").bounding_box()
    assert box
    for number, (x, y) in enumerate(points):
        page.mouse.move(
            box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=8
        )
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def restored(page: Page) -> np.ndarray[Any, Any]:
    """The newest restoration in full size, once it is there."""
    expect(page.locator(".version--b img")).to_be_visible(timeout=RESTORED)
    expect(page.locator("#jobs")).to_contain_text("Ready", timeout=RESTORED)
    page.reload()
    source = str(page.locator(".version--b img").get_attribute("data-full"))
    content = page.request.get(source).body()
    return np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)


def test_it_is_found_from_the_photos_page(new_page: NewPage, address: str) -> None:
    page = new_page(viewport={"width": 1280, "height": 1200})
    page.goto(address)
    page.get_by_role("button", name="Show the damage").click()
    expect(page.get_by_role("button", name="Rub out")).to_be_visible(timeout=RESTORED)
    expect(page.get_by_role("heading", name="Where it is damaged")).to_be_visible()
    look(page, address)
    expect(page.get_by_text("The engine found damage on")).to_be_visible()
    assert 500 < marked(page) < 20_000


def test_marking_rubbing_out_and_undoing(new_page: NewPage, address: str) -> None:
    page = new_page(viewport={"width": 1280, "height": 1200})
    look(page, address)
    found = marked(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    line(page, (0.5, 0.2), (0.6, 0.8))
    more = marked(page)
    assert more > found + 500
    page.get_by_role("button", name="Rub out").click()
    line(page, (0.335, 0.0), (0.335, 0.5))
    less = marked(page)
    assert less < more - 200
    undo.click()
    # A line in one piece has other soft edges than one in many.
    assert marked(page) == pytest.approx(more, rel=0.01)
    page.locator(".marks__stage").press("Control+z")
    assert marked(page) == found
    expect(undo).to_be_disabled()
    hide = page.get_by_role("button", name="Hide the marks")
    hide.click()
    expect(hide).to_have_attribute("aria-pressed", "true")
    expect(canvas(page)).to_be_hidden()
    hide.click()
    expect(canvas(page)).to_be_visible()


def test_by_keyboard_alone(new_page: NewPage, address: str) -> None:
    page = new_page(viewport={"width": 1280, "height": 1200})
    look(page, address)
    found = marked(page)
    stage = page.get_by_role("application")
    page.get_by_role("button", name="Mark", exact=True).focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if stage.evaluate("element => element === document.activeElement"):
            break
    expect(stage).to_be_focused()
    expect(page.locator(".marks__ring")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    dot = marked(page)
    assert dot > found + 50
    expect(page.get_by_text("Marked", exact=True)).to_have_count(1)
    for _ in range(10):
        page.keyboard.press("Shift+ArrowRight")
    assert marked(page) > dot + 200
    page.keyboard.press("+")
    expect(page.get_by_text("150 %")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_text("100 %")).to_be_visible()


def test_a_closer_look_draws_finer(new_page: NewPage, address: str) -> None:
    page = new_page(viewport={"width": 1280, "height": 1200})
    look(page, address)
    found = marked(page)
    line(page, (0.8, 0.5), (0.8, 0.5))
    coarse = marked(page) - found
    page.get_by_role("button", name="Undo").click()
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.get_by_text("338 %")).to_be_visible()
    line(page, (0.5, 0.5), (0.5, 0.5))
    fine = marked(page) - found
    assert 0 < fine < coarse / 4
    page.get_by_role("button", name="Move").click()
    before = page.locator(".marks__photo").bounding_box()
    line(page, (0.5, 0.5), (0.6, 0.6))
    after = page.locator(".marks__photo").bounding_box()
    assert before
    assert after
    assert after["x"] > before["x"] + 20
    assert marked(page) == found + fine


def test_fingers_draw_and_zoom(new_page: NewPage, address: str) -> None:
    page = new_page(has_touch=True, viewport={"width": 390, "height": 1600})
    look(page, address)
    found = marked(page)
    box = page.locator(".marks__stage").bounding_box()
    assert box
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        at = [
            {
                "x": box["x"] + box["width"] * x,
                "y": box["y"] + box["height"] * y,
                "id": n,
            }
            for n, (x, y) in enumerate(points)
        ]
        event = {"type": kind, "touchPoints": at}
        touch.send("Input.dispatchTouchEvent", event)

    fingers("touchStart", (0.5, 0.3))
    fingers("touchMove", (0.55, 0.5))
    fingers("touchMove", (0.6, 0.7))
    fingers("touchEnd")
    drawn = marked(page)
    assert drawn > found + 300
    fingers("touchStart", (0.45, 0.5))
    fingers("touchStart", (0.45, 0.5), (0.55, 0.5))
    fingers("touchMove", (0.35, 0.5), (0.65, 0.5))
    fingers("touchMove", (0.25, 0.5), (0.75, 0.5))
    fingers("touchEnd")
    expect(page.get_by_text("100 %")).to_have_count(0)
    assert marked(page) == pytest.approx(drawn, rel=0.01)
    assert page.evaluate("scrollY") == 0


def test_just_what_was_marked_is_repaired(new_page: NewPage, address: str) -> None:
    """The scratch is rubbed out of the mask, and a piece of the post marked."""
    page = new_page(viewport={"width": 1280, "height": 1200})
    look(page, address)
    page.get_by_label("Size of the brush").fill("80")
    page.get_by_role("button", name="Rub out").click()
    line(page, (0.335, 0.0), (0.335, 1.0))
    assert marked(page) < 300
    page.get_by_role("button", name="Mark", exact=True).click()
    page.get_by_label("Size of the brush").fill("30")
    line(page, (0.6, 0.4), (0.74, 0.4), (0.74, 0.5), (0.6, 0.5))
    page.get_by_role("button", name="Repair with this mask").click()
    page.wait_for_url(address)
    made = restored(page)
    # The scratch is as white against its ground as before; the post has a gap no more.
    assert made[200, 201] - made[200, 100] > 80
    page.goto(f"{address}damage/")
    expect(
        page.get_by_text("These are the places that were marked last.")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Rub out")).to_be_visible()
    assert marked(page) > 500
    page.get_by_role("link", name="Begin with what the engine found").click()
    expect(page.get_by_text("The engine found damage on")).to_be_visible()


def test_without_scripting_the_mask_is_seen_and_used(
    new_page: NewPage, address: str
) -> None:
    look(new_page(), address)
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}damage/")
    found = page.get_by_role("img", name="The engine found damage on")
    expect(found).to_be_visible()
    first, second = page.locator(".marks__sheet img").all()
    assert first.bounding_box() == second.bounding_box()
    expect(page.get_by_role("button", name="Rub out")).to_be_hidden()
    page.get_by_role("button", name="Restore, but mend no marks").click()
    page.wait_for_url(address)
    page.goto(f"{address}damage/")
    page.get_by_role("button", name="Repair with this mask").click()
    page.wait_for_url(address)
    seeing = new_page()
    seeing.goto(address)
    made = restored(seeing)
    assert made[200, 201] - made[200, 100] < 40


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_for_everybody(
    new_page: NewPage, address: str, theme: Any, width: int
) -> None:
    page = new_page(color_scheme=theme, viewport={"width": width, "height": 900})
    page.goto(f"{address}damage/")
    expect(page.get_by_role("button", name="Rub out")).to_be_visible()
    problems = Axe().run(page).response["violations"]
    assert not problems, [problem["help"] for problem in problems]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator("button:visible, select:visible").all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 43.9, control.text_content()
