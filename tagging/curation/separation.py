"""Take a merge back: an alias is a tag of its own again, on the dev-logs that named it.

Which did is told by the ledger: it holds what the model said, also where a dev-log had both names and one row stayed.
Of a person's edit, and where there is no answer, it is told by how the row was spelt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devlogs.models import DevLog
from tagging.curation.vocabulary import VocabularyError
from tagging.extraction.grounding import Mention, ground
from tagging.models import Attempt, DevLogTag, Removal, Tag, TagUse, sql
from tagging.models.tag import slug_of

FIELDS = ("devlog", "tag", "attempt", "evidence", "position", "spelling")


class Separated(NamedTuple):
    """From which tag an alias was separated, how many dev-logs it got back, and how many stayed as nothing tells."""

    target: Tag
    devlogs: int
    untold: int

    def told(self, alias: Tag) -> str:
        """Say it to a person."""
        done = ngettext(
            "Separated %(alias)s from %(tag)s: %(devlogs)s dev-log carries it again.",
            "Separated %(alias)s from %(tag)s: %(devlogs)s dev-logs carry it again.",
            self.devlogs,
        ) % {"alias": alias, "tag": self.target, "devlogs": self.devlogs}
        left = _("Nothing tells of %(count)s more which of the two they named; they stay.") % {"count": self.untold}
        return f"{done} {left}" if self.untold else done


def told(done: dict[Tag, Separated], names: str) -> str:
    """Say in one sentence what became of these aliases, which `names` names."""
    if len(done) == 1:
        return next(each.told(alias) for alias, each in done.items())
    devlogs = sum(each.devlogs for each in done.values())
    is_untold = any(each.untold for each in done.values())
    said = ngettext(
        "Separated %(names)s: %(devlogs)s dev-log carries them again.",
        "Separated %(names)s: %(devlogs)s dev-logs carry them again.",
        devlogs,
    ) % {"names": names, "devlogs": devlogs}
    left = _("Some stay, as nothing tells which of the names they meant.")
    return f"{said} {left}" if is_untold else said


def places(aliases: Sequence[Tag]) -> int:
    """Return on how many dev-logs the tags of these aliases are: all are looked through, for each alias anew."""
    targets = [alias.alias_of_id for alias in aliases]
    count: dict[int | None, int] = {}
    for portion in sql.portions(sorted({target for target in targets if target})):
        rows = DevLogTag.objects.filter(tag__in=portion).order_by().values_list("tag")
        count.update(rows.annotate(count=Count("pk")))
    return sum(count.get(target, 0) for target in targets)


def separate(alias: Tag) -> Separated:
    """Make an alias a tag again, and give it back the dev-logs that named it; what nothing tells of stays.

    In portions, each committed by itself; from the first one on, new answers tell the two names apart.
    """
    with transaction.atomic():
        DevLogTag.objects.lock(alone=True)
        stored = Tag.objects.select_related("alias_of").filter(pk=alias.pk).first()
        target = stored and stored.alias_of
        if not target:
            raise VocabularyError(_("%(name)s is no alias.") % {"name": alias})
        slugs = {target.slug, *target.aliases.values_list("slug", flat=True)} - {alias.slug}
        Tag.objects.filter(pk=alias.pk).update(alias_of=None)
        set_by_people = DevLogTag.objects.filter(tag=target, attempt=None)
        given = _give_back(set_by_people, alias)
        _give_back(Removal.objects.filter(tag=target), alias)
        untold = set_by_people.filter(spelling="").count()
    tagged = DevLogTag.objects.filter(tag__in=[target, alias]).values("devlog")
    removed = Removal.objects.filter(tag__in=[target, alias]).values("devlog")
    devlogs = DevLog.objects.filter(Q(pk__in=tagged) | Q(pk__in=removed)).order_by("pk")
    last = 0
    while portion := list(devlogs.filter(pk__gt=last)[: sql.PORTION]):
        with transaction.atomic():
            DevLogTag.objects.lock(alone=True)
            found, unknown = _tell_apart(portion, alias, target, slugs)
        given, untold, last = given + found, untold + unknown, portion[-1].pk
    TagUse.objects.expire()
    return Separated(target, given, untold)


def _give_back(rows: QuerySet[Any], alias: Tag) -> int:
    """Move those of these rows to an alias that are spelt like it; return how many."""
    spelt = [each for each in rows.order_by().values_list("spelling", flat=True).distinct() if each]
    own = [each for each in spelt if slug_of(each) == alias.slug]
    return sum(rows.filter(spelling__in=portion).update(tag=alias) for portion in sql.portions(own))


def _tell_apart(devlogs: Sequence[DevLog], alias: Tag, target: Tag, slugs: set[str]) -> tuple[int, int]:
    """Give these dev-logs the one tag, the other or both, as their answers say.

    slugs: the names that the target still has. Returns how many got the alias, and of how many nothing tells.
    """
    ids = [devlog.pk for devlog in devlogs]
    answers = Attempt.objects.filter(job__in=ids, outcome=Attempt.Outcome.ANSWERED).order_by("pk")
    answer_of = {attempt.job_id: attempt for attempt in answers}  # the latest
    rows = DevLogTag.objects.filter(devlog__in=ids, tag=target, attempt__isnull=False)
    row_of = {row.devlog_id: row for row in rows}
    removed = sql.removals(ids)
    found, gone, untold = [], [], 0
    for devlog in devlogs:
        row, attempt = row_of.get(devlog.pk), answer_of.get(devlog.pk)
        said = {slug_of(mention.name): mention for mention in _mentions(devlog, attempt, row)}
        is_alias, is_target = alias.slug in said, bool(slugs & said.keys())
        for slug, mention in said.items():
            tag = alias if slug == alias.slug else target
            if attempt and slug in {alias.slug, *slugs} and (devlog.pk, tag.pk) not in removed:
                found.append((devlog.pk, tag.pk, attempt.pk, *mention[1:], mention.name))
        if row and is_alias and not is_target:
            gone.append(row.pk)
        untold += bool(row and not is_alias and not is_target)
    sql.insert(DevLogTag, FIELDS, found)
    DevLogTag.objects.filter(pk__in=gone).delete()
    return DevLogTag.objects.filter(devlog__in=ids, tag=alias, attempt__isnull=False).count(), untold


def _mentions(devlog: DevLog, attempt: Attempt | None, row: DevLogTag | None) -> list[Mention]:
    """Return what was found in a dev-log, as its answer says; else as the row of its tag was spelt."""
    said = ground(attempt.technologies, devlog.entry).mentions if attempt else []
    spelt = [Mention(row.spelling, row.evidence, row.position)] if row and row.spelling else []
    return said or spelt
