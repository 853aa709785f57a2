"""Names that no dev-log carries and about which nobody has decided anything: they come back where they are found."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from tagging.models import DevLogTag, Removal, Tag


def unused() -> QuerySet[Tag]:
    """Return the tags that are on no dev-log, and whose name, kind, aliases and removals are nobody's decision."""
    undecided = {
        "is_blocked": False,
        "is_name_fixed": False,
        "is_kind_fixed": False,
        "alias_of": None,
        "aliases": None,
    }
    return Tag.objects.filter(
        ~Exists(DevLogTag.objects.filter(tag=OuterRef("pk"))),
        ~Exists(Removal.objects.filter(tag=OuterRef("pk"))),
        **undecided,
    )


def delete(tag_ids: Sequence[int]) -> None:
    """Delete those of these tags that are unused still, in a transaction."""
    DevLogTag.objects.lock(alone=True)  # else an answer could store one of them meanwhile
    Tag.objects.filter(pk__in=list(unused().filter(pk__in=tag_ids).values_list("pk", flat=True))).delete()
