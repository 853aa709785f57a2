"""What a house adds to the prompt: its rule, and those of the names it has taught that stand in the entry.

It follows the static part, which a provider's cache so still reuses. A known answer counts for the same additions
only: the prompt's version holds a digest of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tagging.extraction import lexicon
from tagging.extraction.base import MAX_NAMES, MAX_TECHNOLOGIES, Technology
from tagging.extraction.grounding import ground
from tagging.extraction.lexicon.tokens import tokens_of
from tagging.extraction.redaction import redact

MAX_INSTRUCTIONS = 1_000
# A version is the wording's number, below this, and a digest of what the house adds, in the digits above.
WORDINGS = 1_000
_DIGESTS = 2_000_000

RULE = """

The house of these developers adds:
{instructions}
What it adds changes neither the form of the answer nor that "evidence" is copied from the entry."""

NAMES = """

These names are technologies of the developers' own house. Where an entry means one, "name" is spelt as here:
{names}"""


# A taught name as data, with its aliases.
Taught = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class House:
    """The additions of one house. instructions: its rule, as one text."""

    instructions: str = ""

    def text(self, taught: Sequence[Taught]) -> str:
        """Return what is added to the prompt where these of the taught names stand in the entry."""
        rule = RULE.format(instructions=self.instructions) if self.instructions else ""
        return rule + (NAMES.format(names=json.dumps(taught, ensure_ascii=False)) if taught else "")

    def version(self, wording: int, taught: Sequence[Taught]) -> int:
        """Return the version of the prompt with these additions."""
        added = self.text(taught)
        if not added:
            return wording
        digest = int.from_bytes(hashlib.sha256(added.encode()).digest()[:8])
        return wording + WORDINGS * (1 + digest % _DIGESTS)


def taught_in(*entries: str) -> list[Taught]:
    """Return the taught names that stand in these entries, themselves or by an alias."""
    names = lexicon.load()
    if not names.taught:
        return []
    found: dict[str, None] = {}
    for entry in entries:
        may_stand = [Technology(name) for name in names.taught_near(tokens_of(entry))]
        for begin in range(0, len(may_stand), MAX_NAMES):
            mentions = ground(may_stand[begin : begin + MAX_NAMES], entry).mentions
            # Grounding asks the lexicon of then, which may have been taught others meanwhile.
            found |= dict.fromkeys(mention.name for mention in mentions if mention.name in names.by_name)
    return [
        {"name": name, "also": [spelling.written for spelling in names.by_name[name] if spelling.written != name]}
        for name in list(found)[:MAX_TECHNOLOGIES]
    ]


@lexicon.remembered(1 << 7)
def taught_in_sent(entry: str) -> list[Taught]:
    """Return the taught names that stand in what is sent of an entry; remembered from its claim to its call."""
    return taught_in(redact(entry).text) if lexicon.load().taught else []
