"""What a merge would do, as a person is told before it is done."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from tagging.admin.tag_sight import Person, places_for
from tagging.models import Tag

ALIASES_TOLD = 100


class Preview(NamedTuple):
    """The tag that stays, its dev-logs before and after, and the names that become its aliases, some of many."""

    target: Tag
    before: int
    after: int
    aliases: list[Tag]
    has_more: bool


def preview_of(sources: QuerySet[Tag], target: Tag, user: Person) -> Preview:
    """Count among the dev-logs that a person may read; one with several of these tags counts once."""
    names = sources.order_by().values("pk")
    places = places_for(user).order_by()
    both = places.filter(Q(tag__in=names) | Q(tag=target))
    moving = Tag.objects.filter(Q(pk__in=names) | Q(alias_of__in=names)).exclude(pk=target.pk)
    aliases = list(moving.order_by("name")[: ALIASES_TOLD + 1])
    return Preview(
        target,
        places.filter(tag=target).count(),
        both.aggregate(devlogs=Count("devlog", distinct=True))["devlogs"],
        aliases[:ALIASES_TOLD],
        len(aliases) > ALIASES_TOLD,
    )
