"""What names mean, as people decide it: how one is spelt, that it is an alias of another, or that it is blocked.

Every change keeps all others from tagging until it is through. So a worker that settles at the same moment has either
stored its tags before, and they are changed too, or looks them up afterwards. How a merge is taken back is told in
tagging/curation/separation.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, NoReturn

from django.db import transaction
from django.db.models import Case, Count, F, OrderBy, OuterRef, Q, QuerySet, Subquery, When, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tagging.extraction.names import MAX_NAME, canonical, clean, trim
from tagging.models import DevLogTag, Removal, Tag, TagUse
from tagging.models.sql import portions
from tagging.models.tag import kind_of, slug_of
from tagging.models.term import taught_names

# So many places are cleared in one transaction: others write in between.
PLACES_AT_ONCE = 1_000
SEPARATE = gettext_noop("separate it first (manage.py separate_tag, or Separate in the admin's list of tags)")


class VocabularyError(Exception):
    """This cannot be done to these names; the message is a sentence for people."""


class NameRefusedError(VocabularyError):
    """This text cannot name a tag; the message says why."""


class Overlap(NamedTuple):
    """How many dev-logs carry a tag, and how many of them another one too."""

    devlogs: int
    both: int


def checked(text: str) -> str:
    """Return the name that a person means, without punctuation around it; all else that is wrong with it is said."""
    if any(unicodedata.category(char).startswith("C") for char in text):
        raise NameRefusedError(_("A name has no control characters and no marks of direction."))
    name = trim(clean(text, MAX_NAME))
    if not any(char.isalnum() for char in name):
        text = _("A name has 1 to %(most)d characters, a letter or a digit among them.")
        raise NameRefusedError(text % {"most": MAX_NAME})
    return name


def stored(name: str, among: QuerySet[Tag] | None = None) -> Tag | None:
    """Return the row of a name or a slug, be it a tag's, an alias or blocked; or that of the lexicon's name for it.

    among: those that the person may know of; all, unless it is given.
    """
    tags = Tag.objects.all() if among is None else among
    slugs = [slug_of(name), slug_of(canonical(trim(name)))]
    found = {tag.slug: tag for tag in tags.select_related("alias_of").filter(slug__in=slugs)}
    return found.get(slugs[0]) or found.get(slugs[1])


def find(name: str) -> Tag | None:
    """Return the tag that a name or a slug stands for."""
    tag = stored(name)
    return (tag.alias_of or tag) if tag else None


def refuse(why: str, **named: object) -> NoReturn:
    raise VocabularyError(why % named)


def refuse_to_rename(tag: Tag, name: str) -> None:
    """Raise VocabularyError unless a tag, as it is stored, may bear this name."""
    if slug_of(name) == tag.slug:
        return
    if tag.alias_of:
        refuse(_("%(tag)s is an alias: its spelling may change, but %(name)s is another name."), tag=tag, name=name)
    if tag.is_blocked:
        refuse(_("%(tag)s is blocked: its spelling may change, but %(name)s is another name."), tag=tag, name=name)
    if other := Tag.objects.filter(slug=slug_of(name)).first():
        refuse(_("There is %(other)s already: merge %(tag)s into it."), other=other, tag=tag)


@transaction.atomic
def rename(tag: Tag, name: str) -> None:
    """Spell a tag so, for good. Where that is another name, by its slug, the old one becomes an alias of it."""
    taught_names.refresh()
    DevLogTag.objects.lock(alone=True)
    refuse_to_rename(tag, name)
    Tag.objects.filter(pk=tag.pk).update(name=name, slug=slug_of(name), is_name_fixed=True)
    if slug_of(name) != tag.slug:
        Tag.objects.filter(pk=tag.pk, is_kind_fixed=False).update(kind=kind_of(name))
        Tag.objects.create(name=tag.name, slug=tag.slug, alias_of=tag)


def refuse_alias(tag: Tag, name: str) -> None:
    """Raise VocabularyError unless this name, which no tag has, may stand for a tag in answers to come."""
    if tag.alias_of or tag.is_blocked:
        refuse(_("%(tag)s is no tag itself: give the alias to one that dev-logs may carry."), tag=tag)
    meant = canonical(name)
    if tag.slug in (slug_of(name), slug_of(meant)):
        refuse(_("%(name)s is read as %(tag)s already."), name=name, tag=tag)
    if slug_of(meant) != slug_of(name):
        refuse(_("%(name)s is read as %(meant)s: merge that into %(tag)s."), name=name, meant=meant, tag=tag)
    if other := Tag.objects.filter(slug=slug_of(name)).first():
        refuse(_("There is %(other)s already: merge it into %(tag)s."), other=other, tag=tag)


@transaction.atomic
def add_alias(tag: Tag, name: str) -> Tag:
    """Let one more name stand for a tag, from the next answer on."""
    taught_names.refresh()
    DevLogTag.objects.lock(alone=True)
    refuse_alias(tag, name)
    return Tag.objects.create(name=name, slug=slug_of(name), alias_of=tag)


class Weight(NamedTuple):
    """What stands behind some names: their aliases, the dev-logs they are on, and how often; how often by people."""

    names: int
    aliases: int
    devlogs: int
    places: int
    set_by_people: int


def weigh(tags: QuerySet[Tag], among: QuerySet[DevLogTag]) -> Weight:
    """Count what goes with these names among the places that a person may read, without fetching any of it."""
    names = tags.order_by().values("pk")
    places = among.filter(tag__in=names)
    counts = places.aggregate(
        devlogs=Count("devlog", distinct=True), places=Count("pk"), set_by_people=Count("pk", filter=Q(attempt=None))
    )
    return Weight(tags.count(), Tag.objects.filter(alias_of__in=names).count(), **counts)


def overlap(source: Tag, target: Tag) -> Overlap:
    carrying = source.taggings.all()
    return Overlap(carrying.count(), carrying.filter(devlog__in=target.taggings.values("devlog")).count())


def refuse_to_merge(source: Tag, target: Tag, sources: Collection[Tag] = ()) -> None:
    """Raise VocabularyError unless one tag may become an alias of the other, as one of these sources.

    A target that is an alias of a source may: the two are turned round.
    """
    if source == target:
        refuse(_("%(source)s cannot be merged into itself."), source=source)
    if source.alias_of_id:
        why = _("%(source)s is an alias already, of %(tag)s: %(separate)s.")
        refuse(why, source=source, tag=source.alias_of, separate=_(SEPARATE))
    if target.alias_of_id and target.alias_of not in (source, *sources):
        why = _("%(alias)s is itself an alias, of %(tag)s: merge %(source)s into %(tag)s, or %(separate)s.")
        refuse(why, alias=target, tag=target.alias_of, source=source, separate=_(SEPARATE))
    if target.is_blocked:
        refuse(_("%(tag)s is blocked: unblock it first, in the admin's list of tags."), tag=target)


def merge(source: Tag, target: Tag) -> Overlap:
    """Make a tag an alias of another, as `merge_all` does with many."""
    return merge_all([source], target)


@transaction.atomic
def merge_all(sources: Sequence[Tag], target: Tag) -> Overlap:
    """Make these tags aliases of another, on every dev-log and in every answer to come.

    Where a dev-log has several of them, one row stays: a person's before an attempt's. A target that is an alias of
    one of them becomes the tag that stays.
    """
    DevLogTag.objects.lock(alone=True)
    refuse_to_merge_all(sources, target)
    Tag.objects.filter(pk=target.pk).update(alias_of=None)
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
    TagUse.objects.expire()
    return counts


def refuse_to_merge_all(sources: Sequence[Tag], target: Tag) -> None:
    """Raise VocabularyError unless these tags, as they are stored now, may become aliases of the target."""
    pks = [tag.pk for tag in (target, *sources)]
    stored = Tag.objects.select_related("alias_of")
    now = {tag.pk: tag for ids in portions(pks) for tag in stored.filter(pk__in=ids)}
    for source in sources:
        if not {source.pk, target.pk} <= now.keys():
            refuse(_("%(source)s or %(target)s is gone."), source=source, target=target)
        refuse_to_merge(now[source.pk], now[target.pk], sources)


def unite(rows: QuerySet[Any], target: Tag, *order: OrderBy) -> None:
    """Move the rows of a tag's aliases to it; of those on one dev-log the first in this order stays, or its own.

    Each keeps the name that it was found by, so that it can be given back.
    """
    names = Tag.objects.filter(Q(pk=target.pk) | Q(alias_of=target)).values("pk")
    order = (*order, F("tag__alias_of").asc(nulls_first=True), F("pk").asc())
    place = Window(RowNumber(), partition_by="devlog", order_by=order)
    surplus = rows.filter(tag__in=names).annotate(place=place).filter(place__gt=1)
    rows.filter(pk__in=surplus.values("pk")).delete()
    own_name = Subquery(Tag.objects.filter(pk=OuterRef("tag")).values("name"))
    spelling = Case(When(spelling="", then=own_name), default=F("spelling"))
    rows.filter(tag__alias_of=target).update(tag=target, spelling=spelling)


def block(tag_ids: Sequence[int]) -> int:
    """Take these names off every dev-log and store them no more; return from how many places they went.

    In portions, each committed by itself: what others write never waits for all.
    """
    places = 0
    for ids in portions(tag_ids):
        with transaction.atomic():
            DevLogTag.objects.lock(alone=True)
            Tag.objects.filter(pk__in=ids).update(is_blocked=True, alias_of=None)
        standing = DevLogTag.objects.filter(tag__in=ids).order_by("pk").values("pk")
        while gone := DevLogTag.objects.filter(pk__in=standing[:PLACES_AT_ONCE]).delete()[0]:
            places += gone
    TagUse.objects.expire()
    return places


def unblock(tag_ids: Sequence[int]) -> None:
    """Let these names be tags again, from the next answer on."""
    for ids in portions(tag_ids):
        Tag.objects.filter(pk__in=ids).update(is_blocked=False)
