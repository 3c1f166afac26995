"""All settings, from the environment. A bad value stops the start with a sentence."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from restore_site import environment, sqlite

SQLITE_VERSION = sqlite.use_safe_sqlite()

# Idle threads of the matrix library cost the engine half of its time on small machines.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.private_folder(
    Path(environment.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
)
HOST = environment.text("HOST", "127.0.0.1")
PORT = int(environment.number("PORT", 8000, low=1, high=65535))
# The web server. A slow upload holds a thread while its part comes in.
WEB_PROCESSES = int(environment.number("WEB_PROCESSES", 1, low=1, high=16))
WEB_THREADS = int(environment.number("WEB_THREADS", 64, low=2, high=512))
SITE_URL = environment.web_address("SITE_URL", f"http://127.0.0.1:{PORT}")
IS_HTTPS = SITE_URL.startswith("https://")
# Whether a provider could fetch something from us.
SITE_IS_PUBLIC = environment.is_public(SITE_URL)

DEBUG = environment.flag("DEBUG")
SECRET_KEY = environment.secret("SECRET_KEY") or environment.kept_secret(
    DATA_DIR / "secret_key"
)
ALLOWED_HOSTS = [
    urlsplit(SITE_URL).hostname or "",
    "127.0.0.1",
    "localhost",
    "[::1]",
    *environment.words("ALLOWED_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "albums.apps.AlbumsConfig",
    "jobs.apps.JobsConfig",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "django_q",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "restore_site.urls"
WSGI_APPLICATION = "restore_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database. SQLite's defaults answer four of ten requests with an error beside a
# working cluster; write-ahead logging with immediate transactions, none.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY; "
        "PRAGMA journal_size_limit=27103364;"
    ),
}


def database() -> dict[str, object]:
    url = environment.secret("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
    scheme = url.split("://", 1)[0]
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgres:// or sqlite://."
        )
    parsed = environment.service("DATABASE_URL", url, environ.Env.db_url_config)
    if scheme == "sqlite":
        return parsed | {"CONN_MAX_AGE": 60, "OPTIONS": SQLITE_OPTIONS}
    return parsed | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Queue: the database is the truth, the queue only a doorbell, so nothing in it is
# kept, repeated or waited for. Cluster names are chosen when a cluster starts.
CPU_COUNT = os.cpu_count() or 1
ENGINE_WORKERS = int(
    environment.number("ENGINE_WORKERS", max(1, CPU_COUNT - 1), low=1, high=64)
)
REMOTE_WORKERS = int(environment.number("REMOTE_WORKERS", 4, low=1, high=64))


def queue_broker() -> dict[str, object]:
    url = environment.secret("QUEUE_URL") or "db"
    if url == "db":
        return {"orm": "default", "poll": 0.25}
    if url.split(":", 1)[0] in {"redis", "rediss", "unix"}:
        return {"redis": url}
    raise ImproperlyConfigured("QUEUE_URL must be db, or begin with redis://.")


Q_CLUSTER = {
    "name": "restore",
    "cache": "queue",
    **queue_broker(),
    "bulk": 1,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": -1,
    # A worker process ends only when it dies; then its cluster is started again.
    "recycle": 0,
    "scheduler": False,
    "catch_up": False,
    "guard_cycle": 0.5,
    "log_level": "WARNING",
    "label": "Queue",
    "timeout": 20,
    "retry": 100,
    "ALT_CLUSTERS": {
        "remote": {
            "workers": REMOTE_WORKERS,
            "queue_limit": REMOTE_WORKERS,
            "timeout": 240,
            "retry": 1200,
        },
        # Big scans take minutes; a step that stops giving signs of life is ended by
        # the supervisor, so the cluster's own limit is only the last resort.
        "engine": {
            "workers": ENGINE_WORKERS,
            "queue_limit": ENGINE_WORKERS,
            "timeout": 3600,
            "retry": 14400,
        },
    },
}
# The cache counts sign-in tries, for all processes together. The queue's statistics,
# written twice a second and read by nobody, stay out of the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entry",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    "queue": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# Files.
MEDIA_ROOT = DATA_DIR / "media"
UPLOAD_DIR = DATA_DIR / "uploads"
SCRATCH_DIR = DATA_DIR / "scratch"
# Copies that a provider may fetch from us for a while.
SOURCE_DIR = environment.private_folder(DATA_DIR / "sources")
# Behind nginx: the address of an `internal` location that serves MEDIA_ROOT.
X_ACCEL_PREFIX = environment.text("X_ACCEL_PREFIX")
UPLOAD_PART_BYTES = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_PART_BYTES
FILE_UPLOAD_TEMP_DIR = str(environment.private_folder(SCRATCH_DIR))
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = ["albums.form_uploads.PhotoUploadHandler"]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# People.
AUTH_USER_MODEL = "albums.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {
        "NAME": f"{VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["name", "email"]},
    },
    {
        "NAME": f"{VALIDATION}.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": f"{VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{VALIDATION}.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "albums:albums"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Nobody learns who has an account, and no stranger gets mail from here.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if IS_HTTPS else "http"
ACCOUNT_ADAPTER = "restore_site.accounts.AccountAdapter"

# Remote providers. One without a key is switched off.
PROVIDERS = {
    "picwish": environment.provider("picwish", "https://techhk.aoscdn.com"),
    "autoenhance": environment.provider(
        "autoenhance",
        "https://api.autoenhance.ai",
        # So many hours a photo stays there for a second wish; 0: not at all.
        {"keep_hours": r"\d{1,3}"},
    ),
    "upscayl": environment.provider("upscayl", "https://api.upscayl.org"),
    "claid": environment.provider(
        "claid",
        "https://api.claid.ai",
        {
            "api_version": r"v1|v1-beta1",
            # Connectors of the operator's account there, by name: a web folder before
            # our own source addresses; a storage (and folder) for results, and the
            # address at which its files can be fetched.
            "input_storage": r"[\w-]{1,64}",
            "output_storage": r"[\w-]{1,64}(/[\w-]{1,64}){0,8}",
            "output_url": r"https://[^\s?#]{1,300}|http://127\.0\.0\.1:[^\s?#]{1,300}",
        },
    ),
}
PROVIDER_TRUSTED_HOSTS = environment.host_pairs("PROVIDER_TRUSTED_HOSTS")
PROVIDER_HTTP_TIMEOUT = environment.number("PROVIDER_HTTP_TIMEOUT", 15, low=1, high=300)

# E-mail: to the console unless EMAIL_URL is set.
EMAIL_CONFIG = environment.service(
    "EMAIL_URL",
    environment.secret("EMAIL_URL") or "consolemail://",
    environ.Env.email_url_config,
)
if str(EMAIL_CONFIG["EMAIL_BACKEND"]).endswith("console.EmailBackend"):
    EMAIL_CONFIG["EMAIL_BACKEND"] = "restore_site.mail.PrintedMail"
globals().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = environment.text(
    "DEFAULT_FROM_EMAIL", f"photos@{urlsplit(SITE_URL).hostname}"
)

# Words.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
USE_TZ = True

# Safety.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if environment.flag("TRUST_PROXY", default=IS_HTTPS):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"tokens": {"()": "restore_site.logs.HideTokens"}},
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["tokens"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django-q": {
            "handlers": ["console"],
            "level": "WARNING",
            "propagate": False,
        },
    },
}
