"""Why a dev-log has no tags yet, in a sentence for its author."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from tagging.extraction.base import ErrorCode, WaitingFor
from tagging.looks.told import for_authors, way_out
from tagging.models import Job
from tagging.models.provider_state import ProviderState
from tagging.models.shown_pause import ShownPause, shown_pause

# An operator has to act before the model can be asked again.
OPERATORS = (ErrorCode.PROVIDER_REFUSED, ErrorCode.MISCONFIGURED)


def waiting(job: Job | None, pause: ShownPause = shown_pause) -> str:
    """Say why a dev-log has no tags yet, or what to do where it gets none; nothing where its job is done."""
    if job is None:
        return _("Nobody has asked for its tags yet: tag it again.")
    if job.state == Job.State.FAILED:
        return f"{for_authors(job.error_code)} {way_out(job.error_code)}"
    if job.state == Job.State.DONE:
        return ""
    if job.is_superseded:
        return _("It was edited while it was being tagged; its new text is next.")
    if job.state == Job.State.RUNNING:
        return _("It is being tagged.")
    if paused := pause.queue():
        return _("The queue is paused since %(time)s; your entry is safe and will be tagged when it goes on.") % {
            "time": moment(paused.since)
        }
    say = REASONS.get(job.waits_for(pause) or "", queued)
    return say(job, None if job.is_private else pause.provider())


def queued(job: Job, provider: ProviderState | None) -> str:
    if job.priority == Job.Priority.BULK:
        return _("It will be tagged after what people write just now.")
    return _("It will be tagged in a moment.")


def retry(job: Job, provider: ProviderState | None) -> str:
    if job.in_doubt_since or not job.run_after or job.run_after <= timezone.now():
        return _("%(error)s It is tried again soon.") % {"error": for_authors(job.error_code)}
    words = {"error": for_authors(job.error_code), "time": moment(job.run_after)}
    return _("%(error)s It is tried again at %(time)s.") % words


def rate_limit(job: Job, provider: ProviderState | None) -> str:
    if not provider:  # the pause that its own row tells of is over
        return queued(job, provider)
    if not provider.is_paused or not provider.resume_at:
        return _("The model's server took no more calls; it is being asked again. Your entry is safe.")
    return _("The model's server takes no more calls before %(time)s; your entry is safe and will be tagged then.") % {
        "time": moment(provider.resume_at)
    }


def down(job: Job, provider: ProviderState | None) -> str:
    if not provider:
        return queued(job, provider)
    words = {"time": moment(provider.since or timezone.now())}
    if provider.error_code in OPERATORS:
        return (
            _(
                "The model cannot be asked since %(time)s, which the operator has to mend; "
                "your entry is safe and will be tagged then."
            )
            % words
        )
    return (
        _("The model's server is down since %(time)s; your entry is safe and will be tagged when it is back.") % words
    )


def budget(job: Job, provider: ProviderState | None) -> str:
    if provider and provider.waiting_for == WaitingFor.BUDGET:
        return _(
            "What the model may cost in a day is spent; "
            "your entry is safe and will be tagged after midnight UTC, or when the operator allows more."
        )
    return _(
        "Your entries of today have used up your share of what the model may cost in a day; "
        "this one is safe and will be tagged after midnight UTC."
    )


def moment(at: datetime) -> str:
    """Return a time as its reader writes it, with the day where it is not today's."""
    local = timezone.localtime(at)
    is_today = local.date() == timezone.localdate()
    return f"{formats.date_format(local, 'TIME_FORMAT' if is_today else 'SHORT_DATETIME_FORMAT')} {local.tzname()}"


REASONS: dict[str, Callable[[Job, ProviderState | None], str]] = {
    WaitingFor.RETRY: retry,
    WaitingFor.RATE_LIMIT: rate_limit,
    WaitingFor.PROVIDER: down,
    WaitingFor.BUDGET: budget,
}
