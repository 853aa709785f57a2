"""What it will cost to have many dev-logs tagged, in words: shown before a person says yes."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Avg, QuerySet
from django.db.models.functions import Length
from django.utils.module_loading import import_string

from devlogs.models import DevLog
from tagging.models import spending
from tagging.models.attempt import Attempt

# So many stand for all: to measure each entry would read the whole table.
SAMPLE = 1_000


def cost_of(devlogs: QuerySet[DevLog], count: int) -> str:
    """Say what the extractor that is set will cost for these dev-logs, `count` of them: at most, and by experience.

    The ledger saves none of it: a retag asks the model, also where it answered the same entry before.
    """
    extractor = import_string(settings.TAGGING_EXTRACTOR)
    if not extractor.is_paid:
        return f"for nothing ({extractor.name})"
    length = devlogs[:SAMPLE].annotate(length=Length("entry")).aggregate(mean=Avg("length"))["mean"] or 0
    price = spending.estimate(round(length)).times(count)
    at_most = f"for at most {price.cost:.2f} $ if none fails ({extractor.name}, {price.tokens} tokens)"
    return f"each by a new call, {at_most}{by_experience(extractor.name, count)}"


def by_experience(extractor: str, count: int) -> str:
    """Say what so many calls cost if they cost what the latest did; nothing where none was made."""
    answered = Attempt.objects.filter(extractor=extractor, outcome=Attempt.Outcome.ANSWERED)
    rows = list(answered.order_by("-pk").values("model", "cost")[:SAMPLE])
    # Of the model that is asked now, not of one asked before it.
    costs = [row["cost"] for row in rows if row["model"] == rows[0]["model"]]
    return (
        f"; about {count * sum(costs) / len(costs):.2f} $ if they cost what the last {len(costs)} did" if costs else ""
    )
