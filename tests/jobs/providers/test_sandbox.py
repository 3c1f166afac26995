"""The sandbox tells of what must never be sent, so that every test that uses it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import pytest
import requests
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from jobs.providers import picwish
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.bare import beside_the_picture

FINE = {"sync": "0", "restoration_type": "0", "change_color": "0"}
IMAGE = {
    "image_name": "4a1f.jpg",
    "content_type": "image/jpeg",
    "privacy": False,
    "lens_correction": False,
    "vertical_correction": False,
    "sky_replacement": False,
}


def drawn(kind: str = "JPEG", **told: Any) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, kind, **told)
    return out.getvalue()


def turned() -> bytes:
    tags = Image.Exif()
    tags[0x0112] = 6
    return tags.tobytes()


def placed() -> bytes:
    tags = Image.Exif()
    tags.get_ifd(0x8825)[1] = "N"
    return tags.tobytes()


def captioned() -> PngInfo:
    note = PngInfo()
    note.add_text("Author", "canary")
    return note


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Without the check at its end."""
    sandbox = Sandbox().__enter__()
    for vendor in sandbox.vendors.values():
        vendor.rate = 1000
    yield sandbox
    sandbox.watch.found.clear()
    sandbox.__exit__(None, None, None)


def send(
    sandbox: Sandbox,
    fields: Mapping[str, str] = FINE,
    photo: bytes = b"",
    name: str = "4a1f.jpg",
) -> list[str]:
    """To PicWish; what was noted."""
    requests.post(
        sandbox.base_url + picwish.PATH,
        data=fields,
        files={"image_file": (name, photo or drawn())},
        headers={"X-API-KEY": sandbox.picwish.key},
        timeout=5,
    )
    return sandbox.watch.found


def test_a_careful_request_is_none_of_them(sandbox: Sandbox) -> None:
    assert send(sandbox) == []


def test_whoever_leaves_it_is_told() -> None:
    with pytest.raises(AssertionError, match="change_color"), Sandbox() as sandbox:
        send(sandbox, {"sync": "0"})


@pytest.mark.parametrize(
    "fields",
    [
        {"sync": "0", "restoration_type": "0"},
        {"change_color": "0", "restoration_type": "0"},
        {**FINE, "return_type": "1"},
        {**FINE, "callback_url": "https://example.org"},
        {**FINE, "restoration_type": "7"},
        {**FINE, "model_type": "1"},
        {**FINE, "image_url": "https://example.org/s/a.jpg"},
    ],
)
def test_fields_of_picwish(sandbox: Sandbox, fields: Mapping[str, str]) -> None:
    assert send(sandbox, fields)


@pytest.mark.parametrize(
    "photo",
    [
        drawn(exif=turned()),
        drawn(exif=placed()),
        drawn(comment=b"canary"),
        drawn(xmp=b"<x:xmpmeta/>"),
        drawn("PNG", pnginfo=captioned()),
        drawn("PNG", exif=turned()),
        drawn("WEBP", exif=turned()),
        drawn("WEBP", xmp=b"<x:xmpmeta/>"),
        drawn() + b"canary",
        drawn("PNG") + b"canary",
        drawn("WEBP") + b"canary",
        drawn()[:2] + b"\xff\xec\x00\x08canary" + drawn()[2:],
    ],
)
def test_what_a_picture_tells(sandbox: Sandbox, photo: bytes) -> None:
    assert beside_the_picture(photo)
    assert "carried" in send(sandbox, photo=photo)[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("told", [{}, {"progressive": True}, {"lossless": True}])
def test_a_bare_picture_tells_nothing(kind: str, told: Mapping[str, bool]) -> None:
    assert beside_the_picture(drawn(kind, **told)) == []


def test_the_familys_own_name_of_a_file(sandbox: Sandbox) -> None:
    assert send(sandbox, name="grandmother.jpg")


@pytest.mark.parametrize("host", ["storage", "results", "claid"])
def test_a_key_on_another_host(sandbox: Sandbox, host: str) -> None:
    headers = {"x-api-key": sandbox.picwish.key}
    requests.get(f"{sandbox.url_of(host)}/picwish/a.jpg", headers=headers, timeout=5)
    assert any("key of picwish" in words for words in sandbox.watch.found)


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("privacy", "lens_correction", "sky_replacement")),
        {"vertical_correction": None},
        {"privacy": True},
        {"hdr": True},
        {"image_name": "grandmother"},
    ],
)
def test_fields_of_autoenhance(sandbox: Sandbox, changes: dict[str, object]) -> None:
    asked = {**IMAGE, **changes}
    requests.post(
        f"{sandbox.url_of('autoenhance')}/v3/images/",
        json={name: value for name, value in asked.items() if value is not None},
        headers={"x-api-key": sandbox.autoenhance.key, "x-api-version": "2025-08-31"},
        timeout=5,
    )
    assert sandbox.watch.found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/get-upload-url", {"originalFileName": "grandmother.jpg"}),
        ("/get-task-status", {"taskId": "a", "more": 1}),
        ("/complete-multipart-upload", {}),
    ],
)
def test_calls_of_upscayl(sandbox: Sandbox, path: str, body: dict[str, object]) -> None:
    whole = {"fileType": "image/jpeg", "fileSize": 10} if "upload-url" in path else {}
    requests.post(
        sandbox.url_of("upscayl") + path,
        json={"data": {**whole, **body}},
        headers={"X-API-Key": sandbox.upscayl.key},
        timeout=5,
    )
    assert sandbox.watch.found


@pytest.mark.parametrize(
    "operations",
    [
        {"resizing": {"width": 10}},
        {"privacy": {"identity_crop": True}},
        {"generative": {"style_transfer": {}}},
        {"sharpen": {}},
    ],
)
def test_operations_of_claid(sandbox: Sandbox, operations: dict[str, object]) -> None:
    address = f"{sandbox.url_of('results')}/s/{'a' * 32}.jpg"
    requests.post(
        f"{sandbox.url_of('claid')}/v1/image/edit/async",
        json={"input": address, "operations": operations},
        headers={"Authorization": f"Bearer {sandbox.claid.key}"},
        timeout=5,
    )
    assert sandbox.watch.found


def test_no_address_but_that_of_a_copy_is_given_away(sandbox: Sandbox) -> None:
    sandbox.claid.fetch_source("http://127.0.0.1:1/originals/grandmother.jpg")
    assert "no address of a copy" in sandbox.watch.found[0]


def test_a_route_that_no_document_has(sandbox: Sandbox) -> None:
    headers = {"x-api-key": sandbox.autoenhance.key, "x-api-version": "2025-08-31"}
    address = f"{sandbox.url_of('autoenhance')}/v3/images/a/process"
    requests.patch(address, json={}, headers=headers, timeout=5)
    assert "PATCH" in sandbox.watch.found[0]
