"""The map of what a restoration changed: who gets it, what pages say, when it goes."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from albums import images, overlays, services, storage
from albums.models import Album, Changes, Mask, Photo, Restoration, User
from albums.overlays import Layer, Side
from albums.services import Figures, MadeBy, StageWords
from albums.shown_changes import ShownChanges
from albums.sweep import sweep_uploads
from tests.pictures import drawn

FACE = [0.4, 0.2, 0.6, 0.5]


@pytest.fixture
def photo(album: Album, alice: User) -> Photo:
    part = storage.new_part()
    part.write_bytes(drawn(400, 300))
    added = services.add_photos(
        part, name="print.jpg", album=album, by=alice, wish="", batch=uuid4()
    )
    return added.photos[0]


@pytest.fixture
def restoration(photo: Photo) -> Restoration:
    part = storage.new_part()
    encoded = images.encode(np.full((600, 800, 3), 120, np.uint8), part, lossless=False)
    made_by = MadeBy(attempt=uuid4(), provider="local", recipe="repair")
    return services.add_restoration(photo, part, encoded, made_by)


def figures(**other: Any) -> Figures:
    usual: dict[str, Any] = {
        "area": 0.9,
        "mended": 0.08,
        "mean": 0.1,
        "strongest": 0.7,
        "in_faces": 0.002,
        "faces": [FACE],
    }
    return Figures(**usual | other)


def keep_map(restoration: Restoration, **other: Any) -> Changes:
    part = storage.new_part()
    plane = np.zeros((300, 400, 3), np.uint8)
    plane[:, :, 0] = 30
    plane[100:120, :, 1] = 200
    encoded = images.encode(plane, part, lossless=True)
    said = StageWords("scratches", True, 0.01, "Scratches were filled in.", 0.08)
    quiet = StageWords("grain", False, 0.0, "The grain is fine.")
    return services.keep_changes(
        restoration, part, encoded, figures(**other), [said, quiet]
    )


@pytest.fixture
def changes(restoration: Restoration) -> Changes:
    return keep_map(restoration)


@pytest.fixture
def mask(photo: Photo) -> Mask:
    part = storage.new_part()
    plane = np.zeros((300, 400), np.uint8)
    plane[50:60] = 255
    encoded = images.encode(plane, part, lossless=True)
    return services.keep_mask(photo, part, encoded, by=None, area=0.03)


@pytest.fixture
def addresses(changes: Changes, mask: Mask) -> list[str]:
    return [
        *(overlays.changes_url(changes, layer) for layer in Layer),
        *(overlays.face_url(changes, 0, side) for side in Side),
        overlays.mask_url(mask),
    ]


def picture(client: Client, address: str) -> Image.Image:
    answer: Any = client.get(address)
    assert answer.status_code == 200, address
    return Image.open(io.BytesIO(b"".join(answer.streaming_content)))


class TestWho:
    def test_owner_and_member(
        self, alice_client: Client, bob_client: Client, addresses: list[str]
    ) -> None:
        for client in (alice_client, bob_client):
            for address in addresses:
                answer = client.get(address)
                assert answer.status_code == 200, address
                assert "immutable" in answer["Cache-Control"]
                assert "sandbox" in answer["Content-Security-Policy"]

    def test_nobody_else(
        self, charlie_client: Client, client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            assert charlie_client.get(address).status_code == 404
            assert client.get(address).status_code == 302

    def test_only_the_true_address(
        self, alice_client: Client, changes: Changes, mask: Mask
    ) -> None:
        code, key = changes.restoration.code, overlays.changes_key(changes)
        face_key = overlays.faces_key(changes, Side.BEFORE)
        for wrong in (
            f"/files/restorations/{code}/changes/mended/{'0' * 24}.png",
            f"/files/restorations/{code}/changes/other/{key}.png",
            f"/files/restorations/{code}/faces/0/after/{face_key}.jpg",
            f"/files/restorations/{code}/faces/1/before/{face_key}.jpg",
            f"/files/restorations/{code}/faces/0/beside/{face_key}.jpg",
            f"/files/masks/{mask.code}/{'0' * 24}.png",
            f"/files/masks/{uuid4()}/{overlays.mask_key(mask)}.png",
        ):
            assert alice_client.get(wrong).status_code == 404, wrong

    def test_a_restoration_without_a_map(
        self, alice_client: Client, restoration: Restoration
    ) -> None:
        address = f"/files/restorations/{restoration.code}/changes/all/{'0' * 24}.png"
        assert alice_client.get(address).status_code == 404
        page = alice_client.get(reverse("albums:photo", args=[restoration.photo.code]))
        assert "What changed" not in page.content.decode()


class TestPictures:
    def test_the_layers_of_the_map(
        self, alice_client: Client, changes: Changes
    ) -> None:
        mended, whole = (
            np.asarray(
                picture(alice_client, overlays.changes_url(changes, layer)).convert(
                    "RGBA"
                )
            )
            for layer in (Layer.MENDED, Layer.ALL)
        )
        assert mended.shape == whole.shape == (300, 400, 4)
        assert mended[110, 5, 3] > 200
        assert not mended[:100, :, 3].any()
        assert whole[:, :, 3].all()

    def test_faces_with_some_of_what_is_around_them(
        self, alice_client: Client, changes: Changes
    ) -> None:
        before, after = (
            picture(alice_client, overlays.face_url(changes, 0, side)) for side in Side
        )
        # 20 % and 30 % of the sides, and 35 % of that on each side.
        assert before.size == (136, 154)
        assert after.size == (272, 306)

    def test_a_face_in_a_print_that_was_cut_out_aslant(
        self, alice_client: Client, changes: Changes
    ) -> None:
        box = {"crop_left": 50, "crop_top": 50, "crop_right": 250, "crop_bottom": 250}
        Photo.objects.update(**box, crop_angle=4.0, width=200, height=200)
        changes = Changes.objects.select_related("restoration__photo__original").get()
        shown = picture(alice_client, overlays.face_url(changes, 0, Side.BEFORE))
        assert shown.size == (68, 102)

    def test_the_largest_faces_are_shown_from_left_to_right(
        self, restoration: Restoration
    ) -> None:
        faces = [[n / 20, 0.1, n / 20 + 0.01 + n / 1000, 0.2] for n in range(15)]
        boxes = overlays.face_boxes(keep_map(restoration, faces=faces))
        assert len(boxes) == overlays.MOST_FACES
        assert [box.left for box in boxes] == sorted(box.left for box in boxes)
        assert boxes[0].right == pytest.approx(
            100 * (faces[3][2] + 0.013 * 0.35), abs=1
        )

    def test_they_are_made_again_when_pruned(
        self, alice_client: Client, addresses: list[str]
    ) -> None:
        for address in addresses:
            assert alice_client.get(address).status_code == 200
        call_command("prune_renditions", stdout=io.StringIO())
        folder = storage.media("renditions")
        long_ago = time.time() - 7200
        made = [path for path in folder.glob("*/*") if path.suffix in {".png", ".jpg"}]
        for path in made:
            os.utime(path, (long_ago, long_ago))
        call_command("prune_renditions", stdout=io.StringIO())
        assert all(path.exists() for path in made)
        call_command("prune_renditions", all=True, stdout=io.StringIO())
        assert not any(path.exists() for path in made)
        for address in addresses:
            assert alice_client.get(address).status_code == 200


class TestFiles:
    def test_the_first_map_of_a_restoration_stays(self, changes: Changes) -> None:
        assert keep_map(changes.restoration, area=0.5) == changes
        assert Changes.objects.get().area == 0.9

    def test_the_map_goes_with_its_restoration(
        self, changes: Changes, restoration: Restoration
    ) -> None:
        kept = storage.media(changes.path)
        assert kept.exists()
        restoration.delete()
        sweep_uploads(timezone.now() + timedelta(hours=2))
        assert not Changes.objects.exists()
        assert not kept.exists()

    def test_what_rows_name_is_never_swept(self, changes: Changes, mask: Mask) -> None:
        sweep_uploads(timezone.now() + timedelta(days=3))
        assert storage.media(changes.path).exists()
        assert services.mask_file(mask).exists()

    def test_a_missing_map_is_said_so(
        self, alice_client: Client, changes: Changes
    ) -> None:
        path = storage.media(changes.path)
        path.unlink()
        answer = alice_client.get(overlays.changes_url(changes, Layer.ALL))
        assert answer.status_code == 404
        assert answer["Content-Type"] == "image/svg+xml"


def words(changes: Changes) -> str:
    shown = ShownChanges(changes)
    return f"{shown.sentence} {shown.tones}".strip()


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (
            {"area": 0.08, "mended": 0.08, "in_faces": 0.002},
            "8 % of the picture was changed; inside the face almost nothing.",
        ),
        (
            {"area": 0.9, "mended": 0.08, "in_faces": 0.0, "faces": [FACE, FACE]},
            "8 % of the picture was mended, smoothed or sharpened; inside the 2 faces "
            "nothing. Colours or contrast were changed all over it.",
        ),
        (
            {"area": 0.3, "mended": 0.004, "in_faces": None, "faces": []},
            "Less than 1 % of the picture was mended, smoothed or sharpened. Colours or "
            "contrast were changed in parts of it.",
        ),
        (
            {"area": 0.9, "mended": 0.0, "in_faces": 0.0},
            "Nothing was mended, smoothed or sharpened; inside the face nothing. "
            "Colours or contrast were changed all over it.",
        ),
        (
            {"area": 0.2, "mended": 0.2, "in_faces": 0.05},
            "20 % of the picture was changed; the face was changed, too: look closely.",
        ),
        (
            {"area": 0.2, "mended": 0.2, "in_faces": 0.01},
            "20 % of the picture was changed; inside the face a little.",
        ),
        (
            {"area": 0.01, "mended": 0.0, "in_faces": 0.0},
            "Almost nothing was changed; inside the face nothing.",
        ),
        (
            {"area": 0.0001, "mended": 0.0, "in_faces": None},
            "Nothing was changed that one could see.",
        ),
    ],
)
def test_in_plain_words(
    restoration: Restoration, figures: dict[str, Any], said: str
) -> None:
    assert words(keep_map(restoration, **figures)) == said


def test_the_page_shows_it(alice_client: Client, changes: Changes) -> None:
    address = reverse("albums:photo", args=[changes.restoration.photo.code])
    page = alice_client.get(address).content.decode()
    assert 'value="changes"' in page
    assert overlays.changes_url(changes, Layer.MENDED) in page
    assert overlays.changes_url(changes, Layer.ALL) in page
    assert overlays.face_url(changes, 0, Side.AFTER) in page
    assert "Scratches were filled in. (8 % of the picture)" in page
    assert "The grain is fine." not in page
    # Between two restorations nothing is known.
    code = changes.restoration.code
    other = alice_client.get(f"{address}?a={code}&b={code}").content.decode()
    assert 'value="changes"' not in other


def test_the_mode_is_remembered(alice_client: Client, alice: User) -> None:
    asked = {"mode": "changes"}
    answer = alice_client.post(reverse("albums:compare_mode"), asked)
    assert answer.status_code == 204
    alice.refresh_from_db()
    assert alice.compare_mode == "changes"
