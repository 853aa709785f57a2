"""Which names go where a model may read them: such as cannot be a sentence.

They are those of the lexicon, and others of at most four words, without signs that could be markup.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from tagging.extraction import lexicon
from tagging.extraction.names import clean
from tagging.stack.figures import Stack

MOST_WORDS, LONGEST_NAME = 4, 60
# What a name may have besides letters, marks and digits.
SIGNS = frozenset(" .+#-/'&()!*@_")
# A word ends where a capital or a digit begins the next one, too.
WORD = re.compile(r"[^\W\d_a-z]?[a-z]+|[^\W\d_a-z]+(?![a-z])|[^\W\d_]+|\d+")


def with_names_alone(stack: Stack) -> Stack:
    """Return the stack without the technologies whose names could speak to a model; they count as left out."""
    shown = [technology for technology in stack.technologies if is_only_a_name(technology.name)]
    slugs = {technology.slug for technology in shown}
    weeks = {
        monday: kept
        for monday, counts in stack.weeks.items()
        if (kept := {slug: count for slug, count in counts.items() if slug in slugs})
    }
    left_out = stack.left_out + len(stack.technologies) - len(shown)
    return replace(stack, technologies=shown, weeks=weeks, left_out=left_out)


def is_only_a_name(name: str) -> bool:
    """Return whether a name can go before a prompt: nobody could have written a sentence in it."""
    if name != clean(name, LONGEST_NAME) or not all(map(is_plain, name)):
        return False
    return bool(lexicon.known(name)) or len(WORD.findall(name)) <= MOST_WORDS


def is_plain(char: str) -> bool:
    return char in SIGNS or unicodedata.category(char)[0] in "LMN"
