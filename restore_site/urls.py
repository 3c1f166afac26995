from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_safe

from albums.welcome import welcome

# The administration has no sign-in of its own: limits on tries would not count there.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@require_safe
def ping(request: HttpRequest) -> HttpResponse:
    """Is the web server up? Touches nothing."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("", include("albums.urls")),
    path("", include("jobs.urls")),
    path("welcome/<str:token>/", welcome, name="welcome"),
    path("accounts/", include("restore_site.account_urls")),
    path("admin/", admin.site.urls),
    path("ping", ping, name="ping"),
]
