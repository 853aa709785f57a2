"""What a person may know of tags: which names, and of how many dev-logs; what others keep private is left out."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from devlog_project.api.access import readable
from tagging.models import DevLogTag, Tag

Person = User | AnonymousUser
IS_TAG = Q(alias_of=None, is_blocked=False)


def places_for(user: Person) -> QuerySet[DevLogTag]:
    """Return the places of tags on the dev-logs that a person may read."""
    return readable(DevLogTag.objects.all(), user, "devlog__")


def nameable(tags: QuerySet[Tag], user: Person) -> QuerySet[Tag]:
    """Narrow tags to those on a dev-log that a person may read, their aliases, and blocked names.

    One that is on none may be what is left of a private dev-log.
    """
    if user.is_superuser:
        return tags
    # By the figures, which leave few to look at: what is not counted yet, and what is on private ones alone.
    unsure = Tag.objects.filter(IS_TAG, Q(use__public_devlogs=0) | Q(use=None)).order_by()
    found = places_for(user).order_by().filter(tag__in=list(unsure.values_list("pk", flat=True)))
    found_tags = list(found.values_list("tag", flat=True).distinct())
    is_known = Q(is_blocked=True) | Q(alias_of=None, use__public_devlogs__gt=0) | Q(pk__in=found_tags)
    of_known = Q(alias_of__is_blocked=True) | Q(alias_of__use__public_devlogs__gt=0) | Q(alias_of__in=found_tags)
    return tags.filter(is_known | of_known)


def most_used(user: Person, most: int, besides: QuerySet[Tag]) -> list[str]:
    """Return the names of the tags that are on most dev-logs besides these, as far as this person may know."""
    count = figure("devlogs", user)
    tags = Tag.objects.filter(IS_TAG, **{f"{count}__gt": 0}).exclude(pk__in=besides.order_by().values("pk"))
    return list(tags.order_by(f"-{count}", "name").values_list("name", flat=True)[:most])


def count_for(user: Person) -> Case:
    """Return on how many dev-logs a tag is: all for superusers, those that are not private for others.

    An alias and a blocked name are on none, whatever was counted before they became that.
    """
    counted = Coalesce(F(figure("devlogs", user)), Value(0))
    return Case(When(IS_TAG, then=counted), default=Value(0), output_field=IntegerField())


def with_figures(tags: QuerySet[Tag], user: Person) -> QuerySet[Tag]:
    """Have each tag carry its figures, as they are for this person: `count`, `first`, `last` and `months`."""
    columns = {"first": "first_used", "last": "last_used", "months": "months"}
    own = {name: F(figure(column, user)) for name, column in columns.items()}
    return tags.annotate(count=count_for(user), **own)


def figure(name: str, user: Person) -> str:
    """Return the column, as seen from a tag, of one of the figures for this person."""
    return f"use__{name}" if user.is_superuser else f"use__public_{name}"
