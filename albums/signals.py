"""What the albums tell to whoever listens; they know nobody by name."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that stores the photo: `photo`, `by` (a User), `wish`
# (the recipe asked for, "" to only keep it), `batch` (a UUID shared by all photos of
# one click) and `cut_pages` (whether to look for prints first).
photo_uploaded = Signal()

# Sent inside the transaction in which somebody says what they think of a picture:
# `restoration`, and `verdict`, what is wrong with it ("" where it is kept).
restoration_judged = Signal()

# Sent inside the transaction that cuts them: the `page`, `prints`, new ones and those whose
# box was changed, `by`, and `wanted`: whether they are to be restored as the album says.
prints_cut = Signal()

# Sent inside the transaction that takes them out of the album: `prints` and `by`.
prints_set_aside = Signal()

# Sent inside the transaction in which somebody says that a page is one photo after all:
# `photo` and `by`.
made_one = Signal()

# Somebody wants prints to be looked for on a scan that is in the album already: `photo`
# and `by`.
prints_wanted = Signal()
