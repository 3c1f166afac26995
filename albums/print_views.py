"""The prints of a page: their boxes, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from albums import prints
from albums.box_forms import NUMBERS, Row, boxes_in, rows_of, typed_rows
from albums.models import Photo
from albums.prints import BadBox, Cut, PrintBox
from albums.signals import prints_wanted
from albums.signed_in import SignedInRequest


@require_http_methods(["GET", "POST"])
@login_required
def boxes(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Boxes over the page: looked at, and cut again."""
    page = page_to_change(request, code)
    if page.lies_on is not None:
        return redirect("albums:boxes", page.lies_on.code)
    there = prints.prints_of(page)
    if request.method == "GET":
        return _editor(request, page, rows_of(there))
    try:
        wanted = boxes_in(request.POST)
        gone = _missed(there, wanted)
        if gone and not request.POST.get("agreed"):
            return _ask(request, page, gone, len(wanted))
        restore = bool(request.POST.get("restore"))
        cut = prints.cut(page, wanted, by=request.user, wanted=restore)
    except BadBox as error:
        messages.error(request, error.sentence)
        return _editor(request, page, typed_rows(request.POST, there), status=422)
    messages.success(request, _told(cut))
    return redirect("albums:photo", page.code)


@require_POST
@login_required
def make_one(request: SignedInRequest, code: UUID) -> HttpResponse:
    page = page_to_change(request, code)
    if prints.make_one(page, by=request.user):
        messages.success(
            request,
            _(
                "It is one photo again. The prints are set aside: you find them under "
                "“Prints on this scan”."
            ),
        )
    return redirect("albums:photo", page.code)


@require_POST
@login_required
def bring_back(request: SignedInRequest, code: UUID) -> HttpResponse:
    """One print that was set aside, or those that went last."""
    page = page_to_change(request, code)
    wanted = request.POST.get("print", "")
    codes = [UUID(wanted)] if _is_code(wanted) else []
    back = prints.bring_back(page, codes, by=request.user)
    words = ngettext("%d print is back.", "%d prints are back.", len(back))
    messages.success(request, words % len(back))
    return redirect("albums:photo", page.code)


@require_POST
@login_required
def look(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Have the scan looked at for prints."""
    page = page_to_change(request, code)
    if not page.is_page and not page.is_print:
        prints_wanted.send(sender=Photo, photo=page, by=request.user)
    return redirect("albums:photo", page.code)


def page_to_change(request: SignedInRequest, code: UUID) -> Photo:
    photos = Photo.objects.editable_by(request.user)
    whole = photos.select_related("album", "original", "lies_on")
    return get_object_or_404(whole, code=code)


def _is_code(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _missed(there: list[Photo], wanted: Collection[PrintBox]) -> list[Photo]:
    """Prints that would go and are more than a box."""
    named = {box.code for box in wanted}
    gone = [one for one in there if one.code not in named]
    return [one for one in gone if prints.has_something(one)]


def _editor(
    request: SignedInRequest, page: Photo, rows: list[Row], *, status: int = 200
) -> HttpResponse:
    context = {
        "photo": page,
        "rows": rows,
        "set_aside": prints.set_aside_of(page),
        "empty": Row(len(rows) + 1, dict.fromkeys(NUMBERS, "")),
        "badge": round(max(page.width, page.height) / 40),
    }
    return render(request, "albums/boxes.html", context, status=status)


def _ask(
    request: SignedInRequest, page: Photo, gone: list[Photo], left: int
) -> HttpResponse:
    """Nothing that is more than a box goes without a question."""
    sent = [
        (name, value)
        for name, value in request.POST.items()
        if name != "csrfmiddlewaretoken"
    ]
    context = {"photo": page, "gone": gone, "left": left, "sent": sent}
    return render(request, "albums/boxes_check.html", context)


def _told(cut: Cut) -> str:
    new, changed, aside = len(cut.new), len(cut.changed), len(cut.set_aside)
    said = [
        ngettext("%d new print", "%d new prints", new) % new if new else "",
        ngettext("%d cut again", "%d cut again", changed) % changed if changed else "",
        ngettext("%d set aside", "%d set aside", aside) % aside if aside else "",
    ]
    words = ", ".join(part for part in said if part)
    return _("Done: %(what)s.") % {"what": words} if words else _("Nothing to change.")
