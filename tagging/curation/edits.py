"""What a person says of one dev-log's tags: it stands until a person says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.extraction.base import MAX_TECHNOLOGIES, Technology
from tagging.extraction.grounding import ground
from tagging.extraction.names import canonical
from tagging.models import DevLogTag, Removal, Tag
from tagging.models.term import taught_names

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class FullError(Exception):
    """No further tag fits on the dev-log; the message says how many do."""


@transaction.atomic
def add(devlog: DevLog, text: str, person: User | None) -> tuple[DevLogTag, bool]:
    """Set a tag, or make one that an attempt found a person's own; return it, and whether it is new on the dev-log.

    People may set as many as an attempt may find. Those found do not count: a full answer must not keep people from
    setting what it missed. Call it with the dev-log's job locked, so that no worker settles it meanwhile.
    """
    taught_names.refresh()
    name = canonical(vocabulary.checked(text))
    DevLogTag.objects.lock()
    meanings = Tag.objects.named([name])
    tag_id = next(iter(meanings.values())).tag_id
    if tag_id is None:
        raise vocabulary.NameRefusedError(_("This name is blocked."))
    mentions = ground([Technology(text), Technology(name)], devlog.entry).mentions
    evidence, position = (mentions[0].evidence, mentions[0].position) if mentions else ("", len(devlog.entry))
    own = {"person": person, "spelling": name}
    tagging, is_new = DevLogTag.objects.select_related("attempt").get_or_create(
        devlog=devlog, tag_id=tag_id, defaults={"evidence": evidence, "position": position, **own}
    )
    if is_new and DevLogTag.objects.filter(devlog=devlog, attempt=None).count() > MAX_TECHNOLOGIES:
        text = _("People have set %(most)d tags on this dev-log, and may set no more; take one off.")
        raise FullError(text % {"most": MAX_TECHNOLOGIES})
    if tagging.attempt:
        tagging.attempt, tagging.person, tagging.spelling = None, person, name
        tagging.save(update_fields=["attempt", "person", "spelling"])
    Tag.objects.refresh([name], meanings)  # before the tag is read, to be shown
    Removal.objects.filter(devlog=devlog, tag=tag_id).delete()
    return tagging, is_new


@transaction.atomic
def keep_off(devlog: DevLog, text: str, person: User | None) -> None:
    """Keep a tag away from a dev-log that may not carry it yet; of a blocked name there is nothing to do."""
    name = canonical(vocabulary.checked(text))
    DevLogTag.objects.lock()
    tag_id = next(iter(Tag.objects.named([name]).values())).tag_id
    if tag_id is not None:
        DevLogTag.objects.filter(devlog=devlog, tag=tag_id).delete()
        Removal.objects.get_or_create(devlog=devlog, tag_id=tag_id, defaults={"person": person, "spelling": name})


@transaction.atomic
def remove(devlog: DevLog, text: str, person: User | None) -> bool:
    """Take off a tag so that no tagging brings it back; return whether the dev-log carried it.

    Call it with the dev-log's job locked, like `add`.
    """
    taught_names.refresh()
    DevLogTag.objects.lock()
    named = vocabulary.stored(text)
    tag = named and (named.alias_of or named)
    if not named or not tag or not DevLogTag.objects.filter(devlog=devlog, tag=tag).delete()[0]:
        return False
    Removal.objects.get_or_create(devlog=devlog, tag=tag, defaults={"person": person, "spelling": named.name})
    return True
