from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person with an account. The e-mail address is who they are."""

    username = None  # type: ignore[assignment]  # the e-mail address takes its place
    first_name = None  # type: ignore[assignment]  # one name, as people write it
    last_name = None  # type: ignore[assignment]  # one name, as people write it
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    compare_mode = models.CharField(max_length=10, default="slider")

    objects = UserManager()  # type: ignore[assignment,misc]  # has no usernames

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email


class WelcomeLink(models.Model):
    """The link under which the first account is made: at most one row, and only the
    token's digest. Whoever deletes the row has used the link."""

    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.created)


class AlbumQuerySet(models.QuerySet["Album"]):
    def visible_to(self, user: User | AnonymousUser) -> AlbumQuerySet:
        if not user.is_authenticated:
            return self.none()
        members = Member.objects.filter(user=user).values("album")
        return self.filter(Q(owner=user) | Q(pk__in=members))

    def editable_by(self, user: User | AnonymousUser) -> AlbumQuerySet:
        if not user.is_authenticated:
            return self.none()
        editors = Member.objects.filter(user=user, role=Member.Role.EDITOR)
        return self.filter(Q(owner=user) | Q(pk__in=editors.values("album")))


class Album(models.Model):
    """Photos that a family keeps together.

    `version` grows by one with every change that an open page must show; whoever
    changes such a thing bumps it in the same transaction.
    """

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="albums")
    recipe = models.CharField(max_length=40, default="repair", blank=True)
    version = models.PositiveBigIntegerField(default=0, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    objects = AlbumQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return self.title


class Member(models.Model):
    """Somebody besides the owner who may see, or also change, an album."""

    class Role(models.TextChoices):
        EDITOR = "editor", _("Editor")
        VIEWER = "viewer", _("Viewer")

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["album", "user"], name="one_membership")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Original(models.Model):
    """The uploaded scan, byte for byte, never written again.

    `path` is relative to the media folder. `format` is what the content is, not what
    the name says.
    """

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    path = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=255)
    format = models.CharField(max_length=10)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    pages = models.PositiveIntegerField(default=1)
    lossless = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class PhotoQuerySet(models.QuerySet["Photo"]):
    def visible_to(self, user: User | AnonymousUser) -> PhotoQuerySet:
        return self.filter(album__in=Album.objects.visible_to(user))

    def editable_by(self, user: User | AnonymousUser) -> PhotoQuerySet:
        return self.filter(album__in=Album.objects.editable_by(user))

    def in_albums(self) -> PhotoQuerySet:
        """Without the prints that were set aside."""
        return self.filter(set_aside=None)

    def as_shown(self) -> PhotoQuerySet:
        """Newest first; an album page comes before its prints, which come as one reads
        them."""
        return self.in_albums().order_by("-created", "place", "-pk")


class Photo(models.Model):
    """One print: a page of an original, or a crop box in it.

    Width and height are upright pixels; the crop box counts in upright pixels of the
    page, and is turned about its middle by `crop_angle` degrees clockwise.

    A scan with several prints is of the kind PAGE, and they are photos of their own that
    lie on it, counted from 1 by `place`. `cut` grows when a print's box is changed. A
    print whose box was taken away is set aside: kept, but in no album, until somebody
    brings it back.
    """

    class Kind(models.TextChoices):
        PHOTO = "photo", _("Photo")
        PAGE = "page", _("Album page")

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    album = models.ForeignKey(Album, on_delete=models.PROTECT, related_name="photos")
    original = models.ForeignKey(
        Original, on_delete=models.PROTECT, related_name="photos"
    )
    page = models.PositiveIntegerField(default=0)
    crop_left = models.IntegerField(null=True, blank=True)
    crop_top = models.IntegerField(null=True, blank=True)
    crop_right = models.IntegerField(null=True, blank=True)
    crop_bottom = models.IntegerField(null=True, blank=True)
    crop_angle = models.FloatField(default=0.0)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PHOTO)
    lies_on = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="prints"
    )
    place = models.PositiveSmallIntegerField(default=0)
    cut = models.PositiveIntegerField(default=0)
    set_aside = models.DateTimeField(null=True, blank=True)
    title = models.CharField(_("title"), max_length=255)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bits = models.PositiveSmallIntegerField(default=8)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    keeper = models.ForeignKey(
        "Restoration",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created = models.DateTimeField(default=timezone.now)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ["created", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    crop_left=None, crop_top=None, crop_right=None, crop_bottom=None
                )
                | Q(
                    crop_right__gt=models.F("crop_left"),
                    crop_bottom__gt=models.F("crop_top"),
                ),
                name="crop_box_whole_or_none",
            ),
            # A page that is looked at twice is cut once.
            models.UniqueConstraint(
                fields=["lies_on", "place"],
                condition=Q(lies_on__isnull=False, set_aside=None),
                name="one_print_at_a_place",
            ),
        ]
        # The album page: newest photos of one album.
        indexes = [models.Index(fields=["album", "created", "id"], name="album_photos")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_page(self) -> bool:
        return self.kind == self.Kind.PAGE

    @property
    def is_print(self) -> bool:
        """Whether it is cut out of a page that was scanned."""
        return self.lies_on_id is not None


class RestorationQuerySet(models.QuerySet["Restoration"]):
    def visible_to(self, user: User | AnonymousUser) -> RestorationQuerySet:
        return self.filter(photo__in=Photo.objects.visible_to(user))

    def editable_by(self, user: User | AnonymousUser) -> RestorationQuerySet:
        return self.filter(photo__in=Photo.objects.editable_by(user))


class Restoration(models.Model):
    """A picture made from a photo's original, or from another restoration.

    `attempt` is the attempt that made it: one attempt leaves one restoration. `cut` is
    the photo's own at that time: a smaller one means that it shows the print as it was
    cut before.
    """

    class Verdict(models.TextChoices):
        NONE = "", _("Not looked at")
        FACE = "face", _("A face changed")
        COLOUR = "colour", _("The colours are wrong")
        DETAIL = "detail", _("Details were lost")
        OTHER = "other", _("Something else")

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    photo = models.ForeignKey(
        Photo, on_delete=models.PROTECT, related_name="restorations"
    )
    made_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    attempt = models.UUIDField(unique=True)
    provider = models.CharField(max_length=20)
    recipe = models.CharField(max_length=40, blank=True)
    cut = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=200, unique=True)
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    verdict = models.CharField(
        max_length=10, choices=Verdict, blank=True, default=Verdict.NONE
    )
    created = models.DateTimeField(auto_now_add=True)

    objects = RestorationQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return f"{self.photo} ({self.provider})"


class Changes(models.Model):
    """What a restoration changed in its scan: the file of a map, and numbers.

    The map has the picture's shape; its first channel tells how much was changed, its
    second how much of that no tone curve explains, 0..255 for 0..1. `area` and `mended`
    are the shares of the picture where that can be seen, `in_faces` is the mean of the
    second inside faces, None where none was found. `faces` are boxes from left to right:
    [left, top, right, bottom] in shares of the sides. `stages` is what each stage said.
    """

    restoration = models.OneToOneField(
        Restoration, on_delete=models.CASCADE, related_name="changes"
    )
    path = models.CharField(max_length=200, unique=True)
    sha256 = models.CharField(max_length=64)
    area = models.FloatField()
    mended = models.FloatField()
    mean = models.FloatField()
    strongest = models.FloatField()
    in_faces = models.FloatField(null=True, blank=True)
    faces = models.JSONField(default=list, blank=True)
    stages = models.JSONField(default=list, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "changes"

    def __str__(self) -> str:
        return f"{self.restoration} ({self.area:.0%})"


class MaskQuerySet(models.QuerySet["Mask"]):
    def visible_to(self, user: User | AnonymousUser) -> MaskQuerySet:
        return self.filter(photo__in=Photo.objects.visible_to(user))

    def found(self) -> MaskQuerySet:
        return self.filter(is_drawn=False)


class Mask(models.Model):
    """Where a photo is damaged: white on black, of the photo's shape at some scale. By
    the engine, or drawn by somebody. `area` is the white share, None if not measured."""

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="masks")
    drawn_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_drawn = models.BooleanField(default=False)
    path = models.CharField(max_length=200, unique=True)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    area = models.FloatField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    objects = MaskQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return str(self.code)


class Upload(models.Model):
    """A file on its way in, in parts: `receiving → done` or `refused`.

    `offset` bytes of `size` have arrived and are on disk. `fingerprint` tells the same
    file of the same person again, so that a broken batch goes on where it stopped.
    """

    class State(models.TextChoices):
        RECEIVING = "receiving", _("Receiving")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    fingerprint = models.CharField(max_length=64, blank=True)
    wish = models.CharField(max_length=40, blank=True)
    cut_pages = models.BooleanField(default=False)
    batch = models.UUIDField(default=uuid4)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVING)
    sentence = models.TextField(blank=True)
    photos = models.ManyToManyField(Photo, related_name="+", blank=True)
    is_duplicate = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    touched = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(offset__lte=models.F("size")), name="offset_within_size"
            )
        ]
        # Resuming: the same file of the same person in the same album.
        indexes = [
            models.Index(fields=["owner", "album", "fingerprint"], name="upload_again")
        ]

    def __str__(self) -> str:
        return self.name
