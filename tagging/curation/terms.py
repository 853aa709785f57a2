"""The terms as a file that a team can keep: what an import would change, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from tagging.extraction import lexicon
from tagging.extraction.lexicon.tokens import forms
from tagging.models import Term

# What a file says of a term.
WRITTEN = ("is_everyday", "aliases", "kind")


class TermsRefusedError(Exception):
    """A file that cannot be taught; the message says in which line, and why."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Names by what became of them."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # known here, and not in the file


@transaction.atomic
def import_terms(lines: Sequence[str], *, prune: bool = False, dry_run: bool = False) -> Imported:
    """Teach the terms of a file, all or none; `prune`: forget those that it lacks. Raises TermsRefusedError."""
    imported = Imported()
    written = terms_in(lines)
    known = {term.name: term for term in Term.objects.all()}
    imported.missing.extend(sorted(known.keys() - {term.name for _, term in written}))
    if prune:
        Term.objects.filter(name__in=imported.missing).delete()
    for _, term in written:
        before = known.get(term.name)
        term.pk = before.pk if before else None
        if before and all(getattr(before, name) == getattr(term, name) for name in WRITTEN):
            imported.unchanged.append(term.name)
        else:
            term.save()
            (imported.changed if before else imported.added).append(term.name)
    # Only now: within a file an alias may move from one term to another.
    for number, term in reversed(written):
        try:
            term.full_clean(exclude=["changed_at"], validate_unique=False)
        except ValidationError as error:
            raise TermsRefusedError(f"Line {number}: {' '.join(error.messages)}") from error
    transaction.set_rollback(dry_run)
    return imported


def overruled(term: Term) -> list[str]:
    """Return which technologies of the lexicon lose a spelling to this term: a house's own product may be an Atlas."""
    known = lexicon.from_files().spellings
    keys = {key for spelling in term.spellings() for key in forms(spelling)[0]}
    return sorted({each.name for key in keys for each in known.get(key, ())} - {term.name})


def terms_in(lines: Sequence[str]) -> list[tuple[int, Term]]:
    """Return the terms of a file, unsaved, each with the number of its line."""
    section = ""
    terms: dict[str, tuple[int, Term]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            found = Term.read([section, line])
        except ValueError as error:
            raise TermsRefusedError(f"Line {number}: {error}") from error
        if line.strip().startswith("["):
            section = line
        for term in found:
            if line.partition(" = ")[0].rstrip().endswith("!"):
                raise TermsRefusedError(f"Line {number}: an alias may have a !, the name itself may not.")
            if term.name in terms:
                raise TermsRefusedError(f"Line {number}: {term.name} stands in line {terms[term.name][0]} already.")
            terms[term.name] = number, term
    return list(terms.values())
