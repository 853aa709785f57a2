"""Is this machine as the service needs it: its files, its locks, its broker?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from devlog_project import VERSION
from devlog_project.conf.page import known_names
from devlog_project.env import BASE_DIR
from devlog_project.ops.doctor import Finding
from tagging.engine import process_lock

# Of a mode: what others than the owner and the group may do.
OTHERS_READ, OTHERS_WRITE, OTHERS_ENTER = 0o004, 0o002, 0o001
# A container's own: Docker mounts each secret readable for all who are inside.
OF_CONTAINERS = Path("/run/secrets")
STATIC_FILES = ("admin/css/base.css", "pages/icon.svg")


def settings_fit() -> Iterator[Finding]:
    """Say what `manage.py check` says, and outside DEBUG `check --deploy`."""
    messages = [
        one for one in checks.run_checks(include_deployment_checks=not settings.DEBUG) if not one.is_silenced()
    ]
    for one in messages:
        yield Finding("settings", "fail" if one.is_serious() else "warn", f"{one.msg} ({one.id})", one.hint or "")
    if not messages:
        how = (
            "DEBUG is on: for this machine alone" if settings.DEBUG else "manage.py check --deploy has nothing to say"
        )
        yield Finding("settings", "ok", f"Version {VERSION}; the settings fit each other. {how}.")


def files() -> Iterator[Finding]:
    """Look at who else may read what is secret."""
    named = [os.environ.get(name, "").strip() for name in sorted(known_names()) if name.endswith("_FILE")]
    database = settings.DATABASES["default"]
    paths = [BASE_DIR / ".env", *map(Path, filter(None, named))]
    if database["ENGINE"].endswith("sqlite"):
        paths.append(Path(database["NAME"]))
    open_to_all = [path for path in paths if is_open(path)]
    for path in open_to_all:
        yield Finding("files", "warn", f"Every user of this machine may read {path}.", f"Run chmod o= {path}*")
    if not open_to_all:
        yield Finding("files", "ok", "No other user of this machine reads secrets or entries.")


def is_open(path: Path) -> bool:
    """Say whether all users of this machine may read or write a file."""
    is_ours = path.is_file() and not path.is_relative_to(OF_CONTAINERS)
    return is_ours and bool(path.stat().st_mode & (OTHERS_READ | OTHERS_WRITE)) and is_reachable(path)


def is_reachable(path: Path) -> bool:
    """Say whether all users may enter the directories in which a file lies."""
    return all(folder.stat().st_mode & OTHERS_ENTER for folder in path.resolve().parents)


def locks() -> Iterator[Finding]:
    """Make the directory in which workers prove that they live."""
    try:
        yield Finding("locks", "ok", f"Workers can keep their locks in {process_lock.directory()}.")
    except ImproperlyConfigured as error:
        yield Finding("locks", "fail", str(error), "No worker of this user starts here until then.")


def static_files() -> Iterator[Finding]:
    """Look for what pages and admin need, which is served from where it is installed."""
    if missing := [name for name in STATIC_FILES if not finders.find(name)]:
        do = "Install anew what requirements.txt names, and see that the checkout is whole."
        yield Finding("static", "fail", f"Pages come without their style: {missing[0]} is not found.", do)
    else:
        yield Finding("static", "ok", "Pages and admin find their files; no collectstatic is needed.")


def broker() -> Iterator[Finding]:
    """Speak to what carries notifications, where that is a server."""
    words = {path: word for word, path in settings.TRANSPORTS.items()}
    word = words.get(settings.TAGGING_TRANSPORT, "")
    try:
        if word == "celery":
            from tagging.transports.celery import connect  # optional package

            with connect() as connection:
                connection.connect()
        elif word == "sqs":
            from tagging.transports.sqs.queue import Queue  # optional package

            Queue(settings.TAGGING_SQS_QUEUE_URL).call("get_queue_attributes", AttributeNames=["QueueArn"])
    except Exception as error:
        name = "TAGGING_BROKER_URL" if word == "celery" else "TAGGING_SQS_QUEUE_URL, and AWS's own variables"
        do = f"Look at {name}, and whether it runs. Until then the sweep finds what is due, a second late."
        yield Finding("broker", "fail", f"The broker of {word} does not answer: {type(error).__name__}.", do)
        return
    if word in ("celery", "sqs"):
        yield Finding("broker", "ok", f"The broker of {word} answers.")
    elif word:
        yield Finding("broker", "ok", f"TAGGING_TRANSPORT is {word}: it needs no broker.")
    else:
        yield Finding("broker", "ok", f"{settings.TAGGING_TRANSPORT} is a transport of your own, which nobody tried.")
