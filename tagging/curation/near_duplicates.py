"""Tags whose names are nearly the same: likely two spellings of one technology, for a person to merge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from django.utils.translation import gettext_noop

from tagging.extraction import lexicon
from tagging.extraction.grounding.quotes import slips, words
from tagging.extraction.lexicon.tokens import forms
from tagging.extraction.names import sign_of

# Shorter names are too often one letter away from another, and longer ones are sentences.
MIN_LETTERS, MAX_LETTERS = 5, 40
# So many names are compared that have the same letters left: more of a kind are numbered, and no slips.
MOST_ALIKE = 20
SLIP = gettext_noop("one slip")
VENDOR = gettext_noop("a vendor's name in front")
PUNCTUATION = gettext_noop("case or punctuation")
PLURAL = gettext_noop("plural")
_COMPANIES = {"aws": "amazon", "gcp": "google"}


class Pair(NamedTuple):
    """Two tags by their ids, and in which way their names are nearly the same."""

    first: int
    second: int
    why: str


def near_duplicates(names: Mapping[int, str]) -> list[Pair]:
    """Return the pairs of these names that are nearly the same, each once, by the first way that shows it.

    Each name is looked up under what is left of it, so that no name is compared with all others.
    """
    bare = {pk: "".join(forms(name)[1]) for pk, name in names.items()}
    ways: dict[str, Callable[[int], Iterable[str]]] = {
        PUNCTUATION: lambda pk: [bare[pk]],
        PLURAL: lambda pk: [bare[pk].removesuffix("s")],
        VENDOR: lambda pk: [without_vendor(names[pk])],
        SLIP: lambda pk: shortened(bare[pk]),
    }
    found: dict[tuple[int, int], str] = {}
    for why, keys_of in ways.items():
        for first, second in sharing_a_key(bare, keys_of):
            if (first, second) in found or (why == SLIP and slips(bare[first], bare[second], 1) != 1):
                continue
            if are_two(names[first], names[second]):
                continue
            if why == VENDOR and are_of_two_vendors(names[first], names[second]):
                continue
            found[first, second] = why
    return [Pair(first, second, why) for (first, second), why in found.items()]


class RememberedPairs:
    """The pairs of the names that this process compared last, until one of them or the lexicon is another."""

    def __init__(self) -> None:
        self._compared: tuple[Mapping[int, str], object] | None = None
        self._pairs: list[Pair] = []
        self._lock = threading.Lock()

    def of(self, names: Mapping[int, str]) -> list[Pair]:
        """Return the pairs of these names; who asks for the same at once waits for the one comparison."""
        with self._lock:
            wanted = (names, lexicon.load())
            if self._compared != wanted:
                self._pairs, self._compared = near_duplicates(names), wanted
            return self._pairs


remembered_pairs = RememberedPairs()


def sharing_a_key(pks: Iterable[int], keys_of: Callable[[int], Iterable[str]]) -> Iterator[tuple[int, int]]:
    """Yield the pairs that have a key in common, the lower id first."""
    by_key: dict[str, list[int]] = {}
    for pk in sorted(pks):
        for key in keys_of(pk):
            if len(key) > 1:
                alike = by_key.setdefault(key, [])
                yield from ((other, pk) for other in alike)
                if len(alike) < MOST_ALIKE:
                    alike.append(pk)


def without_vendor(name: str) -> str:
    """Return the folded letters of a name without the vendor it begins with: `Apache Kafka` is `kafka`."""
    keys = forms(name)[1]
    return "".join(keys[1:] if len(keys) > 1 and keys[0] in words()["vendors"] else keys)


def are_of_two_vendors(first: str, second: str) -> bool:
    """Whether each of these names begins with a vendor of its own: AWS Gateway is no Azure Gateway."""
    begin = [forms(name)[1][0] for name in (first, second)]
    return begin[0] in words()["vendors"] and begin[1] in words()["vendors"] and len({*map(company, begin)}) > 1


def company(vendor: str) -> str:
    return _COMPANIES.get(vendor, vendor)


def shortened(letters: str) -> set[str]:
    """Return these letters, and what is left of them without one, but the first; each behind all their digits.

    So names that differ by a number have nothing in common: they are many, and no slips.
    """
    if not MIN_LETTERS <= len(letters) <= MAX_LETTERS:
        return set()
    digits = "".join(filter(str.isdigit, letters))
    return {f"{digits} {letters[:at]}{letters[at + 1 :]}" for at in range(1, len(letters))} | {f"{digits} {letters}"}


def are_two(first: str, second: str) -> bool:
    """Whether these names are two technologies: by the lexicon, or by a sign that is no punctuation."""
    known = {found.name for name in (first, second) if (found := lexicon.known(name))}
    return len(known) > 1 or signs(first) != signs(second)


def signs(name: str) -> tuple[int, int, str]:
    """Return the signs that make another name of the same letters, as C++ and C# are others than C."""
    return name.count("+"), name.count("#"), sign_of(name)
