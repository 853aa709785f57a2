"""From an extractor's answer to tags: the one path after any extractor.

An entry may hold instructions to the model, and a model may obey them or make things up. So nothing it says is
believed: a technology is kept only where it, a known alias of it or a slip in a well-known name stands in the entry.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from tagging.extraction import lexicon
from tagging.extraction.base import MAX_NAMES, MAX_TECHNOLOGIES
from tagging.extraction.evidence import MAX_EVIDENCE, Quotes
from tagging.extraction.lexicon.glued import name_in, parts
from tagging.extraction.lexicon.scripts import APOSTROPHES, is_latin, may_be_one_word
from tagging.extraction.lexicon.tokens import JOINS, SENTENCE_END, Token, forms, is_in_token, tokens_of
from tagging.extraction.lexicon.typos import correct
from tagging.extraction.names import canonical, sign_of, trim

MAX_NAME = 100
_MAX_TOKENS = 20
_APOSTROPHES = ("'", "’", *APOSTROPHES)
_INFLECTIONS = ("s", "es", "en")
_VERSION = re.compile(r" v?\d{1,4}(?:\.\d{1,4}){0,3}(?:\.x)?\+?$")


class Mention(NamedTuple):
    """A technology that stands in the entry: its canonical name, the words that show it, and where it stands."""

    name: str
    evidence: str
    position: int


class Grounded(NamedTuple):
    mentions: list[Mention]
    dropped: int


class _Wanted(NamedTuple):
    """What to look for: by folded form, each name it stands for, and if it is an everyday word; more by name."""

    forms: dict[str, list[tuple[str, bool]]]
    evidence: dict[str, object]
    written: dict[str, str]  # as it was given
    signs: dict[str, str]  # that must stand behind it
    given: Counter[str]  # how often, in whatever spelling


def ground(technologies: Iterable[object], entry: str) -> Grounded:
    """Keep what stands in the entry: canonical, each name once, in the order of the entry; count the others."""
    technologies = list(technologies)
    wanted = _wanted(technologies[:MAX_NAMES], entry)
    tokens = tokens_of(entry) if wanted.forms else []
    places: dict[str, tuple[int, int]] = {}
    within: dict[str, tuple[int, int]] = {}  # the React of React Native: counts where React has no place of its own
    behind = -1
    for form, first, last in _runs(tokens, wanted.forms):
        for name, everyday in wanted.forms[form]:
            if name in wanted.signs and not entry.startswith(wanted.signs[name], tokens[last].end):
                continue
            if not (everyday and _is_just_a_word(tokens, first)):
                (within if last <= behind else places).setdefault(name, (first, last))
                behind = max(behind, last)
        if first == last and all(name in places for name, _ in wanted.forms[form]):
            del wanted.forms[form]  # seen again, it tells nothing more
    places = within | places
    for search in (_glued, _misspelt):
        if missing := wanted.evidence.keys() - places.keys():
            for name, first, last in search(tokens, wanted, missing):
                places.setdefault(name, (first, last))
    if missing := wanted.evidence.keys() - places.keys():
        quotes = Quotes(entry, tokens, _is_cut_from_a_word)
        for name in missing:
            if (at := quotes.place(name, wanted.written[name], wanted.evidence[name])) is not None:
                places[name] = at, at
    mentions = []
    for name, (first, last) in sorted(places.items(), key=lambda place: (place[1], place[0]))[:MAX_TECHNOLOGIES]:
        start, end = tokens[first].start, tokens[last].end
        mentions.append(Mention(name, _evidence(wanted.evidence[name], entry, start, end), start))
    return Grounded(mentions, len(technologies) - sum(wanted.given[mention.name] for mention in mentions))


def words_around(entry: str, start: int, end: int) -> str:
    """Return entry[start:end] with the words around it: verbatim, from one line, at most MAX_EVIDENCE characters."""
    left, right = start, min(end, start + MAX_EVIDENCE)
    room = (MAX_EVIDENCE - (right - left)) // 2
    while left and start - left < room and entry[left - 1].isprintable():
        left -= 1
    while right < len(entry) and right - left < MAX_EVIDENCE and entry[right].isprintable():
        right += 1
    while left and left < start and is_in_token(entry, left):
        left += 1
    while right > end and right < len(entry) and is_in_token(entry, right):
        right -= 1
    return entry[left:right].strip()


def clean(text: object, longest: int) -> str:
    """Return the text in NFC on one line, without control characters and marks of direction; empty if unusable."""
    if not isinstance(text, str) or len(text) > 4 * longest:
        return ""
    visible = "".join(" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
    cleaned = " ".join(unicodedata.normalize("NFC", visible).split())
    return cleaned if len(cleaned) <= longest else ""


def _wanted(technologies: list[object], entry: str) -> _Wanted:
    """Look for each name as it is given, without its version, and in every spelling the lexicon has for it."""
    wanted = _Wanted({}, {}, {}, {}, Counter())
    seen: dict[str, str] = {}
    for technology in technologies:
        given = trim(clean(getattr(technology, "name", None), MAX_NAME), entry)
        bare = _VERSION.sub("", given)
        sign = sign_of(given)
        joined = "".join(forms(bare)[1]) and "".join((*forms(bare)[1], sign))
        # However its tokens are put together, it is one name: a flood of spellings is no work.
        if not joined:
            continue
        if joined in seen:
            wanted.given[seen[joined]] += 1
            continue
        name = seen[joined] = canonical(given if lexicon.known(given) else bare)
        wanted.given[name] += 1
        if sign:
            wanted.signs[name] = sign
        spellings = [(given, False), (bare, False)]
        if name not in wanted.evidence:
            wanted.evidence[name] = getattr(technology, "evidence", "")
            wanted.written[name] = given
            spellings += [(known.written, known.everyday) for known in lexicon.load().by_name.get(name, ())]
        for spelling, everyday in spellings:
            for form in forms(spelling)[0]:
                names = wanted.forms.setdefault(form, [])
                if (name, everyday) not in names:
                    names.append((name, everyday))
    return wanted


def _runs(tokens: list[Token], wanted: Collection[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the wanted forms that runs of tokens make, the longest of each place first: form, first and last token."""
    beginnings = {form[:end] for form in wanted for end in range(1, len(form) + 1)}
    bare: dict[str, list[str]] = {}  # by what a run may read, inflected or not, the forms that it makes
    for form in wanted:
        for ending in ("", *_INFLECTIONS) if len(form) > 2 else ("",):
            bare.setdefault(form + ending, []).append(form)
    for first, token in enumerate(tokens):
        read, last = token.key, first
        if read not in beginnings and read not in bare:
            continue  # so it is with most words
        runs = []
        behind = min(first + _MAX_TOKENS, len(tokens))
        while True:
            if read in bare:
                runs += [(form, first, last) for form in bare[read] if form in wanted]
            last += 1
            if last == behind or read not in beginnings or (join := JOINS.get(tokens[last].gap)) is None:
                break
            read += join + tokens[last].key
        if runs and _is_cut_from_a_word(tokens, first):
            runs = [run for run in runs if run[2] > first]
        yield from reversed(runs)


def _is_cut_from_a_word(tokens: list[Token], at: int) -> bool:
    """Whether one or two letters are no word of their own: the `d` of "I'd", the `go` of "go-to", the `C` of USB-C."""
    token = tokens[at]
    if len(token.key) > 2:
        return False
    before = tokens[at - 1].text[-1] if at else ""
    if token.gap == "" and before and may_be_one_word(before, token.text[0]):
        return True
    is_apart = token.gap == "-" and before and not is_latin(before)
    if not is_apart and (token.gap.lstrip(" ") in ("-", ".", ":", ":-") or token.gap in _APOSTROPHES):
        return True
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is None or following.gap not in ("", "-", ".", *_APOSTROPHES):
        return False
    if following.gap == "." and token.text[-1].isdigit():
        return False  # a version: Go1.22
    if following.gap == "":
        return may_be_one_word(token.text[-1], following.text[0])
    if following.key == "s" and following.gap in _APOSTROPHES and token.text[0].isupper():
        return False  # Go's scheduler
    is_ending = following.key in parts()["apart"] and (following.gap != "-" or len(following.key) > 2)
    return not (is_ending or _is_compound(following))


def _is_compound(following: Token) -> bool:
    """Whether a token is the second half of a compound: `Go-Dienst`, `Go-сервис`."""
    return following.gap == "-" and (following.text[0].isupper() or not is_latin(following.text[0]))


def _is_just_a_word(tokens: list[Token], at: int) -> bool:
    """Whether an alias that is also an everyday word has no capital, or only because a sentence begins."""
    token = tokens[at]
    if token.text[0].islower() or (at + 1 < len(tokens) and _is_compound(tokens[at + 1])):
        return token.text[0].islower()
    return not at or SENTENCE_END.search(token.gap) is not None


def _glued(tokens: list[Token], wanted: _Wanted, missing: Collection[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the names that stand in the entry with letters or digits glued to them, with their tokens."""
    sought = {form: names for form, names in wanted.forms.items() if any(name in missing for name, _ in names)}
    known = lexicon.load().spellings
    # A name of one word comes last: as the end of a longer one it would seem more certain than it is.
    ends = {
        form.rpartition(" ")[2]: known.get(form, (None,))[0] for form in sorted(sought, key=" ".__contains__)[::-1]
    }
    beginnings = {end[:2] for end in ends}
    bare = {
        at: token._replace(key=name)
        for at, token in enumerate(tokens)
        if token.key[:2] in beginnings and (name := name_in(token.text, ends))
    }
    for form, first, last in _runs([bare.get(at, token) for at, token in enumerate(tokens)], sought) if bare else ():
        yield from ((name, first, last) for name, _ in sought[form] if name in missing and last in bare)


def _misspelt(tokens: list[Token], wanted: _Wanted, missing: Collection[str]) -> Iterator[tuple[str, int, int]]:
    """Yield well-known names that stand in the entry with a slip, with their token."""
    for at, token in enumerate(tokens):
        spelling = correct(token.key)
        if spelling and spelling.name in missing:
            yield spelling.name, at, at


def _evidence(given: object, entry: str, start: int, end: int) -> str:
    """Keep the extractor's words only if they are words of the entry around this name."""
    if isinstance(given, str) and len(given) <= MAX_EVIDENCE and entry[start:end] in given and given in entry:
        return given
    return words_around(entry, start, end)
