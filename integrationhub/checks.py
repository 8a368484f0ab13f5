"""System checks: settings that would lose data, leak it or stall the hub, each with an id and what to do about it.

The checks tagged `database` ask PostgreSQL and Redis; Django runs them in `migrate` and in `check --database default`.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

import redis
from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections
from redis.backoff import NoBackoff
from redis.retry import Retry

MINIMUM_POSTGRES = 15
LOCAL_NAMES = frozenset({"localhost", "testserver"})
# What stays free for people: psql, a backup, a migration.
SPARE_CONNECTIONS = 5
REDIS_TIMEOUT_SECONDS = 2


@register(Tags.security)
def encryption_keys(**kwargs: Any) -> list[CheckMessage]:
    """hub.E001"""
    keys: Sequence[str] = settings.ENCRYPTION_KEYS
    if not keys:
        problem = "ENCRYPTION_KEYS is not set, so credentials and personal data cannot be stored."
    elif bad := [number for number, key in enumerate(keys, start=1) if not _is_fernet_key(key)]:
        problem = f"ENCRYPTION_KEYS: key number {bad[0]} is not 32 bytes in URL-safe base64."
    else:
        return []
    hint = "Make one with `./hub manage make_key`, keep it outside this machine too, and put the newest first."
    return [Error(problem, hint=hint, id="hub.E001")]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.compatibility)
def database_engine(**kwargs: Any) -> list[CheckMessage]:
    """hub.E002"""
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine == "django.db.backends.postgresql":
        return []
    return [
        Error(
            f"The database is {engine.rsplit('.', 1)[-1]}; the hub works on PostgreSQL only.",
            hint="Set DATABASE_URL to a postgresql:// address, or leave it unset for the PostgreSQL of the hub.",
            id="hub.E002",
        )
    ]


@register(Tags.database)
def postgres_version(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """hub.E003"""
    version = _ask_database("SHOW server_version_num") if databases else None
    if version is None or version // 10_000 >= MINIMUM_POSTGRES:
        return []
    return [
        Error(
            f"PostgreSQL is version {version // 10_000}; the hub needs {MINIMUM_POSTGRES} or newer.",
            hint="Upgrade the server, or unset DATABASE_URL to use the one that comes with the hub.",
            id="hub.E003",
        )
    ]


@register(Tags.database)
def enough_connections(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """hub.E004"""
    limit = _ask_database("SHOW max_connections") if databases else None
    needed = connections_needed()
    if limit is None or needed <= limit:
        return []
    return [
        Error(
            f"The hub's programs may open {needed} database connections at once; the server allows {limit}.",
            hint="Raise max_connections, or lower WEB_PROCESSES, WEB_THREADS, DRAIN_WORKERS, URGENT_WORKERS,"
            " DRAIN_THREADS or DATABASE_POOL_MAX.",
            id="hub.E004",
        )
    ]


def connections_needed() -> int:
    """Return how many connections one `./hub run` with these settings can hold at once, with some to spare.

    Each program has a pool of its own; without a pool every thread may hold a connection.
    """
    pool = settings.DATABASE_POOL_MAX or float("inf")
    web = settings.WEB_PROCESSES * min(settings.WEB_THREADS, pool)
    # A worker's main thread renews leases beside the threads that make the calls.
    workers = (settings.URGENT_WORKERS + settings.DRAIN_WORKERS) * min(settings.DRAIN_THREADS + 1, pool)
    scheduler = 1
    return int(web + workers + scheduler + SPARE_CONNECTIONS)


def _ask_database(query: str) -> int | None:
    """Return the answer as a number; None when the server cannot be asked (Django says so by itself)."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
    except DatabaseError:
        return None
    return int(row[0]) if row else None


@register(Tags.database)
def redis_server(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """hub.W003 and hub.E005. Unreachable is a warning: rows are the truth, and `migrate` must work without Redis."""
    if not databases:
        return []
    try:
        policy = _redis_memory_policy(settings.REDIS_URL)
    except redis.RedisError as error:
        return [
            checks.Warning(
                f"Redis does not answer ({type(error).__name__}); no worker will be woken until it does.",
                hint="Start it or correct REDIS_URL; unset, the hub uses the Valkey that comes with it.",
                id="hub.W003",
            )
        ]
    if policy == "noeviction":
        return []
    return [
        Error(
            f"Redis drops keys when its memory is full (maxmemory-policy {policy}): queues and budgets would vanish.",
            hint="Set `maxmemory-policy noeviction` in its configuration.",
            id="hub.E005",
        )
    ]


def _redis_memory_policy(url: str) -> str:
    # INFO, because hosted Redis services refuse CONFIG GET.
    client = redis.Redis.from_url(
        url,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return str(client.info("memory")["maxmemory_policy"])
    finally:
        client.close()


@register(Tags.security)
def debug_in_public(**kwargs: Any) -> list[CheckMessage]:
    """hub.W001"""
    public = _public_hosts()
    if not (settings.DEBUG and public):
        return []
    return [
        checks.Warning(
            f"DEBUG is on while the console answers for {', '.join(public)}: error pages show settings and data.",
            hint="Unset DEBUG.",
            id="hub.W001",
        )
    ]


@register(Tags.security)
def sandbox_that_looks_live(**kwargs: Any) -> list[CheckMessage]:
    """hub.W002"""
    if settings.ENVIRONMENT != "sandbox":
        return []
    signs = [f"ALLOWED_HOSTS names {host}" for host in _public_hosts()]
    if settings.HTTPS:
        signs.append("HTTPS is on")
    if not signs:
        return []
    return [
        checks.Warning(
            f"ENVIRONMENT is sandbox, but {' and '.join(signs)}. The sandbox asks for no second factor.",
            hint="Set ENVIRONMENT=live if real orders pass through here.",
            id="hub.W002",
        )
    ]


@register()
def alerts_that_go_nowhere(**kwargs: Any) -> list[CheckMessage]:
    """hub.W004"""
    if not _letters_wanted() or not settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend")):
        return []
    return [
        checks.Warning(
            "Letters about cases are switched on, but there is no mail server: nobody gets them.",
            hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.com:587, and DEFAULT_FROM_EMAIL.",
            id="hub.W004",
        )
    ]


@register(Tags.security, deploy=True)
def letters_without_links(**kwargs: Any) -> list[CheckMessage]:
    """hub.W005"""
    if not _letters_wanted() or settings.CONSOLE_URL:
        return []
    return [
        checks.Warning(
            "Letters about cases carry no links: nobody said at which address people reach the console.",
            hint="Set CONSOLE_URL, for example https://hub.example.com.",
            id="hub.W005",
        )
    ]


def _letters_wanted() -> bool:
    return bool(settings.CASE_ALERTS_BY_EMAIL or settings.CASE_DIGEST_BY_EMAIL)


def _public_hosts() -> list[str]:
    return [host for host in settings.ALLOWED_HOSTS if not _is_local(host)]


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.endswith(".localhost")
