from __future__ import annotations

from django.urls import path

from albums import file_views, photo_views, print_views, upload_views, views

app_name = "albums"

urlpatterns = [
    path("", views.albums, name="albums"),
    path("albums/new/", views.new_album, name="new_album"),
    path("albums/<uuid:code>/", views.album, name="album"),
    path("albums/<uuid:code>/add/", views.add, name="add"),
    path("photos/<uuid:code>/", photo_views.photo, name="photo"),
    path("photos/<uuid:code>/pictures/", photo_views.pictures, name="pictures"),
    path("photos/<uuid:code>/title/", photo_views.retitle, name="retitle"),
    path(
        "photos/<uuid:code>/keep-original/",
        photo_views.keep_original,
        name="keep_original",
    ),
    path("photos/<uuid:code>/prints/", print_views.boxes, name="boxes"),
    path("photos/<uuid:code>/prints/look/", print_views.look, name="look_for_prints"),
    path("photos/<uuid:code>/prints/back/", print_views.bring_back, name="bring_back"),
    path("photos/<uuid:code>/one-photo/", print_views.make_one, name="make_one"),
    path("restorations/<uuid:code>/keep/", photo_views.keep, name="keep"),
    path(
        "restorations/<uuid:code>/not-quite/", photo_views.not_quite, name="not_quite"
    ),
    path("me/compare-mode/", photo_views.compare_mode, name="compare_mode"),
    path(
        "files/photos/<uuid:code>/<str:size>/<str:key>.jpg",
        file_views.photo_file,
        name="photo_file",
    ),
    path(
        "files/restorations/<uuid:code>/<str:size>/<str:key>.jpg",
        file_views.restoration_file,
        name="restoration_file",
    ),
    path(
        "files/restorations/<uuid:code>/changes/<str:layer>/<str:key>.png",
        file_views.changes_file,
        name="changes_file",
    ),
    path(
        "files/restorations/<uuid:code>/faces/<int:number>/<str:side>/<str:key>.jpg",
        file_views.face_file,
        name="face_file",
    ),
    path(
        "files/masks/<uuid:code>/<str:key>.png", file_views.mask_file, name="mask_file"
    ),
    path("files/photos/<uuid:code>/original/", file_views.original, name="original"),
    path(
        "files/photos/<uuid:code>/print/", file_views.print_download, name="print_file"
    ),
    path(
        "files/restorations/<uuid:code>/download/",
        file_views.restoration_download,
        name="restoration_download",
    ),
    path("uploads/", upload_views.uploads, name="uploads"),
    path("uploads/<uuid:code>/", upload_views.upload, name="upload"),
]
