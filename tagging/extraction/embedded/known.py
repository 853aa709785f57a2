"""The names of the lexicon in an entry: the longest of each place."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest

from tagging.extraction import lexicon
from tagging.extraction.embedded.cues import cues
from tagging.extraction.embedded.surroundings import MAX_MENTIONS, Found
from tagging.extraction.lexicon import Spelling
from tagging.extraction.lexicon.glued import name_in, parts
from tagging.extraction.lexicon.tokens import JOINS, Text, Token, fold
from tagging.extraction.lexicon.typos import correct, well_known
from tagging.extraction.load_once import load_once

_MAX_WORD = 40
_DOMAINS = frozenset(("com", "de", "dev", "io", "net", "org"))
_MAX_HYPHENS = 2  # that an entry has in a name and the lexicon has not
_MIN_COMPOUND, _MIN_HEAD = 7, 3
# With how many letters a name must have: Perlen are no Perl, and Rosten is no Rust.
_HISSING = "hsxz"  # letters after which a plural takes an `e`: activities are no Activiti
_INFLECTIONS = {"s": 3, "es": 6, "en": 6}


def known_names(text: Text, taken: set[int]) -> tuple[list[Found], list[Found]]:
    """Find the longest names of the lexicon: those that are certain, and those that are everyday words too."""
    certain: list[Found] = []
    doubtful: list[Found] = []
    openers = lexicon.load().openers
    passed_over = text.hidden | taken
    mentions: Counter[str] = Counter()
    behind = 0
    for i, (token, following) in enumerate(zip_longest(text.tokens, text.tokens[1:])):
        if i < behind or i in passed_over:
            continue
        spelling = None
        # Else it is a file extension or a method, or the flag of a command.
        if (token.gap != "." or not token.text.islower()) and not _is_flag(token) and not _is_path(token, following):
            spelling = _name_of(token.text) if len(token.text) <= _MAX_WORD else None
        if spelling and spelling.everyday and mentions[spelling.name] == MAX_MENTIONS:
            spelling = None  # looked at often enough
        found = Found(i, i, spelling.name, spelling.everyday) if spelling else None
        if token.key in openers and following and following.key in openers[token.key]:
            longest = openers[token.key][following.key] + _MAX_HYPHENS
            found = _longer_name(text.tokens[i : i + longest], found, i)
        if found:
            behind = found.last + 1
            if not found.everyday:
                certain.append(found)
            elif mentions[found.name] < MAX_MENTIONS:
                mentions[found.name] += 1
                doubtful.append(found)
    return certain, doubtful


def _is_flag(token: Token) -> bool:
    """Whether it is an option of a command: `ls -v`, `--debug`."""
    return len(token.gap) > 1 and token.gap.endswith("-") and token.gap[-2] in " `-("


def _is_path(token: Token, following: Token | None) -> bool:
    """Whether the path of one's own code begins here: com.acme.shop."""
    return token.key in _DOMAINS and following is not None and following.gap == "." and following.text.islower()


@lexicon.remembered(1 << 14)
def _name_of(word: str) -> Spelling | None:
    """Return what a word stands for: as it is, inflected (`Djangos`), with a version (`Python3`), or misspelt."""
    names = lexicon.load()
    key = fold(word)
    if spelling := names.find(key, word):
        return spelling
    for ending, shortest in _INFLECTIONS.items():
        if key.endswith(ending) and len(key) >= len(ending) + shortest and (ending != "es" or key[-3] in _HISSING):
            spelling = names.find(key[: -len(ending)], word[: -len(ending)])
            shouted = spelling is not None and spelling.written.isupper()  # `Shapes` is not SHAP
            if spelling and not spelling.everyday and (not shouted or word[: -len(ending)].isupper()):
                return spelling._replace(everyday=word.islower())  # `Dockers` may be a genitive, `dockers` are people
    stem = word.rstrip("0123456789")
    if 1 < len(stem) < len(word) and (spelling := names.find(fold(stem), stem)):
        return spelling
    return _compound_of(word, key) or correct(key)


def _compound_of(word: str, key: str) -> Spelling | None:
    """Return the well-known name that a German compound begins with: Djangoprojekt, Javakurs; it needs its capital."""
    if len(key) < _MIN_COMPOUND or not (word[0].isupper() and word[2:].islower()):
        return None
    names = lexicon.load().spellings
    heads = {key[:end]: names[key[:end]][0] for end in range(_MIN_HEAD, len(key) - 2) if key[:end] in _heads()}
    head = name_in(word, heads) if heads else None
    if head is None or not any(key.startswith(second, len(head)) for second in parts()["words"]):
        return None
    return heads[head]._replace(everyday=False)


@load_once
def _heads() -> frozenset[str]:
    return (well_known() | cues()["heads"]) & lexicon.from_files().spellings.keys()


def _longer_name(tokens: list[Token], best: Found | None, first: int) -> Found | None:
    """Return the longest name that begins where these tokens do; `best` is what the first of them stands for."""
    names = lexicon.load()
    key = tokens[0].key
    for more, token in enumerate(tokens[1:], start=1):
        join = JOINS.get(token.gap)
        if join is None:
            break
        key += join + token.key
        if key not in names.spellings:
            continue
        if spelling := names.find(key, "".join([token.text for token in tokens[: more + 1]])):
            shorter = best if best and not best.everyday else None
            if shorter and shorter.name == spelling.name:
                best = shorter._replace(last=first + more)
            else:
                best = Found(first, first + more, spelling.name, spelling.everyday, shorter)
    return best
