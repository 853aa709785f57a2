"""Tags: a technology under its canonical name, where it was found, and where a person took it off.

What a person says of a dev-log's tags outlives any tagging: `DevLogTag.objects.replace` is the one way in for
machines, tagging/curation/edits.py the one for people. What the names themselves mean is changed in
tagging/curation/vocabulary.py.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import connections, models
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext

from tagging.extraction import lexicon
from tagging.extraction.kinds import Kind
from tagging.extraction.names import MAX_NAME, SPOKEN, sign_of
from tagging.models import sql

if TYPE_CHECKING:
    from tagging.models.attempt import Attempt


KINDS = [(kind.value, kind.value) for kind in Kind]
# So many of its latest places decide how a tag is spelt: no more work for a tag that is everywhere.
SPELLINGS_COUNTED = 100


@lru_cache(10_000)
def slug_of(name: str) -> str:
    """Return what makes two names the same tag: `C`, `C++` and `C--` differ, `Django` and `django` do not."""
    if sign := sign_of(name):
        name = name.removesuffix(sign) + SPOKEN[sign]
    spoken = name.replace("+", "-plus").replace("#", "-sharp").replace(".", "-dot-" if name.startswith(".") else "")
    slug = slugify(spoken, allow_unicode=True)
    if slug and len(slug) <= MAX_NAME:
        return slug
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def kind_of(name: str) -> str:
    """Return what the lexicon says a technology is; empty for an unknown one."""
    known = lexicon.known(name)
    return known.kind if known else ""


def most_used(name: str, latest: Sequence[tuple[str, int | None, bool]]) -> str:
    """Return how a tag is spelt, from its latest spellings; `name` is how it is spelt now.

    The lexicon's spelling comes first, then the one found in the dev-logs of the most authors, in the most dev-logs,
    and then the one that people set most: what one person writes must not rename a tag for all. Of equals it is one
    that is not shouted, or stays.
    """
    found: dict[str, set[int | None]] = {}
    finds, uses = Counter[str](), Counter[str]()
    for written, author, is_found in latest:
        spelling = written or name  # rows of old have none
        if slug_of(spelling) == slug_of(name):  # and is none of its aliases
            uses[spelling] += 1
            finds[spelling] += is_found
            found.setdefault(spelling, set()).update({author} if is_found else ())

    def rank(spelling: str) -> tuple[bool, int, int, int, bool, bool, str]:
        is_listed = lexicon.known(spelling) is not None and lexicon.canonical(spelling) == spelling
        counts = len(found[spelling]), finds[spelling], uses[spelling]
        return is_listed, *counts, not spelling.isupper(), spelling == name, spelling

    return max(uses, key=rank, default=name)


class Meaning(NamedTuple):
    """The tag that a name stands for, if it is not blocked; its own name, if it is no alias, and what may change."""

    tag_id: int | None
    name: str | None
    is_name_fixed: bool
    kind: str | None


class TagQuerySet(models.QuerySet["Tag"]):
    def named(self, names: Iterable[str]) -> dict[str, Meaning]:
        """Return what these names stand for, by their slugs; unknown ones are created.

        An alias stands for its tag, a blocked name for none. Only under `DevLogTag.objects.lock` or after a change
        to a tagging: else a merge may commit in between, and its old name be used once more.
        """
        wanted = {slug_of(name): name for name in names}
        tags = sql.tags_by_slug(list(wanted))
        # Sorted, so that two processes that create the same tags never wait for each other crosswise.
        missing = [(wanted[slug], slug, kind_of(wanted[slug])) for slug in sorted(wanted.keys() - tags.keys())]
        if missing:
            sql.insert(Tag, ("name", "slug", "kind"), missing)
            tags = sql.tags_by_slug(list(wanted))
        return {slug: Meaning(*tag) for slug, tag in tags.items()}

    def give_kind(self, name: str, kind: str) -> None:
        """Say what the tag of this name is, unless a person has said."""
        self.filter(slug=slug_of(name), is_kind_fixed=False).exclude(kind=kind).update(kind=kind)

    def refresh(self, names: Iterable[str], meanings: Mapping[str, Meaning]) -> None:
        """Let usage decide how the tags of these names, just stored, are spelt, and the lexicon what they are.

        Only the tags that bear one of these names themselves: no alias changes the tag it stands for.
        """
        written: dict[Meaning, set[str]] = {}
        for spelt in names:
            written.setdefault(meanings[slug_of(spelt)], set()).add(spelt)
        # By their ids, with all that changes of each: two processes that change the same tags never wait crosswise.
        by_id = sorted(written.items(), key=lambda one: one[0].tag_id or 0)
        for (tag_id, name, is_name_fixed, kind), spellings in by_id:
            if not tag_id or name is None:
                continue
            if not is_name_fixed and spellings != {name}:
                spelling = most_used(name, sql.spellings(tag_id, SPELLINGS_COUNTED))
                if spelling != name:
                    self.filter(pk=tag_id, name=name, is_name_fixed=False).update(name=spelling)
            if kind is not None and kind != (known := kind_of(name)):
                self.filter(pk=tag_id, is_kind_fixed=False).update(kind=known)


class Tag(models.Model):
    """A technology under its canonical name, once; the slug is its identity.

    Or a name that is on no dev-log: an alias, which stands for another tag, or a blocked one.
    """

    name = models.CharField(max_length=MAX_NAME)
    # How a name is spelt is the lexicon's, or what is used most, unless a person has said.
    is_name_fixed = models.BooleanField("spelt by a person", db_default=False, editable=False)
    slug = models.SlugField(max_length=MAX_NAME, unique=True, allow_unicode=True, editable=False)
    # The lexicon's, and empty for names that it does not know, unless a person has said.
    kind = models.CharField(max_length=20, choices=KINDS, blank=True, db_default="", db_index=True)
    is_kind_fixed = models.BooleanField("kind set by a person", db_default=False, editable=False)
    devlogs = models.ManyToManyField("devlogs.DevLog", through="DevLogTag", related_name="tags")
    alias_of = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="aliases")
    is_blocked = models.BooleanField("blocked", db_default=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(alias_of=None) | Q(is_blocked=False), name="tag_alias_or_blocked"),
        ]

    def __str__(self) -> str:
        return self.name


class DevLogTagQuerySet(models.QuerySet["DevLogTag"]):
    def shown(self) -> DevLogTagQuerySet:
        """With the tag and who found it, in one statement; not with the whole answers, which take longer to read."""
        shown = ("tag__name", "tag__slug", "tag__kind", "attempt__extractor", "attempt__model")
        return self.select_related("tag", "attempt").only("devlog_id", "evidence", "position", *shown)

    def lock(self, *, alone: bool = False) -> None:
        """Keep the vocabulary as it is to the end of the transaction; or, `alone`, keep all others from tagging.

        It is the lock that any change to a tagging takes anyway, only taken before the tags are looked up. Locks on
        the tags' rows would not do: who tags would take many of them, in no common order.
        """
        connection = connections[self.db]
        if connection.vendor == "postgresql":  # on SQLite a transaction that writes is alone from its beginning
            mode = "SHARE ROW EXCLUSIVE" if alone else "ROW EXCLUSIVE"
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {self.model._meta.db_table} IN {mode} MODE")

    def replace(self, attempts: Sequence[Attempt]) -> None:
        """Give these attempts' dev-logs the tags they found, instead of those an earlier attempt found.

        What a person set stays, and what a person took off stays away.
        """
        devlog_ids = [attempt.job_id for attempt in attempts]
        # First, also where there is nothing to delete: from here on no merge comes between us and the tags we name.
        sql.delete_found_tags(devlog_ids)
        removed = sql.removals(devlog_ids)
        names = {mention.name for attempt in attempts for mention in attempt.mentions}
        meanings = Tag.objects.named(names)
        found = [
            (attempt.job_id, tag_id, attempt.pk, mention.evidence, mention.position, mention.name)
            for attempt in attempts
            for mention in attempt.mentions
            if (tag_id := meanings[slug_of(mention.name)].tag_id) and (attempt.job_id, tag_id) not in removed
        ]
        fields = ("devlog", "tag", "attempt", "evidence", "position", "spelling")
        sql.insert(DevLogTag, fields, found)
        Tag.objects.refresh(names, meanings)


class DevLogTag(models.Model):
    """A tag on a dev-log: found by an attempt, with the words that show it, or set by a person."""

    devlog = models.ForeignKey("devlogs.DevLog", models.CASCADE, related_name="taggings")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings", db_index=False)
    attempt = models.ForeignKey("Attempt", models.CASCADE, null=True, blank=True, related_name="taggings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    evidence = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(default=0, help_text="Where in the entry it stands, in characters.")
    # It tells how most people spell the tag, and by which of its names it was found.
    spelling = models.CharField(max_length=MAX_NAME, blank=True, db_default="", help_text="As it was named here.")

    objects = DevLogTagQuerySet.as_manager()

    class Meta:
        verbose_name = "tag on a dev-log"
        verbose_name_plural = "tags on dev-logs"
        ordering = ["position", "pk"]
        # The places of a tag, and the latest of them first: how most people spell it (see `refresh`).
        indexes = [
            models.Index(fields=["tag", "-id"], name="latest_of_tag"),
            # The dev-logs of a tag, without a look at its places.
            models.Index(fields=["tag", "devlog"], name="devlogs_of_tag"),
        ]
        constraints = [models.UniqueConstraint(fields=["devlog", "tag"], name="tag_once_per_devlog")]

    def __str__(self) -> str:
        return gettext("%(tag)s on dev-log %(number)s") % {"tag": self.tag, "number": self.devlog_id}

    @property
    def source(self) -> str:
        return self.attempt.source if self.attempt else "person"


class Removal(models.Model):
    """A tag that a person took off a dev-log: no attempt brings it back.

    A row of its own, so that code that reads or counts the tags of dev-logs need not know of it.
    """

    devlog = models.ForeignKey("devlogs.DevLog", models.CASCADE, related_name="removals")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="removals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    spelling = models.CharField(max_length=MAX_NAME, blank=True, db_default="", help_text="As it was named here.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["devlog", "tag"], name="removal_once_per_devlog")]

    def __str__(self) -> str:
        return gettext("%(tag)s taken off dev-log %(number)s") % {"tag": self.tag, "number": self.devlog_id}
