"""Text to tokens, and the one rule by which two spellings of a name count as the same.

Each token is folded (case, width, invisible characters); what stands between two tokens is a space (white space) or
nothing (a hyphen, a dot, a change of script, ...). So "Docker-Compose" and "docker_compose" are both `dockercompose`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from tagging.extraction.lexicon.scripts import APOSTROPHES, INVISIBLE, WORD, is_latin

_GAP_AND_TOKEN = re.compile(rf"([\W_{APOSTROPHES}]*)({WORD})")
_WORD = re.compile(WORD)
_MAX_REMEMBERED = 40
_STRIP_INVISIBLE = re.compile(f"[{INVISIBLE}]+")

# What may stand between two tokens of one name, and how it is folded. Anything else ends the name.
_TO_NOTHING = ("", "-", "_", ".", "'", "’", *APOSTROPHES, "/", "‑", "–", "·", "．", "－", "＿", "／", "・")
_TO_SPACE = (" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u202f", "\u3000", " \n", "\n ", "\n  ")
JOINS = dict.fromkeys(_TO_NOTHING, "") | dict.fromkeys(_TO_SPACE, " ")
# Those after which one is still in the same sentence, and in the same code: most.
_WITHIN_LINE = frozenset(join for join in JOINS if "\n" not in join) | {", "}

PROSE, INLINE, BLOCK = range(3)  # where a token stands: in a sentence, between backticks, in a block of code
SENTENCE_END = re.compile(r"[.!?:;]\s|[。！？]|\*\*|\n\s*(?:\n|\S)| [-–] ")


class Token(NamedTuple):
    """A run of letters and digits: folded, as it stands in the text, and what stands between it and the one before."""

    key: str
    text: str
    start: int
    end: int
    gap: str


def tokenise(text: str) -> list[Token]:
    tokens: list[Token] = []
    new = tuple.__new__  # half the time of Token(...)
    end = 0
    # The last token is ours: without it the search would try a long end of spaces again from each of them.
    for gap, word in _GAP_AND_TOKEN.findall(text + "\nx")[:-1]:
        start = end + len(gap)
        end = start + len(word)
        if gap[-1:] == "." and _dot_belongs_to_name(gap, word, tokens):
            gap, word, start = gap[:-1], f".{word}", start - 1
        key = word.lower() if word.isascii() else fold(word)
        tokens.append(new(Token, (key, word, start, end, gap)))
    return tokens


# One entry is looked through twice, by the embedded extractor and by the grounding of its answer.
tokens_of = lru_cache(maxsize=2)(tokenise)


def _dot_belongs_to_name(gap: str, word: str, before: list[Token]) -> bool:
    """Whether this is the dot of `.NET` and not the end of a sentence, an ellipsis or a file extension."""
    if len(gap) > 1:
        return gap[-2] not in ".)]_"
    return not before or (word.lower() == "net" and not is_latin(before[-1].text))


def is_in_token(text: str, at: int) -> bool:
    """Whether a cut here would go through a token."""
    return _WORD.fullmatch(text, at - 1, at + 1) is not None


def fold(word: str) -> str:
    """Fold one token: `Ｄｊａｎｇｏ`, `django` and `DJANGO` are one."""
    if word.isascii():
        return word.lower()
    return _fold_letters(word) if len(word) <= _MAX_REMEMBERED else _fold_letters.__wrapped__(word)


@lru_cache(maxsize=1 << 12)
def _fold_letters(word: str) -> str:
    return composed(word).casefold()


def composed(word: str) -> str:
    """Return a token as it is written, without what cannot be seen: `Ｄjan\u200bgo` is `Django`."""
    return unicodedata.normalize("NFKC", _STRIP_INVISIBLE.sub("", word))


@lru_cache(maxsize=1 << 12)
def forms(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folded forms of a name (as written, joined, with a space at every join) and its folded tokens."""
    if name.isascii() and name.isalnum():
        return (name.lower(),), (name.lower(),)
    tokens = tokenise(name)
    keys = tuple(token.key for token in tokens)
    as_written = "".join([JOINS.get(token.gap, "") + token.key for token in tokens]).strip()
    return tuple(dict.fromkeys(filter(None, (as_written, "".join(keys), " ".join(keys))))), keys


def letters(text: str) -> str:
    """Return a spelling in its letter case, without what stands between its tokens."""
    return "".join(character for character in text if character.isalnum() or character in "+#*")


class Text:
    """An entry as tokens, and for each of them its sentence, whether it opens it, and whether it is code."""

    def __init__(self, entry: str) -> None:
        self.tokens = tokens_of(entry)
        self.opens = [False] * len(self.tokens)
        self.zone = [PROSE] * len(self.tokens)
        self.hidden: set[int] = set()  # tokens of addresses and of @mentions
        zone, in_address = PROSE, False
        for i, token in enumerate(self.tokens):
            gap = token.gap
            if gap not in _WITHIN_LINE:
                if zone or "`" in gap:
                    zone = _zone_behind(gap, zone)
                if len(gap) > 1:
                    self.opens[i] = SENTENCE_END.search(gap) is not None
                    in_address = in_address or gap == "://"
                if gap[-1:] == "@" and zone == PROSE:
                    self.hidden.add(i)
            if in_address:
                # Where words have no spaces, a comma of such a script ends an address.
                in_address = gap.isascii() and not any(map(str.isspace, gap))
                if in_address:
                    self.hidden.add(i)
            if zone:
                self.zone[i] = zone
        if self.tokens:
            self.opens[0] = True
        self.sentence = list(accumulate(self.opens))

    def token(self, i: int) -> Token | None:
        return self.tokens[i] if 0 <= i < len(self.tokens) else None


def _zone_behind(gap: str, zone: int) -> int:
    if "```" in gap:
        return PROSE if zone == BLOCK else BLOCK
    if zone == INLINE and "\n" in gap:
        zone = PROSE  # a backtick that was not closed
    if zone != BLOCK and gap.count("`") % 2:
        zone = PROSE if zone == INLINE else INLINE
    return zone
