"""What it will cost to have many dev-logs tagged, in words: shown before a person says yes."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Avg, QuerySet
from django.db.models.functions import Length
from django.utils.module_loading import import_string

from devlogs.models import DevLog
from tagging.extraction.base import Extractor
from tagging.models import spending
from tagging.models.attempt import Attempt
from tagging.models.spending import Price

# So many stand for all: to measure each entry would read the whole table.
SAMPLE = 1_000


def cost_of(devlogs: QuerySet[DevLog], count: int) -> str:
    """Say what the extractor that is set will cost for these dev-logs, `count` of them: at most, and by experience.

    The ledger saves none of it: a retag asks the model, also where it answered the same entry before. Private ones
    cost nothing, as the model is not asked.
    """
    extractor: type[Extractor] = import_string(settings.TAGGING_EXTRACTOR)
    if not extractor.is_paid:
        return f"for nothing ({extractor.name})"
    private = DevLog.objects.filter(is_private=True, pk__in=devlogs.values("pk")).count()
    if private == count:
        return "for nothing (all are private)"
    of_them = f"{private} for nothing, as they are private, and the others " if private else ""
    return of_them + cost_of_asking(extractor, devlogs, count - private)


def cost_of_asking(extractor: type[Extractor], devlogs: QuerySet[DevLog], count: int) -> str:
    """Say what it costs to ask this extractor, which is paid, for so many entries as long as these are on average."""
    length = devlogs[:SAMPLE].annotate(length=Length("entry")).aggregate(mean=Avg("length"))["mean"] or 0
    in_call = spending.entries_per_call(extractor)
    if in_call > 1:
        full, rest = divmod(count, in_call)
        price = spending.estimate_together(round(length), in_call).times(full)
        price += spending.estimate_together(round(length), rest) if rest else Price()
        how, when = f"up to {in_call} of an author by a new call", "if each call is full and none fails"
    else:
        price = spending.estimate(round(length)).times(count)
        how, when = "each by a new call", "if none fails"
    at_most = f"for at most {price.cost:.2f} $ {when} ({extractor.name}, {price.tokens} tokens)"
    return f"{how}, {at_most}{by_experience(extractor.name, count, is_shared=in_call > 1)}"


def by_experience(extractor: str, count: int, *, is_shared: bool) -> str:
    """Say what so many entries cost if they cost what the latest did that were asked alike; nothing where none was."""
    answered = Attempt.objects.filter(extractor=extractor, outcome=Attempt.Outcome.ANSWERED)
    answered = answered.filter(entries_in_call__gt=1) if is_shared else answered.filter(entries_in_call=1)
    rows = list(answered.order_by("-pk").values("model", "cost")[:SAMPLE])
    # Of the model that is asked now, not of one asked before it.
    costs = [row["cost"] for row in rows if row["model"] == rows[0]["model"]]
    return (
        f"; about {count * sum(costs) / len(costs):.2f} $ if they cost what the last {len(costs)} did" if costs else ""
    )
