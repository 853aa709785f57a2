"""Where and when the worker starts: in a process that serves, once, and nowhere else.

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
from typing import Any, TypeGuard

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started

from tagging.engine.fork import on_fork
from tagging.engine.guard import GuardedThread

# A step takes milliseconds, a rest after errors a second; silence beyond that, and beyond the next sweep, is a fault.
SILENCE_SECONDS = 8

MakeWorker = Callable[[], GuardedThread]

_lock = threading.Lock()
_make_worker: MakeWorker | None = None
_worker: GuardedThread | None = None
_is_stopped = False


def is_serving_runserver(argv: list[str]) -> bool:
    """Say whether this is the process in which runserver serves, not the one that watches its files."""
    return argv[1:2] == ["runserver"] and ("--noreload" in argv or os.environ.get("RUN_MAIN") == "true")


def arm(make_worker: MakeWorker | None) -> None:
    """Have the worker start with this process's first request, if no hook of its server does so before.

    make_worker: what makes this process's worker; None if it is to have none. Raises ImproperlyConfigured where the
    server could answer no request: it would not say so itself.
    """
    global _make_worker
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS is empty: set it to the names under which this server is reached.")
    _make_worker = make_worker if settings.TAGGING_WORKER == "auto" else None
    request_started.connect(ensure_started, dispatch_uid="tagging.startup")


def ensure_started(**signal: Any) -> None:
    """Start the worker unless it lives in this very process; cheap, called with each request."""
    # The process is compared first: after a fork the thread is not here, whatever is_alive() says of it.
    if _is_here(_worker) and (_is_stopped or _worker.is_alive()):
        return
    if _make_worker:
        with _lock:
            if not (_is_here(_worker) and _worker.is_alive()):
                _start(_make_worker())


def _start(worker: GuardedThread) -> None:
    global _worker, _is_stopped
    if not _is_here(_worker):
        atexit.unregister(stop)  # a fork's, of its parent
        atexit.register(stop)
        # Before Python 3.13 a process that multiprocessing forked, as granian does, ends without atexit.
        Finalize(None, stop, exitpriority=0)
    worker.start()
    _worker, _is_stopped = worker, False


def _is_here(worker: GuardedThread | None) -> TypeGuard[GuardedThread]:
    return worker is not None and worker.birthplace.is_here


def stop() -> None:
    """Stop this process's worker, if there is one; a second call does nothing."""
    global _is_stopped
    with _lock:
        if _is_here(_worker) and not _is_stopped:
            _is_stopped = True
            _worker.stop(settings.TAGGING_SHUTDOWN_SECONDS)


def health() -> str:
    """Return the worker's state in one word: off, armed, ok, troubled, dead, silent or stopped."""
    if not _is_here(_worker):
        return "armed" if _make_worker else "off"
    if _is_stopped:
        return "stopped"
    if not _worker.is_alive():
        return "dead"
    rest = min(settings.TAGGING_SWEEP_SECONDS, settings.TAGGING_LEASE_SECONDS / 3)
    if time.monotonic() - _worker.last_turn_at > SILENCE_SECONDS + rest:
        return "silent"
    return "troubled" if _worker.errors.in_a_row else "ok"


def _begin_anew() -> None:
    """Replace, in a forked child, a lock that another thread may have held: it would stay locked for ever."""
    global _lock
    _lock = threading.Lock()


on_fork(_begin_anew)
