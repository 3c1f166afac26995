from __future__ import annotations

from django.urls import path

from jobs import mask_views, provider_views, restore_views, source_views, views

app_name = "jobs"

urlpatterns = [
    path("s/<str:name>", source_views.source, name="source"),
    path("activity/", views.activity, name="activity"),
    path("activity/progress/", views.activity_progress, name="activity_progress"),
    path("albums/<uuid:code>/progress/", views.album_progress, name="album_progress"),
    path(
        "albums/<uuid:code>/providers/",
        provider_views.album_providers,
        name="album_providers",
    ),
    path("photos/<uuid:code>/progress/", views.photo_progress, name="photo_progress"),
    path("photos/<uuid:code>/restore/", restore_views.start, name="start"),
    path("photos/<uuid:code>/damage/", mask_views.marks, name="marks"),
    path(
        "photos/<uuid:code>/damage/progress/",
        mask_views.marks_progress,
        name="marks_progress",
    ),
    path("photos/<uuid:code>/damage/find/", mask_views.find_marks, name="find_marks"),
    path(
        "photos/<uuid:code>/damage/repair/",
        mask_views.repair_marked,
        name="repair_marked",
    ),
    path(
        "photos/<uuid:code>/prints/leave/",
        restore_views.leave_prints,
        name="leave_prints",
    ),
    path("albums/<uuid:code>/restore/", restore_views.choose, name="choose"),
    path("albums/<uuid:code>/restore/options/", restore_views.options, name="options"),
    path(
        "albums/<uuid:code>/elsewhere/",
        provider_views.send_all_elsewhere,
        name="send_all_elsewhere",
    ),
    path("albums/<uuid:code>/cap/", provider_views.album_cap, name="album_cap"),
    path("jobs/<uuid:code>/cancel/", views.cancel, name="cancel"),
    path("jobs/<uuid:code>/retry/", views.retry, name="retry"),
    path(
        "jobs/<uuid:code>/elsewhere/",
        provider_views.send_elsewhere,
        name="send_elsewhere",
    ),
]
