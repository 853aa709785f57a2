"""What names mean, as people decide it: one may be an alias of another, or be blocked.

Every change is one transaction that keeps all others from tagging until it is through. So a worker that settles at
the same moment has either stored its tags before, and they are changed too, or looks them up afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, OrderBy, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from tagging.models import DevLogTag, Removal, Tag
from tagging.models.sql import portions
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


def merge(source: Tag, target: Tag) -> Overlap:
    """Make a tag an alias of another, as `merge_all` does with many."""
    return merge_all([source], target)


@transaction.atomic
def merge_all(sources: Sequence[Tag], target: Tag) -> Overlap:
    """Make these tags aliases of another, on every dev-log and in every answer to come.

    Where a dev-log has several of them, one row stays: a person's before an attempt's.
    """
    DevLogTag.objects.lock(alone=True)
    refuse_to_merge_all(sources, target)
    for ids in portions([source.pk for source in sources]):
        Tag.objects.filter(Q(pk__in=ids) | Q(alias_of__in=ids)).update(alias_of=target, is_blocked=False)
    moving = DevLogTag.objects.filter(tag__alias_of=target).values("devlog").distinct()
    counts = Overlap(moving.count(), moving.filter(devlog__in=target.taggings.values("devlog")).count())
    unite(DevLogTag.objects.all(), target, F("attempt").asc(nulls_first=True))
    unite(Removal.objects.all(), target)
    # A tag that one person set stays, though another took it off; either of them counts before an attempt.
    set_by_people = DevLogTag.objects.filter(tag=target, attempt=None)
    found = DevLogTag.objects.filter(tag=target, attempt__isnull=False)
    removals = Removal.objects.filter(tag=target)
    removals.filter(devlog__in=set_by_people.values("devlog")).delete()
    found.filter(devlog__in=removals.values("devlog")).delete()
    return counts


def refuse_to_merge_all(sources: Sequence[Tag], target: Tag) -> None:
    """Raise VocabularyError unless these tags, as they are stored now, may become aliases of the target."""
    pks = [tag.pk for tag in (target, *sources)]
    stored = Tag.objects.select_related("alias_of")
    now = {tag.pk: tag for ids in portions(pks) for tag in stored.filter(pk__in=ids)}
    for source in sources:
        if not {source.pk, target.pk} <= now.keys():
            raise VocabularyError(f"{source} or {target} is gone.")
        refuse_to_merge(now[source.pk], now[target.pk])


def unite(rows: QuerySet[Any], target: Tag, *order: OrderBy) -> None:
    """Move the rows of a tag's aliases to it; of those on one dev-log the first in this order stays, or its own."""
    names = Tag.objects.filter(Q(pk=target.pk) | Q(alias_of=target)).values("pk")
    order = (*order, F("tag__alias_of").asc(nulls_first=True), F("pk").asc())
    place = Window(RowNumber(), partition_by="devlog", order_by=order)
    surplus = rows.filter(tag__in=names).annotate(place=place).filter(place__gt=1)
    rows.filter(pk__in=surplus.values("pk")).delete()
    rows.filter(tag__alias_of=target).update(tag=target)


@transaction.atomic
def block(tag_ids: Sequence[int]) -> int:
    """Take these names off every dev-log and store them no more; return from how many places they went."""
    DevLogTag.objects.lock(alone=True)
    places = 0
    for ids in portions(tag_ids):
        Tag.objects.filter(pk__in=ids).update(is_blocked=True, alias_of=None)
        places += DevLogTag.objects.filter(tag__in=ids).delete()[0]
    return places


def unblock(tag_ids: Sequence[int]) -> None:
    """Let these names be tags again, from the next answer on."""
    for ids in portions(tag_ids):
        Tag.objects.filter(pk__in=ids).update(is_blocked=False)
