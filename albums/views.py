"""The pages of albums: the list, one album, a new one, and adding photos."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from albums.form_uploads import receive_plain
from albums.forms import AlbumForm
from albums.images import MAX_BYTES
from albums.models import Album, Photo
from albums.services import album_page, create_album
from albums.signed_in import SignedInRequest

PHOTOS_ON_A_COVER = 3
# For the file picker only: what a file really is, its content decides.
ACCEPTED = (
    ".jpg,.jpeg,.png,.webp,.tif,.tiff,.heic,.heif,"
    "image/jpeg,image/png,image/webp,image/tiff,image/heic,image/heif"
)


@require_GET
@login_required
def albums(request: SignedInRequest) -> HttpResponse:
    newest = Photo.objects.select_related("original", "keeper")
    covers = newest.as_shown()[:PHOTOS_ON_A_COVER]
    mine = (
        Album.objects.visible_to(request.user)
        .annotate(photo_count=Count("photos", filter=Q(photos__set_aside=None)))
        .prefetch_related(Prefetch("photos", queryset=covers, to_attr="cover"))
        .order_by("-created", "-pk")
    )
    return render(request, "albums/albums.html", {"albums": mine})


@require_http_methods(["GET", "POST"])
@login_required
def new_album(request: SignedInRequest) -> HttpResponse:
    form = AlbumForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        album = create_album(title=form.cleaned_data["title"], owner=request.user)
        return redirect("albums:add", album.code)
    return render(request, "albums/new_album.html", {"form": form})


@require_GET
@login_required
def album(request: SignedInRequest, code: UUID) -> HttpResponse:
    album = get_object_or_404(Album.objects.visible_to(request.user), code=code)
    page = album_page(album, request.GET.get("page"))
    can_add = Album.objects.editable_by(request.user).filter(pk=album.pk).exists()
    context = {"album": album, "page": page, "can_add": can_add}
    return render(request, "albums/album.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def add(request: SignedInRequest, code: UUID) -> HttpResponse:
    if request.method == "POST":
        return receive_plain(request, code)
    album = get_object_or_404(Album.objects.editable_by(request.user), code=code)
    context = {
        "album": album,
        "batch": uuid4(),
        "accepted": ACCEPTED,
        "part_bytes": settings.UPLOAD_PART_BYTES,
        "max_bytes": MAX_BYTES,
        "max_megabytes": MAX_BYTES // 1024**2,
    }
    return render(request, "albums/add.html", context)
