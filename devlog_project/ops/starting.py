"""What a server looks at before it serves: what cannot work is its end, what is dangerous a line in its log."""

import logging

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from devlog_project.ops.checks import is_beyond
from tagging import queues
from tagging.engine import process_lock
from tagging.engine.worker import MARGIN_SECONDS

logger = logging.getLogger(__name__)


def look_at_settings() -> None:
    """Log what `manage.py check` says of settings; raise ImproperlyConfigured where a worker here could keep no lock.

    Without its extractor a server still takes entries, which wait, and readiness tells: so that is no end.
    """
    for message in checks.run_checks(tags=["settings"]):
        logger.log(message.level, "%s %s (%s)", message.msg, message.hint, message.id)
    if works_here():
        process_lock.directory()


def works_here() -> bool:
    return settings.TAGGING_WORKER == "auto" and bool(queues.local_worker_maker())


def look_at_server(grace_seconds: float, hosts: list[str]) -> None:
    """Hold what a server was told against the settings.

    grace_seconds: how long it waits for a process that it has asked to end; hosts: the addresses it listens on.
    """
    needed = settings.TAGGING_SHUTDOWN_SECONDS + MARGIN_SECONDS
    if works_here() and grace_seconds < needed:
        raise ImproperlyConfigured(
            f"gunicorn kills a process {grace_seconds:g} s after it was asked to end, and the worker's end may take "
            f"{needed:g} s: raise graceful_timeout to that, or lower TAGGING_SHUTDOWN_SECONDS."
        )
    if settings.DEBUG and any(map(is_beyond, hosts)):
        logger.warning(
            "DEBUG is on and other machines reach this server: whoever comes reads and writes all dev-logs without a "
            "login. Set DEBUG=off, or bind it to 127.0.0.1."
        )
