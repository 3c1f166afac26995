from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from albums.models import Album

if TYPE_CHECKING:
    AlbumModelForm = forms.ModelForm[Album]
else:
    AlbumModelForm = forms.ModelForm


class AlbumForm(AlbumModelForm):
    class Meta:
        model = Album
        fields = ["title"]
        labels = {"title": _("What should the album be called?")}
        help_texts = {
            "title": _("For example “Summer 1962” or “Grandma's wedding”."),
        }
        widgets = {
            "title": forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
        }
