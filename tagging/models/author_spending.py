"""What each author's calls took of a day, so that one cannot spend everybody's budget."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.models import sql

# Add to an author's row of a day, which may not be there yet; by hand, as the statements in sql.py.
ADD_SPENDING = (
    "INSERT INTO tagging_authorspending (day, author_id, tokens) VALUES {rows} ON CONFLICT (day, author_id) "
    "DO UPDATE SET tokens = tagging_authorspending.tokens + excluded.tokens"
)


def today() -> date:
    return datetime.now(UTC).date()


def end_of(day: date) -> datetime:
    """Return when the next day begins."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


class AuthorSpendingQuerySet(models.QuerySet["AuthorSpending"]):
    def add(self, tokens: Mapping[int, int], day: date) -> None:
        """Book tokens by author, in the transaction that has booked them on the day's row, which is locked so."""
        authors = sorted(author for author, count in tokens.items() if count)
        on = sql.prepared(AuthorSpending, "day", day)
        for portion in sql.portions(authors):
            values = [value for author in portion for value in (on, author, tokens[author])]
            sql.run(ADD_SPENDING.format(rows=", ".join(["(%s, %s, %s)"] * len(portion))), values)

    def of(self, authors: Collection[int], day: date) -> dict[int, int]:
        """Return the tokens that these authors' calls took of a day, of those who had some."""
        return dict(self.filter(day=day, author_id__in=authors).values_list("author_id", "tokens"))

    def note_waiting(self, authors: Collection[int], limit: int, day: date) -> None:
        """Note that jobs of these authors wait for the end of this day under this limit."""
        rows = [AuthorSpending(day=day, author_id=author, waits_under=limit) for author in sorted(authors)]
        AuthorSpending.objects.bulk_create(
            rows, update_conflicts=True, update_fields=["waits_under"], unique_fields=["day", "author_id"]
        )


class AuthorSpending(models.Model):
    """What one author's calls took of one day, in UTC; author 0 is all who are anonymous."""

    day = models.DateField(_("day"))
    author_id = models.BigIntegerField(_("author id"))
    tokens = models.PositiveBigIntegerField(_("tokens"), default=0)
    # The limit under which jobs of this author were put off to the next day; null where none were.
    waits_under = models.PositiveBigIntegerField(_("waits under"), null=True)

    objects = AuthorSpendingQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("author spending")
        constraints = [models.UniqueConstraint(fields=["day", "author_id"], name="spending_of_author")]

    def __str__(self) -> str:
        told = {"day": self.day, "author": self.author_id, "tokens": self.tokens}
        return gettext("%(day)s, author %(author)s: %(tokens)s tokens") % told
