"""The product's settings, as tests need them: nothing from a developer's .env, no worker thread, no server."""

import os
import tempfile
from pathlib import Path

os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["DEBUG"] = "off"
for name in [name for name in os.environ if name.startswith(("OPENAI_", "TAGGING_"))]:
    del os.environ[name]
os.environ["OPENAI_API_KEY"] = ""
os.environ["METRICS_TOKEN"] = ""
os.environ["SIMULATION"] = "off"
# SQLite needs no server; TEST_DATABASE_URL has the same tests run on another database.
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["TAGGING_WORKER"] = "off"
os.environ["SECURE_SSL_REDIRECT"] = "off"

from devlog_project.settings import *  # noqa: E402

if DATABASES["default"]["ENGINE"] == "devlog_project.sqlite":
    # A file of its own for each run, so that two runs beside each other do not meet.
    DATABASES["default"]["TEST"]["NAME"] = str(Path(tempfile.gettempdir()) / f"devlog-test-{os.getpid()}.sqlite3")
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
API_OPEN = True
API_POSTS_PER_MINUTE = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
