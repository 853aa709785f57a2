"""Two addresses for machines: is the process there, and may it be sent work."""

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse

from tagging.engine import startup
from tagging.models.provider_state import shown_pause


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether requests can be taken, and how the work behind them fares.

    503 while the database is away or the worker, if it is this process's task, does not run. A provider that
    refuses us is `degraded` with 200: entries are still taken, and wait.
    """
    body = {"status": "ok", "database": "ok", "worker": startup.health(), "provider": "ok"}
    try:
        body["provider"] = shown_pause.waiting_for() or "ok"
    except DatabaseError:
        body["database"] = "down"
    is_ready = body["database"] == "ok" and body["worker"] in ("off", "armed", "ok")
    if not is_ready or body["provider"] != "ok":
        body["status"] = "degraded"
    return JsonResponse(body, status=200 if is_ready else 503)
