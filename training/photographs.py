"""Photographs in Debian packages that may be learned from, and fetching them.

    python -m training.photographs

fetches with apt-get and dpkg-deb what is not there, into .cache/photographs. Without
them training still runs, on fewer pictures. Who made which stands in
docs/models/photographs.md.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

Picture = NDArray[np.uint8]

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "photographs"
# Prints are scanned with so many pixels; more would only be smooth.
LONGEST = 1600

_LOMIRI = "usr/share/backgrounds/{}.jpg"
_MATE = "usr/share/backgrounds/mate/nature/{}.jpg"
_PLASMA = "usr/share/wallpapers/{}/contents/images/2560x1600.jpg"
_OPENCV = "usr/share/doc/opencv-doc/examples/{}"

# By package: where in it a name is found, and the names to learn from.
LEARNED: dict[str, tuple[str, tuple[str, ...]]] = {
    "lomiri-wallpapers-16.04": (
        _LOMIRI,
        (
            "Bridge_by_Sander_Klootwijk",
            "Dragonfly_by_Bolly",
            "Picture_0B_by_freespace",
            "Picture_1A_by_freespace",
            "aitzgorri_by_Aitzol_Berasategi",
            "free_by_Peter_Nerlich",
            "greentock_by_Peter_Nerlich",
            "life_by_Aitzol_Berasategi",
            "picosdeeuropa_by_Aitzol_Berasategi",
            "seeding_by_Clements_Engelhardt",
            "sunset_by_Aitzol_Berasategi",
        ),
    ),
    "mate-backgrounds": (
        _MATE,
        (
            "Aqua",
            "Blinds",
            "Dune",
            "Garden",
            "GreenMeadow",
            "LadyBird",
            "RainDrops",
            "Storm",
            "Wood",
            "YellowFlower",
        ),
    ),
    "plasma-workspace-wallpapers": (
        _PLASMA,
        (
            "BytheWater",
            "ColdRipple",
            "ColorfulCups",
            "DarkestHour",
            "FallenLeaf",
            "Grey",
            "Kite",
            "OneStandsOut",
            "Path",
            "summer_1am",
        ),
    ),
    "opencv-doc": (
        _OPENCV,
        (
            "data/aero1.jpg",
            "data/aloeL.jpg",
            "data/basketball1.png",
            "data/board.jpg",
            "data/box_in_scene.png",
            "data/butterfly.jpg",
            "data/chicky_512.png",
            "data/ela_original.jpg",
            "data/fruits.jpg",
            "data/graf1.png",
            "data/home.jpg",
            "data/left.jpg",
            "data/rubberwhale1.png",
            "data/squirrel_cls.jpg",
            "data/stuff.jpg",
            "alphamat/input_images/plant.jpg",
            "hfs/data/000.jpg",
            "hfs/data/001.jpg",
            "hfs/data/002.jpg",
            "text/scenetext01.jpg",
            "text/scenetext02.jpg",
            "text/scenetext03.jpg",
            "text/scenetext04.jpg",
            "text/scenetext_segmented_word01.jpg",
            "text/scenetext_segmented_word04.jpg",
        ),
    ),
}
# For choosing thresholds; never learned from.
TUNED: dict[str, tuple[str, tuple[str, ...]]] = {
    "lomiri-wallpapers-16.04": (
        _LOMIRI,
        ("Wine_by_Jakkub_Mede", "friends_by_Aitzol_Berasategi"),
    ),
    "lomiri-wallpapers-20.04": (_LOMIRI, ("Kleiber_by_Lukas_Baubkus",)),
    "mate-backgrounds": (_MATE, ("TwoWings",)),
    "plasma-workspace-wallpapers": (_PLASMA, ("EveningGlow",)),
    "opencv-doc": (
        _OPENCV,
        (
            "data/building.jpg",
            "data/leuvenA.jpg",
            "text/scenetext05.jpg",
            "text/scenetext06.jpg",
        ),
    ),
}


def photographs(wanted: dict[str, tuple[str, tuple[str, ...]]]) -> dict[str, Picture]:
    """Those that are there, by name, (h, w, 3) RGB of at most 1600 pixels a side."""
    found = {}
    for package, (place, names) in wanted.items():
        for name in names:
            path = FOLDER / package / place.format(name)
            if path.exists():
                found[f"{package}/{name}"] = _opened(path)
    return found


def fetch() -> None:
    """Fetch the packages that are not there; says which cannot be had."""
    for package in sorted({*LEARNED, *TUNED}):
        if not (FOLDER / package).exists():
            _fetch_package(package)


def _fetch_package(package: str) -> None:
    programs = [shutil.which("apt-get"), shutil.which("dpkg-deb")]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        # apt fetches as another user.
        Path(folder).chmod(0o755)
        try:
            if None in programs:
                raise FileNotFoundError("apt-get, dpkg-deb")
            words = [str(programs[0]), "download", "--quiet", package]
            _run(words, folder)
            archive = next(Path(folder).glob("*.deb"))
            unpacked = Path(folder) / "unpacked"
            words = [str(programs[1]), "-x", str(archive), str(unpacked)]
            _run(words, folder)
        except (OSError, subprocess.CalledProcessError, StopIteration) as trouble:
            logger.warning(
                "%s cannot be fetched, so does without: %s", package, trouble
            )
            return
        unpacked.rename(FOLDER / package)


def _run(words: list[str], folder: str) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True)  # noqa: S603 names of our own


def _opened(path: Path) -> Picture:
    pixels = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8)
    picture = np.ascontiguousarray(pixels[:, :, ::-1])
    scale = LONGEST / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    fetch()
