"""Which names are a secret's, by their parts: `DB_PASS`, `apiKey`, `spring.datasource.password`, `WLAN-Passwort`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.values import is_technology
from tagging.extraction.redaction.words import WORDS


class Strength(IntEnum):
    """How much a name alone says: of the weak ones, only what looks generated is taken."""

    WEAK = 1
    MEDIUM = 2
    STRONG = 3


# At the end of a word, also of a compound: Datenbankpasswort, dbpassword.
PASSWORDS = (
    *("password", "passwort", "passwd", "passwrd", "passphrase", "passcode", "kennwort", "losungswort", "codewort"),
    *(
        "passwörter",
        "kennwörter",
        "passwoerter",
        "geheimwort",
        "geheimzahl",
        "geheimnummer",
        "geheimnis",
        "geheimnisse",
        "zugangsdaten",
        "logindaten",
    ),
    *("anmeldedaten", "pincode", "userpass", "mypass", "pswd"),
)
KEYS = (
    *("secret", "token", "credential", "apikey", "privatekey", "secretkey", "accesskey", "authkey", "sharedkey"),
    *("accountkey", "encryptionkey", "signingkey", "masterkey", "licensekey", "presharedkey", "sessionid", "sessid"),
    *("lizenzschlüssel", "zugangsschlüssel", "zugriffsschlüssel", "sicherheitsschlüssel", "privatschlüssel"),
    *("netzwerkschlüssel", "wlanschlüssel", "apischlüssel", "hauptschlüssel", "geheimschlüssel", "zugangscode"),
    *("türcode", "sicherheitscode", "alarmcode", "bestätigungscode", "freischaltcode", "wiederherstellungscode"),
    *("entsperrcode", "einmalcode", "notfallcode", "backupcode", "secretaccesskey"),
)
# As a whole part only: `rootpw` too, but no bypass.
PASSWORD_PARTS = {
    *("pw", "pwd", "pass", "psw", "psk", "pin", "puk", "otp", "tan", "cred", "creds", "pws", "pwds", "passw"),
    *("storepass", "keypass", "requirepass", "masterauth", "seed", "mnemonic", "pwort", "mantra"),
}
GLUED = re.compile(
    r"(?:db|root|admin|user|my|sql|mysql|pg|postgres|redis|ftp|smtp|mail|imap|ldap|ssh|vnc|rdp|wifi|wlan|wpa|sudo|su|key"
    r"|store|keystore|truststore|http|proxy|bind|login|git|svn|vpn|master|backup|test|old|new|neu|alt|mongo|ansible|become"
    r"|app|web|service|server|client|host|net|sys|system|bot|sa|dba|owner)(?:pw|pwd|pass|pin|psk)"
)
KEY_PARTS = {"auth", "authorization", "sig", "signature", "salt", "pepper", "jwt", "bearer", "sid", "csrf", "xsrf"}
WEAK_PARTS = {"key", "keys", "schlüssel", "schluessel", "code", "session", "cookie"}
# What before `key`, or `code`, makes it one: in one name, or in words of their own.
KEY_KINDS = WORDS["keys-that-are-secret"]
# Such a part makes of `token_url`, `PASSWORD_HASHERS`, `max_tokens` and `Passwort-Manager` no secret's name.
NO_TAILS = WORDS["other-names"]
NO_HEADS = WORDS["no-secret-before"]
NO_KEYS = WORDS["keys-that-are-none"]

CORE = re.compile(
    r"passw(?:or[dt]|d|rd|örter|oerter)|passphrase|passcode|pass|p(?:wd|swd|sw|ws?|wort)|kennw[oö]rt|losungswort|codewort"
    r"|geheim(?:nis|wort|zahl|nummer|code|schlüssel)|zugangs(?:daten|code|schlüssel)|(?:login|anmelde)daten|secret|token|cred(?:ential|s?\b)"
    r"|auth|keys?|schl(?:ü|ue)ssel|(?:psk|pin|puk|otp|tan|sig|salt|pepper|jwt|sess(?:id|ion)?|sid|seed|mnemonic|mantra|code)s?(?![a-zäöüß])"
    r"|bearer|csrf|xsrf|cookie"
)
HINTS = [
    "pass",
    "pw",
    "kennw",
    "geheim",
    "zugang",
    "daten",
    "wort",
    "secret",
    "token",
    "cred",
    "auth",
    "key",
    "ssel",
    "psk",
    "pin",
    "puk",
    "otp",
    "tan",
    "sig",
    "salt",
    "pepper",
    "jwt",
    "sess",
    "sid",
    "seed",
]
HINTS += ["mnemonic", "mantra", "code", "bearer", "srf", "cookie"]
AROUND = re.compile(r"\w{0,60}(?:[.\-]\w{1,60}){0,5}")
OPTION = re.compile(r"(?:(?:^|(?<=[\s\"'`(,;]))--?|(?<=[\s\"'`])/)\Z")
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])")
PARTS = re.compile(r"[^\W_]+")
WORD_BEFORE = re.compile(r"([\w-]{2,30})[ \t]{1,2}$")
MAX_LEFT = 60


class Name(NamedTuple):
    """A name that stands for a secret; `is_compound` if it is more than an everyday word."""

    start: int
    end: int
    text: str
    strength: Strength
    is_compound: bool
    is_option: bool  # --password, -Password, /password:


def find_names(folded: Folded) -> Iterator[Name]:
    text, end = folded.text, 0
    for core in CORE.finditer(folded.lowered):
        if core.start() < end:
            continue
        start = _start_of(text, core.start(), end)
        if around := AROUND.match(text, core.start()):
            end = around.end()
        bare = text[start:end].lstrip("-.")
        start = end - len(bare)
        strength = strength_of(bare)
        # KeePassXC and Auth0 have parts that are no names.
        if strength and not ((_is_compound(bare) or bare[-1].isdigit()) and is_technology(bare)):
            if strength == Strength.WEAK and (before := WORD_BEFORE.search(text, max(0, start - MAX_LEFT), start)):
                strength = _with_word_before(before[1].lower())
            if strength:
                yield Name(start, end, bare, strength, _is_compound(bare), _is_option(text, start))


def _start_of(text: str, start: int, earliest: int) -> int:
    earliest = max(earliest, start - MAX_LEFT)
    while start > earliest and (text[start - 1].isalnum() or text[start - 1] in "_-."):
        start -= 1
    return start


def _is_option(text: str, start: int) -> bool:
    return OPTION.search(text, max(0, start - 4), start) is not None


def strength_of(name: str) -> Strength | None:
    """Return how surely a value of this name is a secret; None if it is none."""
    whole = [part.lower() for part in PARTS.findall(name)]
    humps = [part.lower() for word in PARTS.findall(name) for part in HUMPS.split(word)]
    return _strength_of_parts(humps) or (_strength_of_parts(whole) if len(humps) > len(whole) else None)


def _strength_of_parts(parts: list[str]) -> Strength | None:
    at = max((i for i, part in enumerate(parts) if _strength_of_part(part)), default=None)
    if at is None or NO_TAILS.intersection(parts[at + 1 :]) or NO_HEADS.intersection(parts[:at]):
        return None
    strengths = {strength for part in parts if (strength := _strength_of_part(part))}
    if Strength.STRONG in strengths:
        return Strength.STRONG
    if strengths == {Strength.WEAK}:
        before = parts[at - 1] if at else ""
        if before in NO_KEYS:
            return None
        return Strength.MEDIUM if before in KEY_KINDS or parts[0] == "x" else Strength.WEAK
    return Strength.MEDIUM


def _strength_of_part(part: str) -> Strength | None:
    part = part.rstrip("0123456789") or part
    if part in PASSWORD_PARTS or GLUED.fullmatch(part):
        return Strength.STRONG
    for ending in ("", "s", "es", "n", "e"):
        stem = part.removesuffix(ending) if ending else part
        if stem.endswith(PASSWORDS):
            return Strength.STRONG
        if stem.endswith(KEYS) or stem in KEY_PARTS:
            return Strength.MEDIUM
    return Strength.WEAK if part in WEAK_PARTS else None


def _with_word_before(word: str) -> Strength | None:
    """Return what `key` or `code` is behind this word."""
    kind = re.split(r"[-_]", word)[-1]
    if kind in NO_KEYS:
        return None
    return Strength.MEDIUM if kind in KEY_KINDS else Strength.WEAK


def _is_compound(name: str) -> bool:
    return len(PARTS.findall(name)) > 1 or len(HUMPS.split(name)) > 1 or (name.isupper() and "_" in name)
