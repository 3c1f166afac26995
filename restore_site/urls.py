from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def ping(request: HttpRequest) -> HttpResponse:
    """Is the web server up? Touches nothing."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("", include("albums.urls")),
    path("", include("jobs.urls")),
    path("accounts/", include("restore_site.account_urls")),
    path("admin/", admin.site.urls),
    path("ping", ping, name="ping"),
]
