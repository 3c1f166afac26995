"""Adding photos: one row per file, in parts, and nothing lost on the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Request, Route, expect

from tests.browser.conftest import NewPage, make_album
from tests.browser.files import payload, photo
from tests.pictures import drawn

pytestmark = pytest.mark.browser
PATCHES = re.compile(r"/uploads/[0-9a-f-]+/$")


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_label("Choose photos").set_input_files(list(files))


def row(page: Page, name: str) -> Locator:
    return page.locator(".row").filter(has_text=name)


def summary(page: Page) -> Locator:
    return page.locator("[data-summary]")


def small_parts(page: Page, size: int = 4000) -> None:
    """So that small pictures travel as big ones do."""
    page.locator("[data-upload]").evaluate(
        "(form, size) => { form.dataset.partBytes = size; }", size
    )


def offsets_sent(page: Page) -> list[int]:
    sent: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            sent.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return sent


def test_other_files_are_refused_by_name_before_anything_is_sent(
    album_page: Page,
) -> None:
    asked: list[str] = []
    album_page.on("request", lambda request: asked.append(request.url))
    choose(album_page, payload("letter.docx", b"text"), payload("nothing.jpg", b""))
    expect(row(album_page, "letter.docx")).to_contain_text("Choose JPEG, PNG, WebP")
    expect(row(album_page, "nothing.jpg")).to_contain_text("This file is empty")
    expect(summary(album_page)).to_have_text("2 need you")
    expect(album_page.get_by_role("link", name="See the album")).to_be_hidden()
    assert not [url for url in asked if "/uploads/" in url]


def test_a_file_over_the_limit_is_refused_before_it_is_sent(album_page: Page) -> None:
    form = album_page.locator("[data-upload]")
    form.evaluate("form => { form.dataset.maxBytes = 2000; }")
    choose(album_page, photo("big.jpg"))
    expect(row(album_page, "big.jpg")).to_contain_text("at most 100 MB can be added")


def test_a_bad_file_stops_no_other(album_page: Page) -> None:
    choose(
        album_page,
        photo("one.jpg", seed=20),
        payload("cut short.jpg", drawn(seed=21)[:6000]),
        payload("not really.png", b"<html>" * 50),
        photo("two.jpg", seed=22),
    )
    expect(summary(album_page)).to_have_text("2 added, 2 need you")
    expect(row(album_page, "cut short.jpg")).to_contain_text("damaged or was cut short")
    expect(row(album_page, "not really.png")).to_contain_text("not a picture")
    expect(row(album_page, "one.jpg")).to_contain_text("Added")
    album_page.get_by_role("link", name="See the album").click()
    expect(album_page.get_by_text("2 photos", exact=True)).to_be_visible()


def test_the_same_bytes_are_answered_with_a_link_to_the_photo(
    album_page: Page,
) -> None:
    choose(album_page, photo("first.jpg", seed=30))
    expect(summary(album_page)).to_have_text("1 added")
    make_album(album_page, "Another album")
    choose(album_page, photo("copy.jpg", seed=30))
    expect(summary(album_page)).to_have_text("1 already there")
    link = row(album_page, "copy.jpg").get_by_role("link")
    expect(link).to_contain_text("Already in test_the_same_bytes")
    link.click()
    expect(album_page.get_by_role("heading", name="first")).to_be_visible()


def test_a_broken_connection_goes_on_by_itself(album_page: Page) -> None:
    small_parts(album_page)
    sent = offsets_sent(album_page)
    refused: list[int] = []

    def break_the_third(route: Route) -> None:
        if len(sent) == 3 and not refused:
            refused.append(sent[-1])
            route.abort()
        else:
            route.continue_()

    album_page.route(PATCHES, break_the_third)
    choose(album_page, photo("photo.jpg", seed=40))
    expect(summary(album_page)).to_have_text("1 added")
    assert refused == [8000]
    assert sent[:4] == [0, 4000, 8000, 8000]
    assert sent == sorted(sent)


def test_a_closed_page_goes_on_where_it_stopped(
    album_page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(drawn(seed=50))
    small_parts(album_page)
    sent = offsets_sent(album_page)
    album_page.route(
        PATCHES,
        lambda route: route.continue_() if len(sent) < 3 else route.abort(),
    )
    picker = album_page.get_by_label("Choose photos")
    picker.set_input_files(file)
    expect(row(album_page, "photo.jpg")).to_contain_text("No connection at the moment")

    album_page.unroute(PATCHES)
    album_page.once("dialog", lambda dialog: dialog.accept())
    album_page.reload()
    before = len(sent)
    picker.set_input_files(file)
    expect(summary(album_page)).to_have_text("1 added")
    assert sent[before] == 8000


def test_retry_and_dismiss_work_by_keyboard(album_page: Page) -> None:
    album_page.route("**/uploads/", lambda route: route.fulfill(status=403))
    choose(album_page, photo("photo.jpg", seed=60), payload("other.txt", b"text"))
    expect(row(album_page, "photo.jpg")).to_contain_text("You are signed out")
    album_page.unroute("**/uploads/")
    retry = album_page.get_by_role("button", name="Try again: photo.jpg")
    retry.focus()
    album_page.keyboard.press("Enter")
    expect(row(album_page, "photo.jpg")).to_contain_text("Added")
    dismiss = album_page.get_by_role("button", name="Dismiss: photo.jpg")
    expect(dismiss).to_be_focused()
    album_page.keyboard.press("Enter")
    expect(row(album_page, "photo.jpg")).to_have_count(0)
    expect(album_page.get_by_role("button", name="Dismiss: other.txt")).to_be_focused()
    expect(summary(album_page)).to_have_text("1 needs you")


def test_a_cancelled_file_is_forgotten_by_the_server(album_page: Page) -> None:
    small_parts(album_page)
    sent = offsets_sent(album_page)
    album_page.route(
        PATCHES,
        lambda route: (
            route.abort()
            if route.request.method == "PATCH" and len(sent) > 2
            else route.continue_()
        ),
    )
    choose(album_page, photo("photo.jpg", seed=70))
    expect(row(album_page, "photo.jpg")).to_contain_text("No connection")
    with album_page.expect_response(
        lambda response: response.request.method == "DELETE"
    ) as answer:
        album_page.get_by_role("button", name="Cancel: photo.jpg").click()
    assert answer.value.status == 204
    expect(album_page.locator("[data-rows]")).to_be_hidden()


def test_a_folder_brings_its_pictures_and_leaves_its_litter(
    album_page: Page, tmp_path: Path
) -> None:
    (tmp_path / "attic" / "box").mkdir(parents=True)
    (tmp_path / "attic" / "one.jpg").write_bytes(drawn(seed=80))
    (tmp_path / "attic" / "box" / "two.jpg").write_bytes(drawn(seed=81))
    (tmp_path / "attic" / ".DS_Store").write_bytes(b"litter")
    (tmp_path / "attic" / "Thumbs.db").write_bytes(b"litter")
    folder = album_page.get_by_label("Choose a folder")
    folder.set_input_files(tmp_path / "attic")
    expect(summary(album_page)).to_have_text("2 added")
    expect(album_page.locator(".row")).to_have_count(2)

    album_page.reload()
    folder.set_input_files(tmp_path / "attic")
    expect(summary(album_page)).to_have_text("2 already there")


def test_files_can_be_dropped_anywhere(album_page: Page) -> None:
    album_page.evaluate(
        """async () => {
          const draw = document.createElement("canvas");
          draw.width = draw.height = 64;
          draw.getContext("2d").fillRect(0, 0, 20, 40);
          const blob = await new Promise((done) => draw.toBlob(done, "image/jpeg"));
          const carried = new DataTransfer();
          carried.items.add(new File([blob], "dropped.jpg", { type: "image/jpeg" }));
          const options = { dataTransfer: carried, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent("drop", options));
        }"""
    )
    expect(row(album_page, "dropped.jpg")).to_contain_text("Added")


def test_only_keep_starts_no_restoration(album_page: Page) -> None:
    album_page.get_by_label("Only keep them").check()
    choose(album_page, photo("kept.jpg", seed=90))
    album_page.get_by_role("link", name="See the album").click()
    expect(album_page.get_by_role("link", name="kept")).to_be_visible()
    expect(album_page.locator(".photo .chip")).to_have_count(0)


def test_no_more_than_three_files_travel_at_once(album_page: Page) -> None:
    album_page.route("**/uploads/", lambda route: None)
    choose(
        album_page, *(photo(f"{number}.jpg", seed=110 + number) for number in range(5))
    )
    expect(album_page.get_by_text("Getting ready")).to_have_count(3)
    expect(album_page.get_by_text("Waiting for its turn")).to_have_count(2)
    # Those that were held back go on.
    album_page.unroute("**/uploads/")
    expect(summary(album_page)).to_have_text("5 added")
    expect(album_page.get_by_text("Waiting for its turn")).to_have_count(0)


def test_without_scripting_a_plain_form_takes_one_photo(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    make_album(page, "Without scripting")
    page.get_by_label("A photo from this device").set_input_files(
        photo("plain.jpg", seed=100)
    )
    page.get_by_role("button", name="Add this photo").click()
    expect(page.get_by_text("Added to Without scripting")).to_be_visible()
    page.get_by_label("A photo from this device").set_input_files(
        payload("broken.jpg", drawn(seed=101)[:3000])
    )
    page.get_by_role("button", name="Add this photo").click()
    expect(page.locator(".message--error")).to_contain_text("broken.jpg")
