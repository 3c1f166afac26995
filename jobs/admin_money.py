"""What the administrator says about money: prices, and how many restorations a month."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs import money, over_budget
from jobs.models import AlbumCap, ProviderAccount

if TYPE_CHECKING:
    MoneyModelForm = forms.ModelForm[ProviderAccount]
else:
    MoneyModelForm = forms.ModelForm

MONEY = ("price", "currency", "monthly_cap")


class MoneyForm(MoneyModelForm):
    """The only fields of a provider's row that a person types in."""

    class Meta:
        model = ProviderAccount
        fields = MONEY
        help_texts = {
            "price": gettext_lazy(
                "As you know it from the provider's price list. Shown before photos are "
                "sent, and kept with each one that is charged."
            ),
            "currency": gettext_lazy("Three letters, such as EUR."),
            "monthly_cap": gettext_lazy(
                "Further photos wait for the next month. Empty: no limit. 0: none at all."
            ),
        }

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"].upper()
        if currency and not (len(currency) == 3 and currency.isascii()):
            raise forms.ValidationError(_("Write three letters, such as EUR."))
        return currency

    def clean_price(self) -> Decimal | None:
        price: Decimal | None = self.cleaned_data["price"]
        if price is not None and price < 0:
            raise forms.ValidationError(_("A price is not below zero."))
        return price

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("price") and not self.cleaned_data.get("currency"):
            self.add_error("currency", _("Say in which currency the price is."))


def save_money(row: ProviderAccount) -> None:
    """Nothing else of the row, which workers change all the time."""
    said = {name: getattr(row, name) for name in MONEY}
    ProviderAccount.objects.filter(pk=row.pk).update(**said)
    over_budget.let_go()


def used_words(row: ProviderAccount) -> str:
    """As in "12 of 100"."""
    used = money.used_of_provider(row.provider)
    if row.monthly_cap is None:
        return str(used)
    return _("%(used)d of %(limit)d") % {"used": used, "limit": row.monthly_cap}


@admin.register(AlbumCap)
class AlbumCapAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    """How many restorations a month an album may buy, of all providers together."""

    list_display = ("album", "owner", "monthly_cap")
    list_select_related = ("album__owner",)
    search_fields = ("album__title", "album__code", "album__owner__email")

    @admin.display(description=gettext_lazy("owner"))
    def owner(self, cap: AlbumCap) -> str:
        return str(cap.album.owner)

    def save_model(
        self, request: HttpRequest, obj: Model, form: object, change: bool
    ) -> None:
        obj.save()
        over_budget.let_go()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        obj.delete()
        over_budget.let_go()
