"""A secret's name, what stands between, and its value: in code, settings, markup and commands' options."""

from __future__ import annotations

import re

from tagging.extraction.redaction.names import HUMPS, Name, Strength
from tagging.extraction.redaction.spans import Span
from tagging.extraction.redaction.values import (
    JOINTS,
    Value,
    begins_technology,
    is_about_technology,
    is_harmless,
    is_technology,
    looks_generated,
    looks_secret,
    mentions_technology,
    read_block,
    read_value,
)
from tagging.extraction.redaction.words import CLAUSE_END, WORDS

CLOSE = r"""(?P<close>(?:\\{0,4}["'`]|&quot;|&\#3[49];|%22|\*{1,2}|__|[\])}]){0,4})"""
NOTE = r"(?:[ \t]?\([^()\n]{1,30}\))?"
TYPE = r"(?:\??:?[ \t]{1,2}[A-Za-z_][\w.]{0,30}(?:\[\w{1,20}\]|[ ]?\|[ ]?\w{1,12})?(?=[ \t]{0,3}=[^=>]))?"
WORDS_FOR_VALUE = r"(?:value|default|val|content|current_?value|initial_?value|body|text|string_?value|d)"
BETWEEN = {
    # name: DB_PASSWORD, value: x | variable "db_password" { default = "x" } | <add key="password" value="x">
    "pair": rf"""[ \t]{{0,4}}[,;{{]?\s{{0,40}}(?:type\s{{0,4}}[:=]\s{{0,4}}["']?\w{{1,20}}["']?[,;]?\s{{1,40}})?"""
    rf"""[/-]{{0,2}}["']?(?i:{WORDS_FOR_VALUE})["']?(?:\s{{0,4}}[:=]\s{{0,10}}|(?<=[/-]d)[ ])""",
    # <key>password</key><string>x
    "tags": r"</[\w:]{1,30}>\s{0,40}<[\w:]{1,30}[^<>\n]{0,80}>\s{0,40}",
    # define('DB_PASSWORD', 'x')
    "comma": r"""(?<=["'])[ \t]{0,2},\s{0,10}(?=[rbufN@]{0,2}["'])""",
    # setPassword("x")
    "call": r"""\(\s{0,4}(?=[rbufN@]{0,2}["'])""",
    "equals": r"[ \t]{0,20}(?:=>|:=|[?+!]?={1,3}|<-|%3[dD]|&\#61;)[ \t]{0,20}",
    "colon": r"[ \t]{0,20}(?:->|→|:{1,2}|%3[aA])[ \t]{0,20}",
    # PASSWORD 'x'
    "space": r"""[ \t]{1,20}(?=N?["'])""",
}
SEPARATOR = re.compile(
    CLOSE + NOTE + TYPE + "(?:" + "|".join(f"(?P<{how}>{each})" for how, each in BETWEEN.items()) + ")"
)
NEXT_LINE = re.compile(r"""\s{0,60}(?=["'])|[ \t]*\n[ \t]{0,40}(?=\S{4,100}[ \t]*(?:\n|\Z))""")
OPTION = re.compile(r"[ \t]{1,4}(?!-)|[ \t]{0,2}[:=][ \t]{0,2}")
# setx NAME x | ENV NAME x | git config user.password x
SETTER = re.compile(
    r"(?i:\b(?:set|setx|setenv|env|arg|export|configure set|config(?: set| --global| add)?|secrets? set|-x|-gx"
    r"|authtoken)\s{1,3})"
    r"(?:-{1,2}\w{1,12}\s){0,3}(?:[\w./:-]{0,60}[:.])?\Z"
)
ARGUMENT = re.compile(r"[ \t]{1,4}(?![=:-])")
SCHEME = re.compile(
    r"""(?i:(?:bearer|basic|token|digest|apikey|api-key|bot|negotiate|ntlm|key|oauth|geniekey|ssws|splunk|hawk)\s{1,3}(?=[^\s"'=]))"""
)
LOGIN = re.compile(r"(?i:\blogin[ \t]+\S{1,100}\s{1,20})\Z")
# Names that are everyday words: behind a mere colon only what looks like a secret is one.
EVERYDAY = {"pass", "pin", "pins", "tan", "seed", "otp", "puk", "mnemonic", "mantra", "pass.", "geheimnis"}
# What a sentence about an option goes on with.
NO_ARGUMENTS = WORDS["behind-an-option"]
RELEASE = re.compile(r"[\^~<>=v]{0,2}\d{1,4}(?:\.[\dx*]{1,4}){1,3}[\w.+-]{0,12}")
WORDS_TO_THE_END = re.compile(r"[ \t]+[a-zäöüß]{2,20}(?:[ \t]+[a-zäöüß]{2,20}){1,23}[ \t]*(?=[.\n]|\Z)")
PHRASES = ("phrase", "seed", "mnemonic", "mantra")


def field_of(text: str, name: Name) -> Span | None:
    """Return the secret that this name has, if it has one."""
    how, at = _between(text, name)
    if not how:
        return None
    scheme = SCHEME.match(text, at)
    if scheme and how in ("equals", "colon", "option"):
        how, at = "scheme", scheme.end()
    value = read_block(text, at) if how in ("equals", "colon") else None
    if how == "element":
        value = _element(text, at)
    elif value is None and (line := NEXT_LINE.match(text, at)) and line.end() > at and how != "space":
        value = read_value(text, line.end())
        value = value if value and (value.is_quoted or looks_secret(value.text)) else None
    else:
        value = value or read_value(text, at)
    return _judged(text, name, value, how) if value else None


def _between(text: str, name: Name) -> tuple[str, int]:
    """Return how the name is bound to what follows, and where that begins; ("", 0) if it is not."""
    if name.is_option and (match := OPTION.match(text, name.end)):
        return "option", match.end()
    match = SEPARATOR.match(text, name.end)
    if match and match.lastgroup:
        how = match.lastgroup
        # A name in quotes is one of code, whatever stands behind it.
        if how == "colon" and match["close"].strip("*_"):
            how = "equals"
        return how, match.end()
    before = text[max(0, name.start - 100) : name.start]
    if (end := _tag_end(text, name, before)) is not None:
        return "element", end
    is_set = name.is_compound and SETTER.search(before)
    is_netrc = name.strength == Strength.STRONG and LOGIN.search(before)
    match = ARGUMENT.match(text, name.end) if is_set or is_netrc else None
    return ("option", match.end()) if match else ("", 0)


def _tag_end(text: str, name: Name, before: str) -> int | None:
    """Return where the content begins if the name stands in an opening tag: as its own or in an attribute."""
    if "<" not in before or ">" in before[before.rfind("<") :] or before.endswith("</"):
        return None
    end = text.find(">", name.end, name.end + 120)
    return end + 1 if end >= 0 and "<" not in text[name.end : end] else None


def _element(text: str, start: int) -> Value | None:
    while text.startswith((" ", "\n", "\t", "<![CDATA["), start):
        start += 9 if text[start] == "<" else 1
    ends = [end for end in (text.find("<", start, start + 1000), text.find("]]>", start, start + 1000)) if end >= 0]
    content = text[start : min(ends, default=start)].rstrip()
    return Value(start, start + len(content), content, True) if content else None


def _judged(text: str, name: Name, value: Value, how: str) -> Span | None:
    is_code = how != "colon"
    kind = "authorization" if how == "scheme" or "authorization" in name.text.lower() else "password"
    kind = "secret" if kind == "password" and name.strength != Strength.STRONG else kind
    if is_harmless(value) or is_technology(
        value.text, even_everyday=not (is_code and name.strength == Strength.STRONG)
    ):
        return None
    if not value.is_quoted and begins_technology(text, value.start):
        return None
    if is_about_technology(value.text):
        return _rest(value, kind) if is_code or name.is_compound else None
    if " " in value.text.strip() and "\n" not in value.text and mentions_technology(value.text):
        return None
    if not _is_secret(text, name, value, how):
        return None
    end = value.end
    if not value.is_quoted and (how == "equals" or name.text.lower().endswith(PHRASES)):
        words = WORDS_TO_THE_END.match(text, end)
        if words and value.text.isalpha() and not mentions_technology(words[0]):
            end = words.end()
    return Span(value.start, end, kind)


def _rest(value: Value, kind: str) -> Span | None:
    """Return what stands beside the technology in `postgres_geheim`."""
    joints = list(JOINTS.finditer(value.text))
    if not joints or (value.is_quoted and " " in value.text):
        return None
    if is_technology(value.text[: joints[0].start()]):
        return Span(value.start + joints[0].end(), value.end, kind) if joints[0].end() < len(value.text) else None
    return Span(value.start, value.start + joints[-1].start(), kind) if joints[-1].start() else None


def _is_secret(text: str, name: Name, value: Value, how: str) -> bool:
    word = value.text
    is_loose = how == "colon" and not value.is_quoted
    if how == "option" and word.lower() in NO_ARGUMENTS:
        return False
    if name.strength == Strength.STRONG:
        if (
            not is_loose
            or (name.is_compound and how != "colon")
            or sum(map(str.isdigit, word)) >= 3
            or looks_secret(word)
        ):
            return True
        # A word alone, and not the first of a sentence.
        return name.text.lower() not in EVERYDAY and CLAUSE_END.match(text, value.end) is not None
    if name.strength == Strength.MEDIUM:
        if RELEASE.fullmatch(word):  # "jsonwebtoken": "^9.0.2"
            return False
        if is_loose and not name.is_compound:
            return looks_secret(word) or len(HUMPS.findall(word)) > 4
        return len(word) >= 3
    return looks_generated(word)
