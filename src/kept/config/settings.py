"""Django's settings, from what the operator set in the environment (`kept.lib.env`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from kept import __version__
from kept.lib import env, i18n

ENVIRONMENT = env.read()
VERSION = __version__

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = False
BASE_URL = ENVIRONMENT.base_url
DATA_DIR = ENVIRONMENT.data_dir
EMAIL_URL = ENVIRONMENT.email_url
EMAIL_PER_MINUTE = ENVIRONMENT.email_per_minute

# The address people use, and this machine for health checks and for trying it out.
ALLOWED_HOSTS = sorted({ENVIRONMENT.host, *env.LOOPBACK, "[::1]"})
CSRF_TRUSTED_ORIGINS = [BASE_URL]
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
WEBHOOK_NETWORKS = ENVIRONMENT.webhook_networks
MAIL_HOSTS = ENVIRONMENT.mail_hosts
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.secure else None

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "kept.web",
    "kept.clock",
    "kept.accounts",
    "kept.people",
    "kept.schedule",
    "kept.outbox",
    "kept.webhooks",
    "kept.cases",
    "kept.appointments",
    "kept.journeys",
    "kept.leads",
    "kept.audit",
    "kept.api",
    "kept.console",
    "kept.public",
    "kept.worker",
]

MIDDLEWARE = [
    "kept.lib.hosts.OurName",
    "django.middleware.security.SecurityMiddleware",
    "kept.web.files.StaticFiles",
    "kept.web.policy.OnePolicy",
    "kept.web.readable.OnlyReadable",
    "kept.web.away.DatabaseAway",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "kept.lib.reading.ReadingChangesNothing",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "kept.web.damaged.SaidOfTheDamaged",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "kept.config.urls"
WSGI_APPLICATION = "kept.config.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "console:sign_in"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            # Every form carries more than Django's own token, and none may forget it.
            "builtins": ["kept.web.templatetags.carried"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


KEEP_OPEN = 600  # seconds


def _database(config: dict[str, Any]) -> dict[str, Any]:
    """Either database, set so that a commit is durable and one writer waits for the other."""
    if config["ENGINE"] == "django.db.backends.sqlite3":
        Path(config["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        # IMMEDIATE: a transaction that will write takes its turn at the start, so that it can
        # never read something, lose the race for the write lock and fail halfway.
        options = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Recursive: what REPLACE takes away counts as deleted, and an event cannot be.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA recursive_triggers=ON;",
        }
        options = {**config.get("OPTIONS", {}), **options}
        # Kept open between requests: opening the file and setting it up anew is a third of the
        # work of a booking.
        return {**config, "CONN_MAX_AGE": KEEP_OPEN, "OPTIONS": options}
    kept = {"CONN_MAX_AGE": KEEP_OPEN, "CONN_HEALTH_CHECKS": True}
    return {**config, **kept, "ENGINE": "kept.lib.postgres"}


DATABASES = {"default": _database(ENVIRONMENT.database)}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
LOCALE_PATHS = [i18n.CATALOGUES]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "kept.web.files.MarkedFiles"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = ENVIRONMENT.secure
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = ENVIRONMENT.secure
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT.secure else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
# Links of customers are secrets: no other site may learn them.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # Links of customers and sign-in links are secrets, and a 404 or a 500 logs its address.
    "filters": {"hide_secrets": {"()": "kept.lib.logs.HideSecrets"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["hide_secrets"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
}

PORT = urlsplit(BASE_URL).port or (443 if ENVIRONMENT.secure else 80)
