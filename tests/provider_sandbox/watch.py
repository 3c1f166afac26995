"""What no request may carry, looked for in all of them: metadata in a picture, a name,
a key on a host that is not its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from tests.provider_sandbox.bare import beside_the_picture
from tests.provider_sandbox.wire import Seen

# Made from a request's key, in hexadecimal, and nothing else.
NEUTRAL = re.compile(r"[0-9a-f-]{4,36}(\.(jpg|jpeg|png|webp))?")
# Says which colours are meant, and is the same for every photo.
SRGB = b"sRGB"
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF")


@dataclass
class Watch:
    """`keys` by provider; `found` are the violations, in words."""

    keys: Mapping[str, str]
    found: list[str] = field(default_factory=list)

    def look(self, host: str, seen: Seen) -> None:
        self._look_for_keys(host, seen)
        for data in _pictures_in(seen):
            self.look_into(host, data)
        for part in seen.parts.values():
            if part.filename is not None and not NEUTRAL.fullmatch(part.filename):
                self.note(host, f"a file was named {part.filename!r}")

    def note(self, host: str, words: str) -> None:
        self.found.append(f"{host}: {words}")

    def _look_for_keys(self, host: str, seen: Seen) -> None:
        said = f"{seen.path} {dict(seen.headers)}".encode() + seen.body
        for owner, key in self.keys.items():
            if owner != host and key.encode() in said:
                self.note(host, f"the key of {owner} was sent there")
            if owner == host and key.encode() in seen.path.encode() + seen.body:
                self.note(host, "the key was sent outside of its header")

    def look_into(self, host: str, data: bytes) -> None:
        try:
            with Image.open(BytesIO(data)) as picture:
                tags = dict(picture.getexif())
                profile = picture.info.get("icc_profile") or SRGB
        except UnidentifiedImageError:
            self.note(host, "something was sent as a picture that is none")
            return
        notes = beside_the_picture(data)
        if SRGB not in profile.replace(b"\0", b""):
            notes.append("icc_profile")
        if notes or tags:
            self.note(host, f"a picture carried {notes} {tags}")


def _pictures_in(seen: Seen) -> list[bytes]:
    parts = [part.data for part in seen.parts.values() if part.filename is not None]
    if seen.body.startswith(SIGNATURES):
        parts.append(seen.body)
    return parts
