"""Name settings that cannot work or do not fit each other: `manage.py check`, and each server that starts."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from devlogs.models import ENTRY_MAX_LENGTH
from tagging.extraction.openai.environment import find_mistake
from tagging.models import spending


@checks.register("settings")
def dotted_paths(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Require a transport and an extractor that can be imported."""
    errors: list[checks.CheckMessage] = []
    for number, name in enumerate(("TAGGING_TRANSPORT", "TAGGING_EXTRACTOR"), start=1):
        try:
            import_string(getattr(settings, name))
        except ImportError as error:
            hint = f"Set {name} to the dotted path of a class, or leave it unset."
            errors.append(checks.Error(f"{name} cannot be imported: {error}.", hint=hint, id=f"tagging.E00{number}"))
    return errors


@checks.register("settings")
def tasks_run_elsewhere(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of a backend that runs tasks in the process that enqueues them, or never."""
    backend = getattr(settings, "TASKS", {}).get("default", {}).get("BACKEND", "")
    is_chosen = settings.TRANSPORTS["django"] == settings.TAGGING_TRANSPORT
    if not is_chosen or not backend.endswith((".ImmediateBackend", ".DummyBackend")):
        return []
    hint = "Name a backend with a worker of its own in TASKS, or leave TAGGING_TRANSPORT unset."
    return [checks.Warning("No other process runs the tasks of TASKS.", hint=hint, id="tagging.W004")]


@checks.register("settings")
def model_can_be_asked(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of what is set up so that no request can be sent; not an error, as all but the model works without."""
    is_asked = settings.EXTRACTORS["openai"] == settings.TAGGING_EXTRACTOR
    mistake = find_mistake(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL) if is_asked else ""
    return [checks.Warning("The model cannot be asked.", hint=mistake, id="tagging.W003")] if mistake else []


@checks.register("settings")
def extractor_can_share_calls(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of shared calls that are asked for of an extractor that answers one entry in a call."""
    try:
        extractor = import_string(settings.TAGGING_EXTRACTOR)
    except ImportError:  # told by another check
        return []
    if spending.entries_per_call(extractor) == settings.TAGGING_ENTRIES_PER_CALL:
        return []
    return [
        checks.Warning(
            "TAGGING_ENTRIES_PER_CALL changes nothing: each entry has a call of its own.",
            hint="Leave it unset, or take an extractor that can, on another way than to Lambda.",
            id="tagging.W005",
        )
    ]


@checks.register("settings")
def budget_allows_a_call(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of a daily budget below the cost of the longest entry, which would wait for ever."""
    longest = spending.estimate(ENTRY_MAX_LENGTH)
    if spending.fits(longest):
        return []
    hint = f"A call is estimated at up to {longest.tokens} tokens; raise the budget above that."
    return [checks.Warning("The daily budget is below the cost of one call.", hint=hint, id="tagging.W002")]


@checks.register("settings")
def share_allows_a_call(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of an author's share below the cost of the longest entry, which goes only where nothing of it is taken."""
    share, longest = settings.TAGGING_DAILY_TOKENS_PER_AUTHOR, spending.estimate(ENTRY_MAX_LENGTH).tokens
    if not share or share >= longest:
        return []
    hint = f"A call is estimated at up to {longest} tokens; raise TAGGING_DAILY_TOKENS_PER_AUTHOR above that."
    return [checks.Warning("An author's share is below the cost of one call.", hint=hint, id="tagging.W006")]


@checks.register("settings")
def lease_outlives_call(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of a lease shorter than a call: the job would be taken over while it runs, and paid twice."""
    if settings.TAGGING_LEASE_SECONDS > settings.OPENAI_TIMEOUT_SECONDS:
        return []
    return [
        checks.Warning(
            "TAGGING_LEASE_SECONDS is not above OPENAI_TIMEOUT_SECONDS.",
            hint="Raise the lease to at least twice the timeout, or lower the timeout.",
            id="tagging.W001",
        )
    ]
