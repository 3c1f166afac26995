"""What the albums tell to whoever listens; they know nobody by name."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that stores the photo: `photo`, `by` (a User), `wish`
# (the recipe asked for, "" to only keep it) and `batch` (a UUID shared by all photos
# of one click).
photo_uploaded = Signal()

# Sent inside the transaction in which somebody says what they think of a picture:
# `restoration`, and `verdict`, what is wrong with it ("" where it is kept).
restoration_judged = Signal()
