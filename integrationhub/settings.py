"""Every setting comes from the environment; nothing is edited here. `docs/` lists the variables for operators.

Nothing set = the sandbox environment on embedded PostgreSQL and Valkey under `var/`, reachable from this machine only.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from integrationhub import logs
from integrationhub.console.unfold import UNFOLD as UNFOLD
from integrationhub.runtime import keys
from integrationhub.runtime.places import Places, default_var_dir

django_stubs_ext.monkeypatch()  # Django's generic classes take their type argument at run time too
env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = default_var_dir()

# --- what this installation is ---

ENVIRONMENT: str = env.str("ENVIRONMENT", default="sandbox")
if ENVIRONMENT not in {"sandbox", "live"}:
    raise ImproperlyConfigured(f"ENVIRONMENT is {ENVIRONMENT!r}; it is either 'sandbox' or 'live'.")
LIVE = ENVIRONMENT == "live"
DEBUG: bool = env.bool("DEBUG", default=False)

# A sandbox makes its own keys once; a live installation is given them, so that a lost disk loses no credentials.
SECRET_KEY: str = env.str("SECRET_KEY", default="")
if not SECRET_KEY and LIVE:
    raise ImproperlyConfigured("SECRET_KEY is not set. A live installation needs one of at least 50 random characters.")
SECRET_KEY = SECRET_KEY or keys.secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Newest first: the first encrypts, all of them decrypt. Missing in a live environment is hub.E001, not a crash here:
# `check` must be able to say so in words.
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", default=[])
if not ENCRYPTION_KEYS and not LIVE:
    ENCRYPTION_KEYS = [keys.encryption_key(VAR_DIR)]

# --- web ---

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Where people reach this hub, such as https://hub.example.com: letters link to it. Empty: they say it in words.
CONSOLE_URL: str = env.str("CONSOLE_URL", default="").rstrip("/")
if CONSOLE_URL and not re.fullmatch(r"https?://[^/?#@\s]+", CONSOLE_URL):
    raise ImproperlyConfigured(
        f"CONSOLE_URL is {CONSOLE_URL!r}; it is an address such as https://hub.example.com, without a path."
    )
ADMIN_PATH: str = env.str("ADMIN_PATH", default="console/").strip("/") + "/"
HTTPS: bool = env.bool("HTTPS", default=LIVE)
# True only where a proxy of ours sets X-Forwarded-Proto and X-Forwarded-For itself, whatever the caller sent.
BEHIND_PROXY: bool = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz(/clock)?$"]  # load balancers ask it without TLS
SECURE_HSTS_SECONDS: int = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "connectors.sessions"  # the database's, told by person: they can be listed and ended
SESSION_COOKIE_AGE: int = env.int("SESSION_IDLE_SECONDS", default=30 * 60)
SESSION_ABSOLUTE_AGE = timedelta(seconds=env.int("SESSION_ABSOLUTE_SECONDS", default=12 * 3600))
# The largest body a platform sends us is a Marketplacer order event; uploads of mappings go through files, not memory.
DATA_UPLOAD_MAX_MEMORY_SIZE: int = env.int("DATA_UPLOAD_MAX_BYTES", default=5 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a full page of an editable list
FILE_UPLOAD_HANDLERS = [
    "integrationhub.console.uploads.BoundedUpload",  # first: what is too large is let go before others keep it
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
ROOT_URLCONF = "integrationhub.urls"
WSGI_APPLICATION = "integrationhub.wsgi.application"

# --- applications ---

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "integrationhub.console.admin_config.HubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "simple_history",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
    "django_rq",
    "integrationhub.runtime",
    "connectors",
    "mappings_app",
    "exceptions_app",
    "integrationhub.sync",
    "integrationhub.inventory",
    "integrationhub.catalogue",
    "integrationhub.orders",
    "integrationhub.console",
]

MIDDLEWARE = [
    "integrationhub.sync.door.deliveries_first",
    "django.middleware.security.SecurityMiddleware",
    "integrationhub.security.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "integrationhub.security.session_ages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
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
    }
]

# --- database ---

_places = Places(VAR_DIR)


def _database(url: str) -> dict[str, Any]:
    """Return the one DATABASES entry for a PostgreSQL URL; a socket directory may stand in its query (`?host=/dir`)."""
    if url.split(":", 1)[0] not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL is not a PostgreSQL address. The hub needs PostgreSQL 15 or newer: it locks rows, excludes"
            " overlapping mapping versions and partitions tables, which SQLite and others cannot do."
            " Leave DATABASE_URL unset to use the PostgreSQL that comes with the hub."
        )
    config: dict[str, Any] = environ.Env.db_url_config(url)
    options = config.setdefault("OPTIONS", {})
    config["HOST"] = options.pop("host", None) or config["HOST"]
    config["PORT"] = options.pop("port", None) or config["PORT"]
    return config


DATABASE_URL: str = env.str("DATABASE_URL", default=_places.database_url)
EMBEDDED_POSTGRES = _places.database_url == DATABASE_URL
# A worker drains a connection on many threads, and no thread keeps a database connection while a platform answers: it
# closes it before the call and takes one again for the outcome. With the pool, closing hands the connection back to the
# other threads and taking one is nearly free, so 40 threads share a few connections. A pool rules out persistent
# connections (CONN_MAX_AGE must be 0); health checks are made when a connection leaves the pool.
DATABASE_POOL_MAX: int = env.int("DATABASE_POOL_MAX", default=10)
_pool = {
    "min_size": env.int("DATABASE_POOL_MIN", default=1),
    "max_size": DATABASE_POOL_MAX,
    "timeout": env.float("DATABASE_POOL_TIMEOUT_SECONDS", default=30.0),
    "max_idle": 300.0,
}
DATABASES = {"default": _database(DATABASE_URL)}
DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
if DATABASE_POOL_MAX:  # 0 switches the pool off, for a server behind its own pooler
    DATABASES["default"]["OPTIONS"] |= {"pool": _pool}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- queue ---

REDIS_URL: str = env.str("REDIS_URL", default=_places.redis_url)
EMBEDDED_REDIS = _places.redis_url == REDIS_URL
REDIS_KEY_PREFIX: str = env.str("REDIS_KEY_PREFIX", default="hub")
# JSON, because whoever can write to Redis could run code through a pickle. Workers must be told the same serializer.
_queue = {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer", "DEFAULT_TIMEOUT": 60}
RQ_QUEUES = {"urgent": {**_queue}, "drain": {**_queue}}
RQ = {"DEFAULT_RESULT_TTL": 60, "COMMIT_MODE": "on_db_commit"}
# Its pages ask only for is_staff: any such user could read payloads and empty a queue. The console shows our own rows.
RQ_SHOW_ADMIN_LINK = False

# How many of what `./hub run` starts; hub.E003 compares them with the database's max_connections.
WEB_PROCESSES: int = env.int("WEB_PROCESSES", default=2)
WEB_THREADS: int = env.int("WEB_THREADS", default=4)
URGENT_WORKERS: int = env.int("URGENT_WORKERS", default=1)
DRAIN_WORKERS: int = env.int("DRAIN_WORKERS", default=1)
DRAIN_THREADS: int = env.int("DRAIN_THREADS", default=10)

# A platform is never called inside a database transaction; only tests, which run in one, say otherwise.
ALLOW_CALLS_IN_TRANSACTIONS = False

# Per process: the only user is unfold's command search. What must be seen by all processes is a row.
# A platform thinks for seconds; no transaction may wait for it. Tests run inside one.
ALLOW_CALLS_IN_TRANSACTIONS = False

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- what is kept, and how long ---

# Which records each mapping shaped: for "used by" and for what going back would touch. 0 keeps it for good.
MAPPING_USES_KEEP_DAYS: int = env.int("MAPPING_USES_KEEP_DAYS", default=400)

# --- keys of connections ---

# A connection whose key was last changed longer ago than this is pointed out to administrators. 0: never.
KEY_WARN_AFTER_DAYS: int = env.int("KEY_WARN_AFTER_DAYS", default=365)

# --- people ---

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
    {"NAME": _VALIDATION + "NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600
# Ten wrong passwords for one user, or from one address (an office shares one), lock that for a quarter of an hour.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["ip_address", "username"]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "integrationhub.security.client_ip"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Integration hub"

# --- language, time, files, mail, logs ---

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
# `./hub run` collects the files and tells its children so; anything else finds them where the packages keep them.
STATIC_COLLECTED: bool = env.bool("STATIC_COLLECTED", default=False)
WHITENOISE_USE_FINDERS = not STATIC_COLLECTED
if not LIVE:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing, even when nothing is in it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = VAR_DIR / "media"

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# What has passed its team's target is told to the team by e-mail too; without EMAIL_URL such letters leave for nowhere.
CASE_ALERTS_BY_EMAIL: bool = env.bool("CASE_ALERTS_BY_EMAIL", default=False)
# Once a working day, when it begins: what is open. None where nothing is.
CASE_DIGEST_BY_EMAIL: bool = env.bool("CASE_DIGEST_BY_EMAIL", default=False)
# They get every letter of every brand, without an account.
ALERT_RECIPIENTS: list[str] = env.list("ALERT_RECIPIENTS", default=[])
if strange := [address for address in ALERT_RECIPIENTS if not re.fullmatch(r"[^@\s,]+@[^@\s,]+", address)]:
    raise ImproperlyConfigured(f"ALERT_RECIPIENTS: {strange[0]!r} is no e-mail address.")
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="integration-hub@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

LOGGING = logs.logging_config(
    level=env.str("LOG_LEVEL", default="INFO"), as_json=env.str("LOG_FORMAT", "json") == "json"
)
logs.configure_structlog()

# --- console ---
