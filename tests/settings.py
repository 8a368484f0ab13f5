"""The hub's settings for tests: everything fixed that an installation would choose or generate.

`tests/conftest.py` starts the servers; pytest-django has read the settings by then, so their addresses are set here.
"""

import os
from pathlib import Path

# One directory per run: two runs at once on one machine share nothing. Workers of one run share their parent's.
_RUN = os.environ.setdefault("HUB_TEST_RUN", str(os.getpid()))
os.environ["HUB_VAR"] = str(Path(__file__).resolve().parent.parent / "var" / "test" / _RUN)
os.environ.setdefault("ENVIRONMENT", "sandbox")
os.environ.setdefault("SECRET_KEY", "tests-only-" + "0" * 50)
os.environ.setdefault("ENCRYPTION_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("LOG_LEVEL", "WARNING")
# Playwright keeps an event loop in the tests' thread from its first test to the end of the run, and Django refuses
# database calls beside a loop.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Each worker of a run has a Redis database of its own; pytest-django puts the worker's name into its PostgreSQL one.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1

from integrationhub.settings import *  # noqa: E402, F403
from integrationhub.settings import DATABASES, REDIS_URL, RQ_QUEUES  # noqa: E402

REDIS_URL = REDIS_URL.partition("?")[0] + f"?db={_WORKER}"
RQ_QUEUES = {name: {**queue, "URL": REDIS_URL} for name, queue in RQ_QUEUES.items()}
DATABASES["default"]["TEST"] = {"NAME": f"test_hub_{_RUN}"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOW_CALLS_IN_TRANSACTIONS = True  # most tests run inside a transaction that is rolled back
# Static files are looked up when they are asked for: to list them all takes longer than most pages, and each test client
# would do it anew.
WHITENOISE_AUTOREFRESH = True
