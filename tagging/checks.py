"""Settings that do not fit each other, said before they cost an evening: `manage.py check`."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from tagging.models import Job, spending


@checks.register()
def dotted_paths(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The transport and the extractor can be imported."""
    errors: list[checks.CheckMessage] = []
    for number, name in enumerate(("TAGGING_TRANSPORT", "TAGGING_EXTRACTOR"), start=1):
        try:
            import_string(getattr(settings, name))
        except ImportError as error:
            hint = f"Set {name} to the dotted path of a class, or leave it unset."
            errors.append(checks.Error(f"{name} cannot be imported: {error}", hint=hint, id=f"tagging.E00{number}"))
    return errors


@checks.register()
def budget_allows_a_call(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A day's budget below what the longest entry may cost would hold it back for ever."""
    devlog: Any = Job._meta.get_field("devlog").related_model
    longest = spending.estimate(devlog._meta.get_field("entry").max_length)
    if spending.fits(longest):
        return []
    hint = f"A call is estimated at up to {longest.tokens} tokens; raise the budget above that."
    return [checks.Warning("The daily budget is below the cost of one call.", hint=hint, id="tagging.W002")]


@checks.register()
def lease_outlives_call(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A lease shorter than a call would be taken over while the call still runs, and paid twice."""
    if settings.TAGGING_LEASE_SECONDS > settings.OPENAI_TIMEOUT_SECONDS:
        return []
    return [
        checks.Warning(
            "TAGGING_LEASE_SECONDS is not above OPENAI_TIMEOUT_SECONDS.",
            hint="Raise the lease to at least twice the timeout, or lower the timeout.",
            id="tagging.W001",
        )
    ]
