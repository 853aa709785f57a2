"""What names mean, as people decide it: one may be an alias of another, or be blocked.

Every change is one transaction that keeps all others from tagging until it is through. So a worker that settles at
the same moment has either stored its tags before, and they are changed too, or looks them up afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q

from tagging.models import DevLogTag, Removal, Tag
from tagging.models.tag import slug_of


class VocabularyError(Exception):
    """This cannot be done to these names; the message is a sentence for people."""


class Overlap(NamedTuple):
    """How many dev-logs carry a tag, and how many of them another one too."""

    devlogs: int
    both: int


def find(name: str) -> Tag | None:
    """Return the tag that a name or a slug stands for."""
    tag = Tag.objects.select_related("alias_of").filter(slug=slug_of(name)).first()
    return (tag.alias_of or tag) if tag else None


def overlap(source: Tag, target: Tag) -> Overlap:
    carrying = source.taggings.all()
    return Overlap(carrying.count(), carrying.filter(devlog__in=target.taggings.values("devlog")).count())


def refuse_to_merge(source: Tag, target: Tag) -> None:
    """Raise VocabularyError unless one tag may become an alias of the other."""
    if source == target:
        raise VocabularyError(f"{source} cannot be merged into itself.")
    if source.alias_of_id:
        raise VocabularyError(f"{source} is an alias already, of {source.alias_of}.")
    if target.alias_of_id:
        raise VocabularyError(f"{target} is itself an alias, of {target.alias_of}.")
    if target.is_blocked:
        raise VocabularyError(f"{target} is blocked.")


@transaction.atomic
def merge(source: Tag, target: Tag) -> Overlap:
    """Make a tag an alias of another, on every dev-log and in every answer to come.

    Where a dev-log has both, one row stays: a person's before an attempt's.
    """
    DevLogTag.objects.lock(alone=True)
    as_they_are = Tag.objects.select_related("alias_of").in_bulk([source.pk, target.pk])
    if len({source, target}) > len(as_they_are):
        raise VocabularyError(f"{source} or {target} is gone.")
    source, target = as_they_are[source.pk], as_they_are[target.pk]
    refuse_to_merge(source, target)
    counts = overlap(source, target)
    set_by_people = DevLogTag.objects.filter(tag=source, attempt=None)
    found = DevLogTag.objects.filter(tag=target, attempt__isnull=False)
    found.filter(devlog__in=set_by_people.values("devlog")).delete()
    everywhere: list[Any] = [DevLogTag.objects, Removal.objects]
    for rows in everywhere:
        rows.filter(tag=source, devlog__in=rows.filter(tag=target).values("devlog")).delete()
        rows.filter(tag=source).update(tag=target)
    # A tag that one person set stays, though another took it off; either of them counts before an attempt.
    removals = Removal.objects.filter(tag=target)
    removals.filter(devlog__in=DevLogTag.objects.filter(tag=target, attempt=None).values("devlog")).delete()
    found.filter(devlog__in=removals.values("devlog")).delete()
    Tag.objects.filter(Q(pk=source.pk) | Q(alias_of=source)).update(alias_of=target, is_blocked=False)
    return counts


@transaction.atomic
def block(tag_ids: Collection[int]) -> int:
    """Take these names off every dev-log and store them no more; return from how many places they went."""
    DevLogTag.objects.lock(alone=True)
    Tag.objects.filter(pk__in=tag_ids).update(is_blocked=True, alias_of=None)
    return DevLogTag.objects.filter(tag__in=tag_ids).delete()[0]


def unblock(tag_ids: Collection[int]) -> None:
    """Let these names be tags again, from the next answer on."""
    Tag.objects.filter(pk__in=tag_ids).update(is_blocked=False)
