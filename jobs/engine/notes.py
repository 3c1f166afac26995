"""What the engine tells the family. Each text is whole, so that it can be translated."""

from __future__ import annotations

from enum import StrEnum


class Note(StrEnum):
    SWITCHED_OFF = "This step was switched off."
    TOO_SMALL = "The picture is too small for this step."

    NO_SCRATCHES = "Nothing to mend: the scan has no scratches that we could find."
    NOTHING_MARKED = "Nothing to mend: no place was marked."
    MENDED_AS_MARKED = "The places that were marked were filled in from around them."
    MENDED = "Scratches and dust were filled in from what is around them."
    MENDED_BUT_FACES = (
        "Scratches and dust were filled in. Marks on a face that may belong to it were"
        " left alone."
    )
    FACES_SPARED = (
        "Marks on a face that may belong to it were left alone; no other scratches were"
        " found."
    )

    FINE_GRAIN = "The grain is fine enough to leave as it is."
    GRAIN_SOFTENED = "The grain was softened as far as it hid detail."

    COLOURS_SOUND = "The colours are sound: nothing was changed."
    NO_COLOURS = "A picture without colours: its tone was kept."
    COLOURS_BACK = "Faded colours were brought back and the colour cast was taken out."

    CONTRAST_SOUND = "Black and white are both there: nothing was changed."
    CONTRAST_BACK = "Black and white were brought back."

    SHARP = "The picture is sharp enough."
    SHARPENED = "The picture was sharpened a little."

    ENLARGED = "The picture was enlarged."
