"""Two addresses for machines: is the process there, and may it be sent work."""

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse

from tagging.engine import startup
from tagging.models.shown_pause import shown_pause


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether requests can be taken, and how the work behind them fares.

    503 while the database is away or the worker, if it is this process's task, does not run. A provider that
    refuses us is `degraded` with 200: entries are still taken, and wait. `waiting` then says why, since when and until
    when; with no `until` a probe decides. Why in words is for those who may see the admin.
    """
    body: dict[str, Any] = {"status": "ok", "database": "ok", "worker": startup.health(), "provider": "ok"}
    try:
        if provider := shown_pause.provider():
            body["provider"] = provider.waiting_for
            until = provider.resume_at if provider.is_paused else None
            body["waiting"] = {"code": provider.error_code or None, "since": provider.since, "until": until}
    except DatabaseError:
        body["database"] = "down"
    is_ready = body["database"] == "ok" and body["worker"] in ("off", "armed", "ok")
    if not is_ready or body["provider"] != "ok":
        body["status"] = "degraded"
    return JsonResponse(body, status=200 if is_ready else 503)
