"""What a provider fetches from us, without signing in: whoever knows the address gets
the copy, as long as there is one."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from jobs import source_links

HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@require_safe
def source(request: HttpRequest, name: str) -> HttpResponseBase:
    """The copy, and counted: the one GET that writes something. Everything else gets
    the same short answer, so that nothing can be learned from it."""
    is_read = request.method == "GET"
    found = source_links.open_copy(name, is_read=is_read)
    if found is None:
        return HttpResponse(
            "There is nothing here.\n",
            status=404,
            content_type="text/plain",
            headers=HEADERS,
        )
    about = {**HEADERS, "Content-Length": str(found.size)}
    if not is_read:
        found.file.close()
        return HttpResponse(content_type=found.media_type, headers=about)
    response = FileResponse(found.file, content_type=found.media_type, headers=about)
    # It would tell the copy's name here.
    del response["Content-Disposition"]
    return response
