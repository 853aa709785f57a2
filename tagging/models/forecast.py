"""What it will cost to have many dev-logs tagged, and how long it takes, in words: shown before a person says yes."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db.models import Avg, QuerySet
from django.db.models.functions import Length
from django.utils.formats import number_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devlogs.models import DevLog
from tagging.extraction.base import Extractor, WaitingFor
from tagging.models import pace, queue, spending
from tagging.models.attempt import Attempt
from tagging.models.queue_pause import PAUSED
from tagging.models.spending import Price

# So many stand for all: to measure each entry would read the whole table.
SAMPLE = 1_000
CENT = Decimal("0.01")
# The largest of these units of which there are at least two.
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


def cost_of(devlogs: QuerySet[DevLog], count: int, *, as_public: bool = False) -> str:
    """Say what the extractor that is set will cost for these dev-logs, `count` of them: at most, and by experience.

    The ledger saves none of it: a retag asks the model, also where it answered the same entry before. Private ones
    cost nothing, as the model is not asked. as_public: they are not private any more when they are tagged.
    """
    extractor: type[Extractor] = import_string(settings.TAGGING_EXTRACTOR)
    if not extractor.is_paid:
        return _("for nothing (%(extractor)s)") % {"extractor": extractor.name}
    is_free = {"is_private": True, "pk__in": devlogs.values("pk")}
    private = 0 if as_public else DevLog.objects.filter(**is_free).count()
    if private == count:
        return _("for nothing (all are private)")
    asked = cost_of_asking(extractor, devlogs, count - private)
    told = {"count": number_format(private, force_grouping=True)}
    free = _("%(count)s for nothing, as they are private, and the others ") % told if private else ""
    return free + asked


def cost_of_asking(extractor: type[Extractor], devlogs: QuerySet[DevLog], count: int) -> str:
    """Say what it costs to ask this extractor, which is paid, for so many entries as long as these are on average."""
    length = devlogs[:SAMPLE].annotate(length=Length("entry")).aggregate(mean=Avg("length"))["mean"] or 0
    in_call = spending.entries_per_call(extractor)
    if in_call > 1:
        full, rest = divmod(count, in_call)
        price = spending.estimate_together(round(length), in_call).times(full)
        price += spending.estimate_together(round(length), rest) if rest else Price()
        how = _(
            "up to %(in_call)s of an author by a new call, for at most %(cost)s $ if each call is full and none fails "
            "(%(extractor)s, %(tokens)s tokens)"
        )
    else:
        price = spending.estimate(round(length)).times(count)
        how = _("each by a new call, for at most %(cost)s $ if none fails (%(extractor)s, %(tokens)s tokens)")
    at_most = how % {
        "in_call": in_call,
        "cost": number_format(price.cost, 2, force_grouping=True),
        "extractor": extractor.name,
        "tokens": number_format(price.tokens, force_grouping=True),
    }
    return at_most + by_experience(extractor.name, count, is_shared=in_call > 1)


def by_experience(extractor: str, count: int, *, is_shared: bool) -> str:
    """Say what so many entries cost if they cost what the latest did that were asked alike; nothing where none was."""
    answered = Attempt.objects.filter(extractor=extractor, outcome=Attempt.Outcome.ANSWERED)
    answered = answered.filter(entries_in_call__gt=1) if is_shared else answered.filter(entries_in_call=1)
    rows = list(answered.order_by("-pk").values("model", "cost")[:SAMPLE])
    # Of the model that is asked now, not of one asked before it.
    costs = [row["cost"] for row in rows if row["model"] == rows[0]["model"]]
    if not costs:
        return ""
    cost = count * sum(costs) / len(costs)
    if 0 < cost < CENT:
        told = _("; less than %(cost)s $ if they cost what the last %(count)s did")
    else:
        told = _("; about %(cost)s $ if they cost what the last %(count)s did")
    return told % {"cost": number_format(max(cost, CENT) if cost else 0, 2, force_grouping=True), "count": len(costs)}


def left_today() -> str:
    """Say what is left of the day's budget; nothing where there is none, or where the extractor costs nothing."""
    extractor: type[Extractor] = import_string(settings.TAGGING_EXTRACTOR)
    today = queue.spent_today()
    tokens, cost = today["tokens_limit"], today["cost_limit"]
    if not extractor.is_paid or not (tokens or cost):
        return ""
    left = []
    if tokens:
        some = {"left": max(0, tokens - today["tokens"]), "limit": tokens}
        some = {name: number_format(count, force_grouping=True) for name, count in some.items()}
        left.append(_("%(left)s of %(limit)s tokens") % some)
    if cost:
        money = {"left": max(Decimal(0), Decimal(str(cost)) - Decimal(today["cost"])), "limit": Decimal(str(cost))}
        amounts = {name: number_format(amount, 2, force_grouping=True) for name, amount in money.items()}
        left.append(_("%(left)s of %(limit)s $") % amounts)
    told = _("Left of today's budget: %(left)s. What does not fit into it waits for the next day.")
    return told % {"left": _(" and ").join(left)}


def held_up() -> str:
    """Say that the queue is paused or what it waits for, so that nothing begins now; nothing where it goes on."""
    waiting = queue.waiting()
    if not waiting:
        return ""
    if waiting["waiting_for"] == PAUSED:
        return _("The queue is paused by a person: these wait until it is resumed.")
    if waiting["waiting_for"] == WaitingFor.BUDGET:
        return _("The day's budget is spent: all but private ones wait for the next day.")
    if waiting["waiting_for"] == WaitingFor.RATE_LIMIT:
        return _("The provider takes no more calls for now: all but private ones wait until it does.")
    return _("The provider does not answer: all but private ones wait until it does.")


def time_of(count: int) -> str:
    """Say in a sentence how long so many more jobs take at the present pace, behind all that is pending."""
    per_second = pace.measured().per_busy_second
    if not per_second:
        return _("Nothing was tagged in the last minutes, so nobody can say how long it takes.")
    pending = queue.counts()["pending"]
    told = {"time": duration((pending + count) / per_second), "pending": number_format(pending, force_grouping=True)}
    if queue.waiting():
        return _("The queue waits now; once it goes on, they take %(time)s at the pace of late.") % told
    if pending:
        return _("At the present pace it takes %(time)s, with the %(pending)s that wait already.") % told
    return _("At the present pace it takes %(time)s.") % told


def duration(seconds: float) -> str:
    """Return so many seconds as people say them: "about 3 hours"."""
    if seconds < 2 * MINUTE:
        count = max(1, round(seconds))
        return ngettext("about %(count)s second", "about %(count)s seconds", count) % {"count": count}
    if seconds < 2 * HOUR:
        return _("about %(count)s minutes") % {"count": round(seconds / MINUTE)}
    if seconds < 2 * DAY:
        return _("about %(count)s hours") % {"count": round(seconds / HOUR)}
    return _("about %(count)s days") % {"count": number_format(round(seconds / DAY))}
