"""The text as it is read: full width and look-alikes made plain, invisible characters gone, each place remembered."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# A character with its combining marks; plain ASCII is left as it is. Bounded, as what it gives is remembered.
CLUSTER = re.compile(r"[\x00-\x7f][\u0300-\u036f]{1,8}|[^\x00-\x7f][\u0300-\u036f]{0,8}")
# Unseen, though no format characters: fillers, and what chooses the look of the character before it.
UNSEEN = dict.fromkeys([0x034F, 0x115F, 0x1160, 0x3164, *range(0xFE00, 0xFE10)])
PLAIN = {
    '"': "“”„‟″«»〝〞〟",
    "'": "‘’‚‛′‹›",
    "-": "‐‑‒–—―−",
    "→": "⇒➔➜⟶⟹➡↦",
    ":": "∶꞉ː",
    "=": "꞊⹀",
    "\n": "\u2028\u2029\x85",
    **dict(zip("aeopcxyijsABEKMHOPCTXIJS", "аеорсхуіјѕАВЕКМНОРСТХІЈЅ", strict=True)),
    "I": "İІ",  # lower() makes two characters of the first
}
PLAIN_OF = UNSEEN | {ord(odd): plain for plain, odds in PLAIN.items() for odd in odds}


class Folded(NamedTuple):
    """A text to match in, the same in lower case, and for each of its characters where it stands in the original."""

    text: str
    lowered: str
    places: list[int] | range
    original: str
    has_placeholders: bool = False

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where text[start:end] stands in the original; of a character that became two, the whole."""
        while end < len(self.text) and self.places[end] == self.places[end - 1]:
            end += 1
        return self.places[start], self.places[end] if end < len(self.text) else len(self.original)


def fold(text: str) -> Folded:
    if text.isascii():
        return Folded(text, text.lower(), range(len(text)), text)
    pieces: list[str] = []
    places: list[int] = []
    end = 0
    for cluster in CLUSTER.finditer(text):
        start = cluster.start()
        pieces.append(text[end:start])
        places.extend(range(end, start))
        pieces.append(plain := _plain(cluster[0]))
        places.extend([start] * len(plain))
        end = cluster.end()
    pieces.append(text[end:])
    places.extend(range(end, len(text)))
    folded = "".join(pieces)
    return Folded(folded, folded.lower(), places, text)


@lru_cache(maxsize=1 << 10)
def _plain(cluster: str) -> str:
    normal = unicodedata.normalize("NFKC", cluster.translate(PLAIN_OF)).translate(PLAIN_OF)
    return "".join(
        " " if character.isspace() and character != "\n" else character
        for character in normal
        if unicodedata.category(character) != "Cf"
    )
