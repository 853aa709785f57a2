"""Numbers that prove themselves by a checksum, and hashes of passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.spans import Span

# Either in one piece, or in groups of the same separator.
IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}"
    r"(?:[A-Za-z0-9]{11,30}|(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])"
)
CARD = re.compile(
    r"(?<![\w.-])[2-6]\d{3}(?:\d{9,15}|(?:[ .-]\d{4}){2,3}(?:[ .-]\d{1,4})?|[ -]\d{6}[ -]\d{4,5})(?![\w-]|\.\d)"
)
IBAN_LENGTHS = range(15, 35)
CARD_LENGTHS = range(13, 20)
HEX = "[a-fA-F0-9]"
HASH = re.compile(
    r"\$(?:2[abxy]?|[1567y]|7|gy|md5|apr1|P|H|S|8|9|sha1|argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d+)?|bcrypt-sha256)\$[\w./+=$,@*-]{8,}"
    r"|\$[PHS]\$[\w./]{20,}"
    r"|(?<![\w$])(?:pbkdf2(?:_|:)sha\d+|bcrypt(?:_sha256)?|argon2|scrypt|sha1|md5)[:$][\w$:./+=,-]{0,24}\$[\w$./+=,-]{8,}"
    r"|\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|PBKDF2[\w-]{0,12}|ARGON2|BCRYPT|bcrypt|noop)\}[\w./+=$-]{4,}"
    rf"|(?<!\w){HEX}{{32}}:{HEX}{{32}}(?!\w)"
    r"|SCRAM-SHA-\d+\$\d+:[\w+/=:$]{20,}"
    rf"|(?<!\w)md5{HEX}{{32}}(?!\w)|(?<![\w*])\*[A-F0-9]{{40}}(?!\w)|(?<!\w)0x0[12]00{HEX}{{40,}}"
)


HINT = re.compile(r"[${*]|[a-fA-F0-9]{32}")


def find_numbers(folded: Folded) -> Iterator[Span]:
    """Find bank accounts and cards: where the checksum fits."""
    for match in IBAN.finditer(folded.text):
        if length := _iban_length(match[0]):
            yield Span(match.start(), match.start() + length, "iban")
    for match in CARD.finditer(folded.text):
        if is_card(match[0]):
            yield Span(*match.span(), "card")


def find_hashes(folded: Folded) -> Iterator[Span]:
    if not HINT.search(folded.text):
        return
    for match in HASH.finditer(folded.text):
        yield Span(*match.span(), "password_hash")


def is_iban(text: str) -> bool:
    """Check length and remainder: modulo 97 it is 1 with the first four characters at the end and A as 10."""
    plain = re.sub("[ -]", "", text).upper()
    if len(plain) not in IBAN_LENGTHS:
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """Check length and Luhn's sum: every second digit from the right counts double, as the sum of its digits."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(digits) in CARD_LENGTHS and len(set(digits)) > 1 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _iban_length(text: str) -> int:
    """Return how much of it is an IBAN: the word behind it may look like its last group."""
    while len(text) >= IBAN_LENGTHS.start:
        if is_iban(text):
            return len(text)
        text = text.rpartition(" ")[0]
    return 0
