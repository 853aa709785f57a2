"""Runs of an entry's tokens that read like a wanted name; which of them are cut from a word, or only a word."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tagging.extraction.lexicon.glued import parts
from tagging.extraction.lexicon.scripts import APOSTROPHES, is_latin, may_be_one_word
from tagging.extraction.lexicon.tokens import JOINS, SENTENCE_END, Token

_MAX_TOKENS = 20
_APOSTROPHES = ("'", "’", *APOSTROPHES)
_INFLECTIONS = ("s", "es", "en")


def runs(tokens: list[Token], wanted: Collection[str]) -> Iterator[tuple[str, int, int]]:
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
        found = []
        behind = min(first + _MAX_TOKENS, len(tokens))
        while True:
            if read in bare:
                found += [(form, first, last) for form in bare[read] if form in wanted]
            last += 1
            if last == behind or read not in beginnings or (join := JOINS.get(tokens[last].gap)) is None:
                break
            read += join + tokens[last].key
        if found and is_cut_from_a_word(tokens, first):
            found = [run for run in found if run[2] > first]
        yield from reversed(found)


def is_cut_from_a_word(tokens: list[Token], at: int) -> bool:
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


def is_just_a_word(tokens: list[Token], at: int) -> bool:
    """Whether an alias that is also an everyday word has no capital, or only because a sentence begins."""
    token = tokens[at]
    if token.text[0].islower() or (at + 1 < len(tokens) and _is_compound(tokens[at + 1])):
        return token.text[0].islower()
    return not at or SENTENCE_END.search(token.gap) is not None
