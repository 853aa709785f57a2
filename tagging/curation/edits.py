"""What a person says of a dev-log's tags: it stands until a person says otherwise."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db import transaction

from tagging.curation import vocabulary
from tagging.extraction import lexicon
from tagging.extraction.base import Technology
from tagging.extraction.grounding import MAX_NAME, clean, ground
from tagging.models import DevLogTag, Removal, Tag


class NameRefusedError(Exception):
    """This text cannot name a tag; the message says why."""


def name_of(text: str) -> str:
    """Return the canonical name that a person means; who types may be told what is wrong, so nothing is mended."""
    if any(unicodedata.category(char).startswith("C") for char in text):
        raise NameRefusedError("A name has no control characters and no marks of direction.")
    name = clean(text, MAX_NAME)
    if not any(char.isalnum() for char in name):
        raise NameRefusedError(f"A name has 1 to {MAX_NAME} characters, a letter or a digit among them.")
    return lexicon.canonical(name)


@transaction.atomic
def add(devlog: Any, text: str, person: Any) -> tuple[DevLogTag, bool]:
    """Set a tag, or make one that an attempt found a person's own; return it, and whether it is new on the dev-log.

    Hold the dev-log's job, so that nobody settles it meanwhile.
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
    if tagging.attempt:
        tagging.attempt, tagging.person = None, person
        tagging.save(update_fields=["attempt", "person"])
    Removal.objects.filter(devlog=devlog, tag=tag_id).delete()
    return tagging, is_new


@transaction.atomic
def remove(devlog: Any, text: str, person: Any) -> bool:
    """Take off a tag for good, and say whether the dev-log carried it. Hold the dev-log's job here too."""
    DevLogTag.objects.lock()
    tag = vocabulary.find(text) or vocabulary.find(lexicon.canonical(text))
    if not tag or not DevLogTag.objects.filter(devlog=devlog, tag=tag).delete()[0]:
        return False
    Removal.objects.get_or_create(devlog=devlog, tag=tag, defaults={"person": person})
    return True
