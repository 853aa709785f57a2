"""Secrets that are said: "das Passwort ist …", "changed the password to …", "log in with admin / …", "PIN 4711".

Behind a secret's name the sentence is read word by word. What a verb leads to, or what nobody would write were it no
secret, is one; a word that the lexicon knows never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from tagging.extraction.redaction.folding import Folded
from tagging.extraction.redaction.names import NO_TAILS, Name, Strength
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import (
    LITERALS,
    begins_technology,
    is_about_technology,
    looks_generated,
    looks_secret,
    mentions_technology,
)
from tagging.extraction.redaction.words import (
    BEFORE_A_TOOL,
    CHANGED,
    CLAUSE_END,
    FILLERS,
    FROM,
    IS,
    NO_SECRETS,
    ORDINARY_USERS,
    PAIR_HINTS,
    PARTICIPLE,
    PLAIN,
    TO,
)

MAX_WINDOW, MAX_WORDS = 160, 11
SENTENCE_END = re.compile(r"[.!?](?=\s)|\n\s*\n|\n\s*[-*|#>]")
ENDS, QUOTES = " .,;:()*", "\"'`"
# A word that looks like more than one: with a digit, a sign, or in quotes.
MARKED = re.compile(r"[\d!$%&*?#@^~+§€\"'`]")
WORD = re.compile(r"""\\?"[^"\n]{1,80}"|'[^'\n]{1,80}'(?!\w)|`[^`\n]{1,80}`|[^\s"]+""")
WITH_IT = re.compile(r"(?:\b(?:[Ww]ith|[Mm]it|und|and)(?: the| dem| my| meinem)? |[\w@.-]{2,30}, )\Z")
SAYS_ON = ("", *" \n\t\"'`:;,()*.")
NEXT_WORD = re.compile(r"[ -]([^\W\d]{2,30})")
OTHER_NAMES = NO_TAILS - {"reset", "changed", "change", "update", "user", "username", "file", "login", "host"}
NO_WORD = re.compile(r"[=<>,;|{}]|^-")
# X ist das neue Passwort, X as password, X = Passwort, X (the password)
SAID_BEFORE = re.compile(
    r"""(?:(?P<quoted>["'`][^"'`\n]{1,60}["'`])|(?P<bare>[^\s"'`]{3,60}))"""
    r"(?:[ \t]{1,3}(?P<verb>ist|is|war|was|lautet|wurde|wird|als|as|for|für|sei|bleibt|becomes)[ \t]{1,3}"
    r"|[ \t]{1,3}=[ \t]{1,3}|[ \t]{1,3}\()"
    r"(?:[\w']{1,20}[ \t]{1,3}){0,3}\Z"
)
# A passphrase or a wallet's seed in plain words.
PHRASE = re.compile(r"[a-zäöüß]{2,20}(?:[ -][a-zäöüß]{2,20}){2,23}(?=[.,;!?\n]|\Z)")
PHRASES = ("phrase", "seed", "mnemonic", "mantra")
NUMBER = re.compile(r"\d[\d -]{2,14}\d(?!\w)|\d{3}(?!\w)")
LOGIN = (
    r"log(?:ged)?[ -]?in|logins?|logge|use|with|mit|als|as|anmeld\w{0,6}|einlogg\w{0,3}|eingeloggt|angemeldet|zugang"
    r"|zugänge|zugangsdaten|logindaten|credentials?|creds|account|konto|user|username|benutzer(?:name)?|nutzer"
    r"|sign(?:ed)?[ -]?in|authenticated?"
)
APART = r"(?:[ ]/[ ]|[/:](?=[^\s/])|,?[ ](?:mit|with|und|and|pw|pass|pwd|kennwort)[ ]|,[ ]|[ ][|:-][ ])[ ]?"
USER_AND = re.compile(
    rf"""(?i)\b(?:{LOGIN})\b[^\n.;]{{0,60}}?(?<![\w/.:-])(?P<user>[a-z][\w.@-]{{1,40}}){APART}"""
    r"""(?P<secret>["'`][^"'`\n]{1,60}["'`]|[^\s"'`,;]{3,60})"""
)


def said_of(text: str, name: Name) -> Iterator[Span]:
    if text[name.end : name.end + 1] in SAYS_ON and not _is_half_a_name(text, name):
        yield from Saying(text, name).secrets()
        if text[name.start - 1 : name.start].isspace() or text[name.start - 1 : name.start] == "(":
            yield from _before(text, name)


def _is_half_a_name(text: str, name: Name) -> bool:
    """Say whether the next word makes another name of it: password manager, Token refresh."""
    word = NEXT_WORD.match(text, name.end)
    # "Passwort vergessen; neues lautet x" goes on about the password.
    return word is not None and word[1].lower() in OTHER_NAMES and not text.startswith((";", ","), word.end())


class Saying:
    """What a sentence says behind a secret's name."""

    def __init__(self, text: str, name: Name) -> None:
        self.text, self.name = text, name
        self.is_strong = name.strength == Strength.STRONG
        self.stop = name.end + MAX_WINDOW
        if end := SENTENCE_END.search(text, name.end, self.stop):
            self.stop = end.start()

    @cached_property
    def has_changed(self) -> bool:
        return CHANGED.search(self.text, max(0, self.name.start - 60), self.stop) is not None

    def secrets(self) -> Iterator[Span]:
        """Yield the secret, or the old one and the new; `led_by` is what the last words lead to."""
        led_by, before, place = "", "", 0
        for match in islice(WORD.finditer(self.text, self.name.end, self.stop), MAX_WORDS):
            word = match[0].strip(ENDS).lower()
            # A word that no blank parts from the name is glued to it.
            is_word = match.start() > self.name.end
            may_be = led_by or not place or MARKED.search(match[0])
            if match[0] != "," and not word:
                led_by = led_by or "is"
            elif is_word and may_be and self._is_said(match, led_by, place, before):
                yield self._span(match)
                if led_by != "from":
                    return
                led_by = ""
            elif word in IS or match[0].endswith(":"):
                led_by = "is"
            elif word in TO:
                led_by = "from" if word in FROM else "to"
            elif word == "in" and CHANGED.fullmatch(before):
                led_by = "into"
            elif word not in FILLERS:
                led_by = ""
            before, place = word, place + is_word

    def _is_said(self, match: re.Match[str], led_by: str, place: int, before: str) -> bool:
        """Say whether this word is the secret, by what leads to it and by its own look."""
        word = match[0].strip(ENDS)
        is_quoted = word[:1] in QUOTES and len(word) > 2
        bare = word.strip(QUOTES)
        if led_by == "is" and _phrase(self.text, match.start(), self.name):
            return True
        if (
            not bare
            or (not is_quoted and NO_WORD.search(bare))
            or bare.lower() in LITERALS
            or is_about_technology(bare)
        ):
            return False
        if self._is_number(match, led_by, place):
            return True
        if looks_secret(bare):
            if self.is_strong:
                is_changed = CHANGED.match(self.text, match.end() + 1) is not None
                return bool(led_by) or place == 0 or before not in BEFORE_A_TOOL or is_changed
            return led_by == "is" or (place == 0 and (is_quoted or looks_generated(bare)))
        if self.name.strength == Strength.WEAK or (" " in bare and not self.is_strong):
            return False
        if is_quoted:
            return (place == 0 and self.is_strong) or led_by == "is" or (led_by != "" and self.has_changed)
        return self.is_strong and self._is_plain_secret(match, bare, led_by, place)

    def _is_number(self, match: re.Match[str], led_by: str, place: int) -> bool:
        name = self.name.text.lower()
        if not (self.is_strong or name.endswith("code")) or not NUMBER.match(self.text, match.start()):
            return False
        is_led = (
            led_by == "is"
            or (place == 0 and self.name.strength > Strength.WEAK)
            or (self.is_strong and self.has_changed)
        )
        return is_led and (name.endswith(("pin", "pins")) or len(match[0].strip(ENDS)) >= 4)

    def _is_plain_secret(self, match: re.Match[str], bare: str, led_by: str, place: int) -> bool:
        """Say whether a word of letters alone is meant as the secret: where the sentence leaves nothing else."""
        if place == 0 and bare.count("-") > 1 and self.name.text.lower().endswith(PHRASES):
            return True
        if not (led_by or place == 0) or bare.lower() in NO_SECRETS or PARTICIPLE.fullmatch(bare) or len(bare) < 3:
            return False
        if led_by == "into" or begins_technology(self.text, match.start()):
            return False
        end = match.start() + len(match[0].rstrip(ENDS))
        is_last = CLAUSE_END.match(self.text, end) is not None
        if led_by == "is":
            return is_last
        if led_by:
            return (is_last or CHANGED.match(self.text, end + 1) is not None) and self.has_changed
        is_apposed = is_last or (bare[:1].isupper() and self.text[end + 1 : end + 2].islower())
        return is_apposed and WITH_IT.search(self.text, max(0, self.name.start - 40), self.name.start) is not None

    def _span(self, match: re.Match[str]) -> Span:
        if phrase := _phrase(self.text, match.start(), self.name):
            return Span(*phrase.span(), "password")
        start = match.start() + len(match[0]) - len(match[0].lstrip(ENDS + QUOTES))
        return Span(start, match.start() + len(match[0].rstrip(ENDS + QUOTES)), kind_of(self.name))


def kind_of(name: Name) -> str:
    return "password" if name.strength == Strength.STRONG else "secret"


def _phrase(text: str, start: int, name: Name) -> re.Match[str] | None:
    """Return the words of a passphrase, if they are no words about it."""
    phrase = PHRASE.match(text, start) if name.text.lower().endswith(PHRASES) else None
    if not phrase or mentions_technology(phrase[0]) or len(PLAIN.intersection(re.split("[ -]", phrase[0]))) > 1:
        return None
    return phrase


def _before(text: str, name: Name) -> Iterator[Span]:
    """Find X in "X is the password", "X als Passwort gesetzt"."""
    match = SAID_BEFORE.search(text, max(0, name.start - 100), name.start)
    if not match or name.strength == Strength.WEAK:
        return
    group = match["quoted"] or match["bare"]
    bare = group.strip(ENDS + QUOTES)
    if bare.lower() in LITERALS or bare.lower() in NO_SECRETS or is_about_technology(bare):
        return
    is_strong = name.strength == Strength.STRONG
    ends = CLAUSE_END.match(text, name.end) is not None
    if looks_secret(bare):
        is_said = is_strong or looks_generated(bare)
    elif match["quoted"]:
        is_said = is_strong and (match["verb"] in IS or ends or CHANGED.match(text, name.end + 1) is not None)
    else:
        is_said = is_strong and match["verb"] in IS and ends and bare[:1].isupper()
    if is_said:
        start = match.start("quoted" if match["quoted"] else "bare") + group.index(bare)
        yield Span(start, start + len(bare), kind_of(name))


def find_pairs(folded: Folded) -> Iterator[Span]:
    """Find X in "log in with admin / X"."""
    if not any(hint in folded.lowered for hint in PAIR_HINTS):
        return
    for match in USER_AND.finditer(folded.text):
        user, secret = match["user"], match["secret"].strip(ENDS + QUOTES + "!?")
        if (
            not secret
            or secret.lower() in LITERALS | PLAIN
            or is_about_technology(secret)
            or is_about_technology(user)
        ):
            continue
        if looks_secret(secret) or (user in ORDINARY_USERS and secret.isalpha() and re.search("/|:(?! )", match[0])):
            start = match.start("secret") + match["secret"].index(secret)
            yield Span(start, start + len(secret), "password")
