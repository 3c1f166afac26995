"""The page on which a person sees and changes where a photo is damaged."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from albums import images, services, storage
from albums.models import Mask, Photo
from albums.overlays import mask_url
from jobs import errands, masks, runner
from jobs.models import Errand, Job
from tests.jobs.conftest import MakePhoto


@pytest.fixture
def photo(make_photo: MakePhoto) -> Photo:
    return make_photo(300, 200)


def found(photo: Photo, *, rows: int = 20) -> Mask:
    part = storage.new_part()
    plane = np.zeros((photo.height, photo.width), np.uint8)
    plane[:rows] = 255
    encoded = images.encode(plane, part, lossless=True)
    area = rows / photo.height
    return services.keep_mask(photo, part, encoded, by=None, area=area)


def drawing(
    width: int = 300, height: int = 200, mode: str = "RGBA"
) -> SimpleUploadedFile:
    plane = np.zeros((height, width), np.uint8)
    plane[: height // 4] = 255
    file = io.BytesIO()
    Image.fromarray(plane).convert(mode).save(file, "PNG")
    return SimpleUploadedFile("mask.png", file.getvalue(), "image/png")


def address(photo: Photo, name: str = "marks") -> str:
    return reverse(f"jobs:{name}", args=[photo.code])


def text_of(client: Client, photo: Photo, query: str = "") -> str:
    answer = client.get(address(photo) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def repair(client: Client, photo: Photo, **fields: Any) -> str:
    """What the person is told; "" where it began."""
    asked = {"batch": str(uuid4())} | fields
    answer = client.post(address(photo, "repair_marked"), asked)
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    to = address(photo) if said else reverse("albums:photo", args=[photo.code])
    assert answer.headers["Location"] == to
    return " ".join(said)


class TestPage:
    def test_before_anybody_looked(self, alice_client: Client, photo: Photo) -> None:
        page = text_of(alice_client, photo)
        assert "Find the damage" in page
        assert "brush.js" in page

    def test_while_the_engine_looks(self, alice_client: Client, photo: Photo) -> None:
        errands.look_for_marks(photo)
        page = text_of(alice_client, photo)
        assert "is looking for" in page
        assert address(photo, "marks_progress") in page
        assert "brush.js" not in page

    def test_what_was_found(self, alice_client: Client, photo: Photo) -> None:
        mask = found(photo)
        page = text_of(alice_client, photo)
        assert "The engine found damage on 10 % of the picture." in page
        assert mask_url(mask) in page
        assert 'width="300" height="200" hidden></canvas>' in page

    def test_where_nothing_was_found(self, alice_client: Client, photo: Photo) -> None:
        found(photo, rows=0)
        page = text_of(alice_client, photo)
        assert "The engine found no damage." in page
        assert '<option value="severe" selected>' in page
        assert 'value="found" hidden' in page

    def test_where_it_could_not_look(self, alice_client: Client, photo: Photo) -> None:
        errands.look_for_marks(photo)
        Errand.objects.update(is_given_up=True)
        assert "could not look at this photo" in text_of(alice_client, photo)

    def test_the_last_drawing_comes_first(
        self, alice_client: Client, photo: Photo
    ) -> None:
        first = found(photo)
        repair(alice_client, photo, **{"with": "drawn", "drawing": drawing()})
        last = Mask.objects.get(is_drawn=True)
        assert mask_url(last) in text_of(alice_client, photo)
        page = text_of(alice_client, photo, f"?mask={first.code}")
        assert mask_url(first) in page
        assert mask_url(last) not in page

    @pytest.mark.parametrize(
        "query", ["nonsense", "0" * 8 + "-0000" * 3 + "-" + "0" * 12]
    )
    def test_no_other_mask(
        self, alice_client: Client, photo: Photo, make_photo: MakePhoto, query: str
    ) -> None:
        other = found(make_photo())
        for code in (query, other.code):
            answer = alice_client.get(f"{address(photo)}?mask={code}")
            assert answer.status_code == 404

    def test_a_member_looks_and_draws_nothing(
        self, bob_client: Client, photo: Photo
    ) -> None:
        found(photo)
        page = text_of(bob_client, photo)
        assert "The engine found damage" in page
        assert "brush.js" not in page
        assert "<form" not in page.split("<main")[1].split("</main>")[0]

    def test_large_photos_are_drawn_on_at_the_size_that_is_searched(
        self, photo: Photo
    ) -> None:
        photo.width, photo.height = 12_000, 8_000
        width, height = masks.MarksPage(photo, None, None, None).size
        assert width * height <= masks.MOST_PIXELS
        assert width / height == pytest.approx(1.5, rel=0.01)


class TestFinding:
    def test_it_is_asked_for_once(self, alice_client: Client, photo: Photo) -> None:
        for _ in range(2):
            answer = alice_client.post(address(photo, "find_marks"))
            assert answer.headers["Location"] == address(photo)
        assert Errand.objects.get().photo == photo

    def test_what_is_there_is_shown(self, alice_client: Client, photo: Photo) -> None:
        found(photo)
        alice_client.post(address(photo, "find_marks"))
        assert not Errand.objects.exists()
        alice_client.post(address(photo, "find_marks"), {"damage": "severe"})
        assert Errand.objects.get().damage == "severe"

    def test_the_open_page_hears_of_it(
        self, alice_client: Client, photo: Photo
    ) -> None:
        errand = errands.look_for_marks(photo)
        answer = alice_client.get(address(photo, "marks_progress"))
        assert (answer.status_code, answer.has_header("HX-Refresh")) == (204, False)
        errands.run(errand.pk, sign=lambda: None)
        answer = alice_client.get(address(photo, "marks_progress"))
        assert answer["HX-Refresh"] == "true"


class TestRepairing:
    def test_as_found(self, alice_client: Client, photo: Photo) -> None:
        mask = found(photo)
        assert not repair(alice_client, photo, **{"with": "found", "mask": mask.code})
        job = Job.objects.get()
        assert (job.provider, job.recipe) == ("local", "repair")
        assert job.options["mask"] == str(mask.code)

    def test_as_drawn(self, alice_client: Client, photo: Photo) -> None:
        fields = {"with": "drawn", "drawing": drawing()}
        assert not repair(alice_client, photo, **fields)
        mask = Mask.objects.get()
        assert mask.is_drawn
        assert mask.drawn_by == photo.album.owner
        with Image.open(services.mask_file(mask)) as image:
            kept = np.asarray(image)
        assert kept.shape == (200, 300)
        assert (kept[:50] == 255).all()
        assert not kept[50:].any()
        job = Job.objects.get()
        assert job.options["mask"] == str(mask.code)
        runner.run_to_end(job)
        assert job.restoration

    def test_without_mending(self, alice_client: Client, photo: Photo) -> None:
        assert not repair(alice_client, photo, **{"with": "none"})
        options = Job.objects.get().options
        assert (options["scratches"], options["mask"]) == ("off", "")

    def test_a_double_click_is_one_wish(
        self, alice_client: Client, photo: Photo
    ) -> None:
        batch = str(uuid4())
        for _ in range(2):
            fields = {"with": "drawn", "drawing": drawing(), "batch": batch}
            assert not repair(alice_client, photo, **fields)
        assert Job.objects.count() == Mask.objects.count() == 1

    @pytest.mark.parametrize("fields", [{}, {"with": "found"}])
    def test_nothing_marked(
        self, alice_client: Client, photo: Photo, fields: dict[str, str]
    ) -> None:
        assert "Nothing is marked yet" in repair(alice_client, photo, **fields)

    def test_the_mask_of_another_photo(
        self, alice_client: Client, photo: Photo, make_photo: MakePhoto
    ) -> None:
        other = found(make_photo())
        fields = {"with": "found", "mask": other.code}
        assert "another photo" in repair(alice_client, photo, **fields)
        assert not Job.objects.exists()

    def test_a_mask_never_comes_with_an_ordinary_form(
        self, alice_client: Client, photo: Photo
    ) -> None:
        fields = {"recipe": "repair", "local-mask": str(found(photo).code)}
        alice_client.post(reverse("jobs:start", args=[photo.code]), fields)
        assert Job.objects.get().options["mask"] == ""


class TestUntrusted:
    @pytest.fixture(autouse=True)
    def nothing_is_left(self, photo: Photo) -> Any:
        yield
        assert not Mask.objects.exists()
        assert not Job.objects.exists()
        assert not storage.media("masks").exists()
        assert not list(storage.upload_folder().iterdir())

    def test_another_shape(self, alice_client: Client, photo: Photo) -> None:
        fields = {"with": "drawn", "drawing": drawing(200, 300)}
        assert "does not belong" in repair(alice_client, photo, **fields)

    def test_too_many_pixels(self, alice_client: Client, photo: Photo) -> None:
        fields = {"with": "drawn", "drawing": drawing(6000, 4000, "1")}
        assert "does not belong" in repair(alice_client, photo, **fields)

    def test_too_many_bytes(
        self, alice_client: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(masks, "MOST_BYTES", 100)
        fields = {"with": "drawn", "drawing": drawing()}
        assert "too large" in repair(alice_client, photo, **fields)

    def test_more_bytes_than_are_written_down(
        self, alice_client: Client, photo: Photo
    ) -> None:
        content = drawing().read() + b"\0" * masks.MOST_BYTES
        fields = {"with": "drawn", "drawing": SimpleUploadedFile("a.png", content)}
        assert "could not be read" in repair(alice_client, photo, **fields)

    def test_no_drawing(self, alice_client: Client, photo: Photo) -> None:
        assert "could not be read" in repair(alice_client, photo, **{"with": "drawn"})

    @pytest.mark.parametrize("content", [b"nothing", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
    def test_no_picture(
        self, alice_client: Client, photo: Photo, content: bytes
    ) -> None:
        fields = {"with": "drawn", "drawing": SimpleUploadedFile("a.png", content)}
        assert "could not be read" in repair(alice_client, photo, **fields)

    def test_several_pages(self, alice_client: Client, photo: Photo) -> None:
        file = io.BytesIO()
        pages = [Image.new("L", (300, 200), n) for n in (0, 255)]
        pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
        fields = {"with": "drawn", "drawing": SimpleUploadedFile("a", file.getvalue())}
        assert "does not belong" in repair(alice_client, photo, **fields)
