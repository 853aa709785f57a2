"""What the queue waits for, and the dev-logs in it: in words, until when, and what a person can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tagging.admin.advice import Advice, advice_for
from tagging.models.queue_pause import PAUSED

# Where a model is asked whose address no setting names.
USUAL_HOST = "api.openai.com"

# What the whole queue waits for.
WAITS: dict[str | None, Promise] = {
    PAUSED: gettext_lazy("a person who resumes it"),
    "rate_limit": gettext_lazy("the provider's rate limit"),
    "provider": gettext_lazy("the provider"),
    "budget": gettext_lazy("the budget of the next day"),
}
# What a dev-log waits for by itself.
OWN_WAITS: dict[str | None, Promise] = {
    **WAITS,
    None: gettext_lazy("nothing of its own"),
    "retry": gettext_lazy("its next try"),
    "budget": gettext_lazy("its author's share of the budget"),
}

Figures = Mapping[str, Any]


class Wait(NamedTuple):
    """Why no call begins now; `until` is empty for as long as it takes."""

    is_pause: bool
    what: str
    since: str
    until: str
    who: str
    reason: str
    error: Figures | None
    advice: Advice | None
    provider: str


class Pending(NamedTuple):
    what: str
    devlogs: int
    due: str


def wait_of(waiting: Figures) -> Wait:
    """Lay out what the queue waits for."""
    error = waiting["error"]
    is_of_provider = waiting["waiting_for"] in ("provider", "rate_limit")
    return Wait(
        waiting["waiting_for"] == PAUSED,
        str(WAITS[waiting["waiting_for"]]),
        clock(waiting["since"]),
        clock(waiting["until"]),
        waiting["paused_by"] or "",
        waiting["reason"],
        error,
        advice_for(error["code"]) if error else None,
        provider() if is_of_provider else "",
    )


def provider() -> str:
    """Name what is asked for tags: the model and its host, and nothing of what lets one in."""
    extractor = import_string(settings.TAGGING_EXTRACTOR)
    if extractor.name != "openai":
        return str(extractor.name)
    address = urlsplit(settings.OPENAI_BASE_URL).netloc.rpartition("@")[2] or USUAL_HOST
    return _("%(model)s at %(host)s") % {"model": settings.OPENAI_MODEL, "host": address}


def pending_of(rows: Sequence[Figures], waiting: Figures | None) -> list[Pending]:
    """Say what pending dev-logs wait for by themselves and when the first of them can be tried."""
    return [Pending(str(OWN_WAITS[row["waiting_for"]]), row["count"], due(row["run_after"], waiting)) for row in rows]


def due(run_after: datetime, waiting: Figures | None) -> str:
    """Return when a dev-log can be tried: not before the whole queue goes on."""
    now = timezone.now()
    if waiting and waiting["waiting_for"] == PAUSED:
        return ""
    if waiting and waiting["until"]:
        run_after = max(run_after, waiting["until"])
    elif waiting and run_after <= now:
        return _("once a probe is answered")
    return clock(run_after) if run_after > now else _("now")


def still_waiting(waiting: Figures) -> str:
    """Say after a pause what the queue waits for all the same."""
    told = {"what": WAITS[waiting["waiting_for"]], "until": clock(waiting["until"])}
    if told["until"]:
        return _("No longer paused; it still waits for %(what)s until %(until)s.") % told
    return _("No longer paused; it still waits for %(what)s.") % told


def clock(moment: datetime | None) -> str:
    """Return the time of a day, and which day if it is not this one; without a dot at its end, as "p.m." has."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    time = formats.date_format(local, "H:i")
    return (
        time if local.date() == timezone.localdate() else f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {time}"
    )
