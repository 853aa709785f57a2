"""Terms: names of technologies that a house has taught, beside those of the lexicon's files."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable
from typing import Self

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.functions import Now
from django.db.models.signals import post_delete, post_save
from django.dispatch import Signal, receiver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.extraction import lexicon
from tagging.extraction.lexicon.tokens import forms
from tagging.extraction.names import MAX_NAME, clean, trim
from tagging.models import sql
from tagging.models.tag import KINDS, Tag

logger = logging.getLogger(__name__)

MAX_ALIASES = 1_000
# The sum as well: of two who write at once, the one whose time is older may commit last.
VERSION = "SELECT COUNT(*), MAX(changed_at), SUM({time}) FROM tagging_term"
TIME = {
    "sqlite": "CAST(JULIANDAY(changed_at) * 86400000 AS INTEGER) %% 10000000000",
    "postgresql": "EXTRACT(EPOCH FROM changed_at)",
}
NO_TERMS: tuple[object, ...] = (0, None, None)
_MARKS = "?!"


class TermQuerySet(models.QuerySet["Term"]):
    def update(self, **fields: object) -> int:
        """Change these terms, and tell every process that they have changed."""
        return super().update(**{"changed_at": Now(), **fields})

    def lines(self: Iterable[Term]) -> list[str]:
        """Return these terms as a file of the lexicon has them: by kind, and then by name."""
        lines, kind = list[str](), ""
        for term in sorted(self, key=lambda term: (term.kind, term.name.casefold())):
            if term.kind != kind:
                kind = term.kind
                lines.append(f"[{kind}]")
            lines.append(term.line)
        return lines


class Term(models.Model):
    """A name that the extractors and the model are to know, with its aliases."""

    name = models.CharField(_("name"), max_length=MAX_NAME, unique=True)
    is_everyday = models.BooleanField(
        _("everyday word"),
        default=False,
        help_text=_("Also an ordinary word: it counts only where it means the technology."),
    )
    aliases = models.TextField(
        _("aliases"),
        max_length=MAX_ALIASES,
        blank=True,
        help_text=_("Other spellings, between commas. A ? behind one says that it is an everyday word, too."),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=KINDS, blank=True)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> str:
        """Return the term as a line of the lexicon's files."""
        name = f"{self.name}?" if self.is_everyday else self.name
        return f"{name} = {self.aliases}" if self.aliases else name

    @classmethod
    def read(cls, lines: Iterable[str]) -> list[Self]:
        """Return the terms of a file, unsaved; raise ValueError for a section of no kind."""
        return [
            cls(
                name=name.written,
                is_everyday=name.everyday,
                kind=name.kind,
                aliases=", ".join(f"{alias.written}{'?' * alias.everyday}{'!' * alias.exact}" for alias in aliases),
            )
            for name, *aliases in lexicon.read(lines)
        ]

    def is_teachable(self) -> bool:
        """Whether the lexicon can read this row, which may have been written past `clean`."""
        try:
            [spellings] = lexicon.read([f"[{self.kind}]", self.line])
        except ValueError:
            return False
        return spellings[0].name == self.name and all(forms(spelling.written)[1] for spelling in spellings)

    def spellings(self) -> list[str]:
        """Return all that the term is written as, itself first, without marks."""
        aliases = [alias.strip().rstrip(_MARKS) for alias in self.aliases.split(",")]
        return [self.name, *filter(None, aliases)]

    def clean(self) -> None:
        """Refuse what the lexicon could not read again, and a spelling that another term has."""
        self.name = said(self.name, "name")
        aliases = [alias.strip() for alias in re.split(r"[,\n]", self.aliases) if alias.strip()]
        marked = [(alias.rstrip(_MARKS), alias[len(alias.rstrip(_MARKS)) :]) for alias in aliases]
        self.aliases = ", ".join(f"{said(alias, 'aliases')}{marks}" for alias, marks in marked)
        own = {key for spelling in self.spellings() for key in forms(spelling)[0]}
        for other in Term.objects.exclude(pk=self.pk):
            if taken := [one for one in other.spellings() if own.intersection(forms(one)[0])]:
                problem = gettext("%(name)s is a spelling of %(other)s already: it can mean one technology.")
                raise ValidationError(problem % {"name": taken[0], "other": other})


@receiver([post_save, post_delete], sender=Term)
def give_kind(instance: Term, signal: Signal, **how: object) -> None:
    """Have the tag of this name be of the term's kind, or without a term of what the lexicon's files say."""
    told = instance.kind if signal is post_save else ""
    Tag.objects.give_kind(instance.name, told or known_kind(instance.name))


def known_kind(name: str) -> str:
    """Return what the lexicon's files say a technology is; empty for an unknown one."""
    return next((spelling.kind for spelling in lexicon.from_files().by_name.get(name, ())), "")


def said(text: str, field: str) -> str:
    """Return the name or alias that is meant, or raise ValidationError."""
    name = trim(clean(text, MAX_NAME))
    if not any(char.isalnum() for char in name) or name != text.strip():
        problem = gettext("%(name)r: a name has 1 to %(most)d characters and no punctuation around it.")
        raise ValidationError({field: problem % {"name": text.strip()[:MAX_NAME], "most": MAX_NAME}})
    if "," in name or " = " in name or " #" in name or name[0] == "[" or name[-1] in _MARKS:
        problem = gettext(
            "%(name)r: commas, ' = ', ' #', a [ in front and a ? or ! behind have a meaning of their own."
        )
        raise ValidationError({field: problem % {"name": name}})
    return name


class TaughtNames:
    """What this process has been taught of the terms, and whether they have changed since."""

    def __init__(self) -> None:
        self._version = NO_TERMS
        self._left_out: set[int] = set()
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Have the lexicon of this process know the terms as they are now: one short statement if none changed."""
        if _version() == self._version:
            return
        with self._lock:  # of two threads the one that read the older terms must not teach them last
            version = _version()
            lexicon.teach(TermQuerySet.lines(self._teachable()))
            self._version = version

    def _teachable(self) -> list[Term]:
        """Return the terms without those that nobody could read: one row must not keep all others from tagging."""
        terms = {term: term.is_teachable() for term in Term.objects.all()}
        left_out = {term.pk for term, is_teachable in terms.items() if not is_teachable}
        for which in sorted(left_out - self._left_out):
            logger.error("Term %s cannot be taught and is left out: its name, aliases or kind are malformed", which)
        self._left_out = left_out
        return [term for term, is_teachable in terms.items() if is_teachable]

    def forget(self) -> None:
        """Know none of them."""
        self._version, self._left_out = NO_TERMS, set()
        lexicon.teach(())


def _version() -> tuple[object, ...]:
    (version,) = sql.rows_of(VERSION.format(time=TIME[connection.vendor]), [])
    return version


taught_names = TaughtNames()
