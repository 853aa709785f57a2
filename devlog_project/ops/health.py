"""Three addresses for machines: is the process there, does it need a restart, and may it be sent work."""

from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse

from devlog_project import VERSION
from devlog_project.ops.readiness import readiness
from devlog_project.ops.trouble import advice_on
from tagging.engine import startup
from tagging.models.shown_pause import shown_pause

# What to do, by the word that says what is not well.
WORKER_ADVICE = {
    "troubled": "The worker's last step failed and is tried again: the log says why; most often it is the database.",
    "silent": "The worker has stopped moving: restart this process, and keep its log.",
    "dead": "The worker's thread has ended: restart this process, and keep its log.",
    "stopped": "This process is ending: nothing to do.",
}
PROVIDER_ADVICE = {
    "rate_limit": "The provider's rate limit is reached: wait for its end, or lower TAGGING_CONCURRENCY.",
    "provider": "The provider refuses us or is away: see Provider states in the admin, mend it, run manage.py resume.",
    "budget": "The day's budget is spent: wait for the new day (UTC), or raise its limit (TAGGING_DAILY_…).",
}


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def livez(request: HttpRequest) -> JsonResponse:
    """Say whether a restart of this process would help: 503 where its worker should live and does not.

    The database is asked only while the worker does not move: with one that hangs it waits, and whoever restarts us
    then has us begin with the same wait.
    """
    worker = startup.health()
    if worker == "dead" or (worker == "silent" and readiness.findings().database == "ok"):
        return JsonResponse({"status": "dead", "worker": worker, "advice": [WORKER_ADVICE[worker]]}, status=503)
    return JsonResponse({"status": "ok", "worker": worker})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether entries can be taken, how the work behind them fares, and what to do about it.

    503 while no entry could be saved, the tables are not those of this version, or the worker, if it is this process's
    task, does not run. What keeps the queue waiting is `degraded` with 200: entries are still taken, and a balancer
    that turns to others would find the same. `waiting` then says why, since when and until when; with no `until` a
    probe decides. Why in words is for those who may see the admin.
    """
    body: dict[str, Any] = {"status": "ok", "version": VERSION, "database": "ok", "migrations": "ok"}
    body |= {"worker": startup.health(), "provider": "ok"}
    advice: list[str] = []
    try:
        findings = readiness.findings()
        body |= {"database": findings.database, "migrations": findings.migrations, "queue": findings.queue}
        advice += findings.advice
        if findings.database == "ok" and (provider := shown_pause.provider()):
            body["provider"] = provider.waiting_for
            until = provider.resume_at if provider.is_paused else None
            body["waiting"] = {"code": provider.error_code or None, "since": provider.since, "until": until}
            advice.append(PROVIDER_ADVICE[provider.waiting_for])
    except (DatabaseError, InterfaceError) as error:
        body["database"] = "down"
        advice.append(advice_on(error))
    # While the database is down the worker fails or waits with it, and restarting it would help nobody.
    if body["worker"] in WORKER_ADVICE and (body["database"] == "ok" or body["worker"] == "dead"):
        advice.append(WORKER_ADVICE[body["worker"]])
    is_ready = body["database"] == body["migrations"] == "ok" and body["worker"] in ("off", "armed", "ok")
    if advice:
        body |= {"status": "degraded", "advice": advice}
    return JsonResponse(body, status=200 if is_ready else 503)
