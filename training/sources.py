"""Which clean photographs may be learned from, and which are kept for measuring.

The two never meet: a name is in one list only, and `learnable` refuses a picture that
looks like one that is held out, whatever its name.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from training import photographs

Picture = NDArray[np.uint8]

# Beside the working tree, where it exists.
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "clean"

# From scikit-image's package; licences are in docs/models.
LEARNED = ("chelsea", "rocket", "brick", "grass", "gravel", "moon", "retina", "hubble")
LEARNED_CORPUS = ("skl_flower", "dd_detroit1915", "dd_boy1945", "dd_keller1919")
TUNED_CORPUS = ("dd_newyork1931",)
HELD_OUT = ("astronaut", "coffee", "motorcycle", "camera", "coins")
HELD_OUT_CORPUS = (
    "ski_astronaut",
    "ski_coffee",
    "ski_motorcycle",
    "skl_china",
    "dd_buffalo1908",
    "dd_broadway1905",
    "dd_migrant1936",
    "dd_armstrong1946",
    "dd_einstein",
)
_THUMB = 24
_SAME = 0.75


class HeldOut(Exception):
    """A picture kept for measuring was about to be learned from."""


def learnable() -> dict[str, Picture]:
    """Clean photographs that networks may see, by name. Raises HeldOut."""
    pictures = {name: _of_package(name) for name in LEARNED}
    pictures |= {name: _of_corpus(name) for name in LEARNED_CORPUS if _exists(name)}
    pictures |= photographs.photographs(photographs.LEARNED)
    kept = held_out()
    for name, picture in pictures.items():
        refuse_held_out(name, picture, kept)
    return pictures


def tunable() -> dict[str, Picture]:
    """Clean photographs to choose thresholds on, by name; nothing is learned from them."""
    pictures = {name: _of_corpus(name) for name in TUNED_CORPUS if _exists(name)}
    return pictures | photographs.photographs(photographs.TUNED)


def held_out() -> dict[str, Picture]:
    """Clean photographs for measuring only, by name; each once."""
    pictures = {name: _of_corpus(name) for name in HELD_OUT_CORPUS if _exists(name)}
    for name in HELD_OUT:
        if f"ski_{name}" not in pictures:
            pictures[name] = _of_package(name)
    return pictures


def refuse_held_out(name: str, picture: Picture, kept: dict[str, Picture]) -> None:
    """Raise HeldOut for a name that is held out, or a look like one that is `kept`."""
    if name in HELD_OUT + HELD_OUT_CORPUS:
        raise HeldOut(name)
    thumb = _thumb(picture)
    for other in map(_thumb, kept.values()):
        if max(np.mean(thumb * other), np.mean(thumb[:, ::-1] * other)) > _SAME:
            raise HeldOut(name)


def _thumb(picture: Picture) -> NDArray[np.float64]:
    """Grey, 24 by 24, mean 0, spread 1."""
    grey = picture if picture.ndim == 2 else picture.mean(axis=2)
    small = cv2.resize(
        grey.astype(np.float32), (_THUMB, _THUMB), interpolation=cv2.INTER_AREA
    ).astype(np.float64)
    return np.asarray((small - small.mean()) / max(float(small.std()), 1e-6))


def _of_package(name: str) -> Picture:
    functions = {
        "motorcycle": lambda: data.stereo_motorcycle()[0],
        "hubble": data.hubble_deep_field,
    }
    load = functions.get(name) or getattr(data, name)
    return np.ascontiguousarray(load()[..., :3] if load().ndim == 3 else load())


def _exists(name: str) -> bool:
    return any(CORPUS.glob(f"{name}.*"))


def _of_corpus(name: str) -> Picture:
    path = next(CORPUS.glob(f"{name}.*"))
    return opened(path)


def opened(path: Path) -> Picture:
    """A file as (h, w, 3) RGB, or (h, w) where it has no colours."""
    pixels = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8)
    picture = np.ascontiguousarray(pixels[:, :, ::-1])
    spread = float(np.ptp(picture.astype(int), axis=2).mean())
    return picture[:, :, 1].copy() if spread < 6 else picture
