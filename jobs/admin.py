"""The desk of whoever looks after the app: how the providers are, and every job with
its attempts. All of it is read-only except for three buttons of a provider
and its price and budget. Pictures
are not shown here, and neither are addresses of results, which are as good as keys."""

from __future__ import annotations

import django_q.admin  # noqa: F401  # registers its pages, so that they can be taken away
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q.models import Failure, OrmQ, Schedule, Success

from albums.models import User
from jobs import accounts, connections, queue
from jobs.admin_money import MONEY, MoneyForm, save_money, used_words
from jobs.clock import db_now
from jobs.models import Attempt, Consent, Event, Job, LedgerLine, ProviderAccount
from jobs.queue import BrokerDown
from jobs.status import provider_label

# The queue's own pages would carry out old rings again and delete the record of them.
# Which of them there are depends on where the rings go.
for _model in filter(admin.site.is_registered, (Failure, OrmQ, Schedule, Success)):
    admin.site.unregister(_model)


class ReadOnly:
    """What happened is not edited away."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class EventLines(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]  # in stubs only
    model = Event
    fields = ("created", "kind", "words", "detail", "milliseconds", "charged", "by")
    readonly_fields = fields
    ordering = ("created", "pk")
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("by")


class AttemptLines(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]  # in stubs only
    model = Attempt
    fields = (
        "number",
        "provider",
        "number_there",
        "state",
        "created",
        "sent",
        "looks",
        "charged",
        "error_code",
        "detail",
    )
    readonly_fields = fields

    @admin.display(description=gettext_lazy("number at the provider"))
    def number_there(self, attempt: Attempt) -> str:
        return number_there(attempt)

    @admin.display(description=gettext_lazy("sent"))
    def sent(self, attempt: Attempt) -> str:
        return sent_words(attempt)


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    list_display = (
        "code",
        "provider",
        "recipe",
        "state",
        "blame",
        "error_code",
        "money_spent",
        "created",
        "finished",
    )
    list_filter = ("state", "provider", "blame", "money_spent", "created")
    search_fields = ("code", "attempts__remote_id")
    search_help_text = gettext_lazy("Reference number, or the number at the provider")
    date_hierarchy = "created"
    ordering = ("-created", "-pk")
    inlines = (AttemptLines, EventLines)
    fields = (
        "code",
        ("provider", "recipe"),
        "options",
        ("state", "hold", "is_trial"),
        ("created", "started", "finished"),
        ("due", "leased_until", "holder", "crashes"),
        ("progress", "stage", "resubmits", "cancel_asked", "agreed_once"),
        ("error_code", "blame"),
        "message",
        "detail",
        ("money_spent", "note"),
    )


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    list_display = (
        "reference",
        "number",
        "provider",
        "number_there",
        "state",
        "charged",
        "error_code",
        "created",
        "finished",
    )
    list_filter = ("state", "provider", "charged", "created")
    list_select_related = ("job",)
    search_fields = ("job__code", "remote_id", "request_key")
    search_help_text = gettext_lazy("Reference number, or the number at the provider")
    ordering = ("-created", "-pk")
    exclude = ("brought", "result_address", "remote_id")
    readonly_fields = ("number_there",)

    @admin.display(description=gettext_lazy("number at the provider"))
    def number_there(self, attempt: Attempt) -> str:
        return number_there(attempt)

    @admin.display(description=gettext_lazy("reference number"))
    def reference(self, attempt: Attempt) -> str:
        return str(attempt.job.code)


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    list_display = ("created", "reference", "kind", "words", "milliseconds", "charged")
    list_filter = ("kind", "charged", "created")
    list_select_related = ("job",)
    search_fields = ("job__code", "attempt__remote_id")
    search_help_text = gettext_lazy("Reference number, or the number at the provider")
    ordering = ("-created", "-pk")

    @admin.display(description=gettext_lazy("reference number"))
    def reference(self, event: Event) -> str:
        return str(event.job.code)


@admin.register(LedgerLine)
class LedgerLineAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    list_display = (
        "created",
        "provider",
        "album",
        "number_there",
        "price",
        "currency",
        "credits",
        "words",
    )
    list_filter = ("provider", "created")
    list_select_related = ("album", "attempt")
    search_fields = ("attempt__job__code", "attempt__remote_id")
    search_help_text = gettext_lazy("Reference number, or the number at the provider")
    date_hierarchy = "created"
    ordering = ("-created", "-pk")

    @admin.display(description=gettext_lazy("number at the provider"))
    def number_there(self, line: LedgerLine) -> str:
        return number_there(line.attempt)


@admin.register(Consent)
class ConsentAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    list_display = ("album", "provider", "by", "created", "price_shown", "withdrawn")
    list_filter = ("provider", "created")
    list_select_related = ("album", "by")
    search_fields = ("album__code", "album__title", "by__email")
    ordering = ("-created", "-pk")


@admin.register(ProviderAccount)
class ProviderAccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # in stubs only
    """A row for each provider is made by `migrate`."""

    list_display = ("name", "key", "state", "sentence", "since", "used", "last_check")
    actions = ("pause", "go_on", "check_now")
    change_form_template = "admin/jobs/provider_account.html"
    form = MoneyForm
    fieldsets = (
        (None, {"fields": ("name", "key", "address")}),
        (
            gettext_lazy("How it is doing"),
            {"fields": ("state", "since", "sentence", "code", "detail", "next_trial")},
        ),
        (gettext_lazy("Money"), {"fields": (*MONEY, "used")}),
        (gettext_lazy("How long it takes"), {"fields": ("half", "nearly")}),
        (gettext_lazy("Last check"), {"fields": ("last_check", "check_words")}),
    )
    readonly_fields = (
        "name",
        "key",
        "address",
        "state",
        "since",
        "sentence",
        "code",
        "detail",
        "next_trial",
        "used",
        "half",
        "nearly",
        "last_check",
        "check_words",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Model, form: object, change: bool
    ) -> None:
        """Only what is typed in, and only with its own button: workers change the rest
        of the row all the time."""
        if "_save" in request.POST and isinstance(obj, ProviderAccount):
            save_money(obj)
            messages.success(request, _("Saved."))

    def response_change(
        self, request: HttpRequest, obj: ProviderAccount
    ) -> HttpResponse:
        chosen = ProviderAccount.objects.filter(pk=obj.pk)
        for name in self.actions:
            if f"_{name}" in request.POST:
                getattr(self, name)(request, chosen)
        return self.response_post_save_change(request, obj)

    @admin.action(description=gettext_lazy("Pause: hold its photos"))
    def pause(self, request: HttpRequest, rows: QuerySet[ProviderAccount]) -> None:
        for row in rows:
            accounts.pause(row.provider, by=_person(request))
            said = _("%(provider)s is paused. Its photos wait; none of them fails.")
            messages.success(request, said % _label(row))

    @admin.action(description=gettext_lazy("Go on: let its photos go"))
    def go_on(self, request: HttpRequest, rows: QuerySet[ProviderAccount]) -> None:
        for row in rows:
            accounts.go_on(row.provider, by=_person(request))
            said = _("%(provider)s goes on, and so do the photos that were on hold.")
            messages.success(request, said % _label(row))

    @admin.action(description=gettext_lazy("Check key and address"))
    def check_now(self, request: HttpRequest, rows: QuerySet[ProviderAccount]) -> None:
        for row in rows:
            self._check(request, row)

    def _check(self, request: HttpRequest, row: ProviderAccount) -> None:
        asked = ProviderAccount.objects.filter(pk=row.pk)
        asked.update(check_asked=db_now())
        try:
            queue.ring_check(row.provider)
        except BrokerDown:
            asked.update(check_asked=None)
            messages.error(request, _("The worker cannot be reached. Is it running?"))
            return
        said = _("%(provider)s is being checked. Load this page again in a moment.")
        messages.info(request, said % _label(row))

    @admin.display(description=gettext_lazy("provider"), ordering="provider")
    def name(self, row: ProviderAccount) -> str:
        return provider_label(row.provider)

    @admin.display(description=gettext_lazy("key is set"), boolean=True)
    def key(self, row: ProviderAccount) -> bool:
        return connections.has_key(row.provider)

    @admin.display(description=gettext_lazy("where pictures go"))
    def address(self, row: ProviderAccount) -> str:
        return connections.sends_to(row.provider)

    @admin.display(description=gettext_lazy("restorations this month"))
    def used(self, row: ProviderAccount) -> str:
        return used_words(row)

    @admin.display(description=gettext_lazy("half are done after"))
    def half(self, row: ProviderAccount) -> str:
        return _seconds(row.half_done)

    @admin.display(description=gettext_lazy("nearly all are done after"))
    def nearly(self, row: ProviderAccount) -> str:
        return _seconds(row.nearly_done)

    @admin.display(description=gettext_lazy("last check"))
    def last_check(self, row: ProviderAccount) -> str:
        if row.check_asked:
            asked = {"time": f"{row.check_asked:%Y-%m-%d %H:%M:%S}"}
            return _("asked for at %(time)s, not done yet") % asked
        return f"{row.checked:%Y-%m-%d %H:%M:%S}" if row.checked else _("never")


def sent_words(attempt: Attempt) -> str:
    if attempt.sent_bytes is None:
        return ""
    size = f"{attempt.sent_width} × {attempt.sent_height}"
    return _("%(size)s, %(bytes)d bytes") % {"size": size, "bytes": attempt.sent_bytes}


def number_there(attempt: Attempt) -> str:
    return connections.shown_id(attempt.provider, attempt.remote_id)


def _label(row: ProviderAccount) -> dict[str, str]:
    return {"provider": provider_label(row.provider)}


def _seconds(seconds: float | None) -> str:
    return _("not known yet") if seconds is None else _("%.0f seconds") % seconds


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  # the administration is signed in
    return request.user
