"""What calls may cost in a day: reserved before a call, settled after it, for all processes together.

The claim reserves on each job an estimate of its call; settling puts what was really paid on the day's row instead.
So spent plus reserved never passes the limit, except by what a call costs above its estimate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.extraction.base import Extractor
from tagging.extraction.openai import prompt, together
from tagging.extraction.openai.usage import UNBOUNDED_ANSWER_TOKENS, tokens_in
from tagging.models import sql
from tagging.models.author_spending import AuthorSpending, today


class BudgetReachedError(Exception):
    """No further call fits into what this day may cost."""


MILLION = 1_000_000
# A repair call may follow a call.
CALLS = 2
# Add to a day's row, which may not be there yet; by hand, as the statements in sql.py.
ADD_SPENDING = (
    "INSERT INTO tagging_spending (day, tokens, cost) VALUES (%s, %s, %s) ON CONFLICT (day) DO UPDATE "
    "SET tokens = tagging_spending.tokens + excluded.tokens, cost = tagging_spending.cost + excluded.cost"
)


@dataclass(frozen=True, slots=True)
class Price:
    """Tokens, and what they cost in dollars."""

    tokens: int = 0
    cost: Decimal = Decimal(0)

    @classmethod
    def of(cls, input_tokens: int, output_tokens: int) -> Price:
        dollars = input_tokens * settings.OPENAI_INPUT_PRICE + output_tokens * settings.OPENAI_OUTPUT_PRICE
        return cls(input_tokens + output_tokens, Decimal(str(round(dollars / MILLION, 6))))

    def __add__(self, other: Price) -> Price:
        return Price(self.tokens + other.tokens, self.cost + other.cost)

    def times(self, count: int) -> Price:
        return Price(self.tokens * count, self.cost * count)


def estimate(entry_length: int) -> Price:
    """Return what a call for an entry of so many characters costs at most, in all likelihood.

    The answer is bounded by the request; where OPENAI_MAX_COMPLETION_TOKENS and OPENAI_MAX_TOKENS are both 0 nothing
    bounds it, and UNBOUNDED_ANSWER_TOKENS is what a full one takes. A model that reasons may take more: by so much the
    day's limit is then passed.
    """
    input_tokens = tokens_in(len(prompt.SYSTEM) + entry_length)
    return Price.of(CALLS * input_tokens, CALLS * answer_limit())


def answer_limit() -> int:
    return settings.OPENAI_MAX_COMPLETION_TOKENS or settings.OPENAI_MAX_TOKENS or UNBOUNDED_ANSWER_TOKENS


def estimate_more(entry_length: int) -> Price:
    """Return what a further entry of this length adds to a shared call at most, in all likelihood.

    All that is not one entry's own is within the `estimate` of the call's first: as if it were alone, and repaired.
    """
    return Price.of(tokens_in(entry_length), together.more_answer_tokens(answer_limit()))


def estimate_together(entry_length: int, count: int) -> Price:
    """Return what a call shared by so many entries of this length costs at most, in all likelihood.

    It has no repair. What is reserved on its jobs, `estimate` and `estimate_more`, is more.
    """
    input_tokens = tokens_in(len(together.SYSTEM) + count * entry_length)
    return Price.of(input_tokens, together.answer_tokens(answer_limit(), count))


def entries_per_call(extractor: Extractor | type[Extractor]) -> int:
    """Return how many entries of bulk work share a call by the settings in force: 1 where each has its own."""
    is_elsewhere = (
        settings.TRANSPORTS["sqs"] == settings.TAGGING_TRANSPORT and settings.TAGGING_SQS_CONSUMER == "lambda"
    )
    return settings.TAGGING_ENTRIES_PER_CALL if extractor.shares_calls and not is_elsewhere else 1


def is_limited() -> bool:
    of_all = settings.TAGGING_DAILY_TOKENS or settings.TAGGING_DAILY_COST
    return bool(of_all or settings.TAGGING_DAILY_TOKENS_PER_AUTHOR)


def fits(price: Price) -> bool:
    """Say whether a day may cost this much."""
    tokens, cost = settings.TAGGING_DAILY_TOKENS, settings.TAGGING_DAILY_COST
    return (not tokens or price.tokens <= tokens) and (not cost or price.cost <= Decimal(str(cost)))


def affordable(
    spent: Price,
    lengths: Sequence[int],
    estimated: Callable[[int], Price] = estimate,
    fits: Callable[[Price], bool] = fits,
) -> tuple[int, Price]:
    """Return how many entries of these lengths, in turn, still fit, and what to reserve for each: as `estimated`."""
    for count in range(len(lengths), 0, -1):
        each = estimated(max(lengths[:count]))
        if fits(spent + each.times(count)):
            return count, each
    return 0, Price()


class SpendingQuerySet(models.QuerySet["Spending"]):
    def locked(self, day: date) -> Price:
        """Return what was spent of a day; the row stays locked to the end of the transaction."""
        self.get_or_create(day=day)
        spending = self.select_for_update().get(day=day)
        return Price(spending.tokens, spending.cost)

    def add(self, price: Price, author_id: int | None = None) -> None:
        """Book a price on the day, and on the author, 0 for an anonymous one; None where it was for nobody's entry."""
        self.add_all([(author_id, price)])

    def add_all(self, prices: Iterable[tuple[int | None, Price]]) -> None:
        """Book these prices by author, together."""
        total, by_author = Price(), Counter[int]()
        for author_id, price in prices:
            total += price
            if author_id is not None:
                by_author[author_id] += price.tokens
        if total.tokens:
            day = today()
            on, cost = sql.prepared(Spending, "day", day), sql.prepared(Spending, "cost", total.cost)
            sql.run(ADD_SPENDING, [on, total.tokens, cost])
            AuthorSpending.objects.add(by_author, day)


class Spending(models.Model):
    """What one day cost, in UTC."""

    day = models.DateField(_("day"), primary_key=True)
    tokens = models.PositiveBigIntegerField(_("tokens"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=6, default=Decimal(0), help_text=_("Dollars."))

    objects = SpendingQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("spending")
        ordering = ["-day"]

    def __str__(self) -> str:
        told = {"day": self.day, "tokens": self.tokens, "cost": self.cost}
        return gettext("%(day)s: %(tokens)s tokens, %(cost)s $") % told
