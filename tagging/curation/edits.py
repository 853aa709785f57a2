"""What a person says of one dev-log's tags: it stands until a person says otherwise."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from django.db import transaction

from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.extraction import lexicon
from tagging.extraction.base import MAX_TECHNOLOGIES, Technology
from tagging.extraction.grounding import MAX_NAME, clean, ground
from tagging.models import DevLogTag, Removal, Tag

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NameRefusedError(Exception):
    """This text cannot name a tag; the message says why."""


class FullError(Exception):
    """No further tag fits on the dev-log; the message says how many do."""


def name_of(text: str) -> str:
    """Return the canonical name that a person means; what is wrong with it is said, not mended."""
    if any(unicodedata.category(char).startswith("C") for char in text):
        raise NameRefusedError("A name has no control characters and no marks of direction.")
    name = clean(text, MAX_NAME)
    if not any(char.isalnum() for char in name):
        raise NameRefusedError(f"A name has 1 to {MAX_NAME} characters, a letter or a digit among them.")
    return lexicon.canonical(name)


@transaction.atomic
def add(devlog: DevLog, text: str, person: User | None) -> tuple[DevLogTag, bool]:
    """Set a tag, or make one that an attempt found a person's own; return it, and whether it is new on the dev-log.

    People may set as many as an attempt may find. Those found do not count: a full answer must not keep people from
    setting what it missed. Call it with the dev-log's job locked, so that no worker settles it meanwhile.
    """
    name = name_of(text)
    DevLogTag.objects.lock()
    (tag_id,) = Tag.objects.named([name]).values()
    if tag_id is None:
        raise NameRefusedError("This name is blocked.")
    mentions = ground([Technology(text), Technology(name)], devlog.entry).mentions
    evidence, position = (mentions[0].evidence, mentions[0].position) if mentions else ("", len(devlog.entry))
    tagging, is_new = DevLogTag.objects.select_related("tag", "attempt").get_or_create(
        devlog=devlog, tag_id=tag_id, defaults={"person": person, "evidence": evidence, "position": position}
    )
    if is_new and DevLogTag.objects.filter(devlog=devlog, attempt=None).count() > MAX_TECHNOLOGIES:
        raise FullError(f"People have set {MAX_TECHNOLOGIES} tags on this dev-log, and may set no more; take one off.")
    if tagging.attempt:
        tagging.attempt, tagging.person = None, person
        tagging.save(update_fields=["attempt", "person"])
    Removal.objects.filter(devlog=devlog, tag=tag_id).delete()
    return tagging, is_new


@transaction.atomic
def remove(devlog: DevLog, text: str, person: User | None) -> bool:
    """Take off a tag so that no tagging brings it back; return whether the dev-log carried it.

    Call it with the dev-log's job locked, like `add`.
    """
    DevLogTag.objects.lock()
    tag = vocabulary.find(text) or vocabulary.find(lexicon.canonical(text))
    if not tag or not DevLogTag.objects.filter(devlog=devlog, tag=tag).delete()[0]:
        return False
    Removal.objects.get_or_create(devlog=devlog, tag=tag, defaults={"person": person})
    return True
