"""When the transport's worker starts: in a process that serves, once, and nowhere else.

`ready()` runs in every management command, twice under runserver and in the master of `gunicorn --preload`, so it
starts the worker only where runserver serves. Other servers import wsgi.py or asgi.py, which commands and tests
never do: that arms the start, and the first request, gunicorn's post-fork hook or the ASGI lifespan carries it out.
"""

import atexit
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started

from tagging import queues
from tagging.transports import LocalWorker

# A turn takes milliseconds, a rest after trouble seconds; silence beyond that, and beyond the next sweep, is a fault.
SILENCE_SECONDS = 60

_lock = threading.Lock()
_worker: LocalWorker | None = None
_pid = 0
_is_stopped = False


def is_serving_runserver(argv: list[str]) -> bool:
    """Say whether this is the process in which runserver serves, not the one that watches its files."""
    return argv[1:2] == ["runserver"] and ("--noreload" in argv or os.environ.get("RUN_MAIN") == "true")


def local_worker() -> Callable[[], LocalWorker] | None:
    """Return what makes a serving process's worker; None if told not to, or if its rings are answered elsewhere."""
    return getattr(queues.transport(), "worker", None) if settings.TAGGING_WORKER == "auto" else None


def arm() -> None:
    """Have the worker start with this process's first request, if no hook of its server does so before.

    Raises what is wrong with the settings of a server that could answer nobody, or ring nobody: it would not say so
    itself.
    """
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS is empty: set it to the names under which this server is reached.")
    queues.transport()
    request_started.connect(ensure_started, dispatch_uid="tagging.engine.startup")


def ensure_started(**signal: Any) -> None:
    """Start the worker unless it lives in this very process; cheap, called with each request."""
    # The pid is compared first: after a fork the thread is not here, whatever is_alive() says of it.
    if _pid == os.getpid() and (_is_stopped or (_worker and _worker.is_alive())):
        return
    if not (make_worker := local_worker()):
        return
    with _lock:
        if _pid != os.getpid() or not (_worker and _worker.is_alive()):
            _start(make_worker())


def _start(worker: LocalWorker) -> None:
    global _worker, _pid, _is_stopped
    if _pid != os.getpid():
        atexit.unregister(stop)  # a fork's, of its parent
        atexit.register(stop)
        # Before Python 3.13 a process that multiprocessing forked, as granian does, ends without atexit.
        Finalize(None, stop, exitpriority=0)
    _worker = worker
    _worker.start()
    _pid, _is_stopped = os.getpid(), False


def stop() -> None:
    """Stop this process's worker, if there is one; a second call does nothing."""
    global _is_stopped
    with _lock:
        if _worker and _pid == os.getpid() and not _is_stopped:
            _is_stopped = True
            _worker.stop(settings.TAGGING_SHUTDOWN_SECONDS)


def health() -> str:
    """Return the worker's state in one word: off, armed, ok, troubled, dead, silent or stopped."""
    if not local_worker():
        return "off"
    if not _worker or _pid != os.getpid():
        return "armed"
    if _is_stopped:
        return "stopped"
    if not _worker.is_alive():
        return "dead"
    rest = min(settings.TAGGING_SWEEP_SECONDS, settings.TAGGING_LEASE_SECONDS / 3)
    if time.monotonic() - _worker.turned_at > SILENCE_SECONDS + rest:
        return "silent"
    return "troubled" if _worker.trouble else "ok"


def _after_fork() -> None:
    """A lock that another thread held at the fork would stay locked in the child for ever."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
