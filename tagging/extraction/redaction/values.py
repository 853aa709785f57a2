"""The value behind a secret's name: where it begins and ends, and whether it is one at all.

A technology is none, nor is a word of code that stands for a value. All else is replaced: that is the cheaper mistake.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tagging.extraction import lexicon
from tagging.extraction.redaction.tokens import is_random
from tagging.extraction.redaction.words import WORDS

MAX_QUOTED, MAX_JUDGED, MAX_NAME = 4000, 300, 60
OPENING = re.compile(
    r"""(?:!\w{1,12}\s)?(?:[rbufnlRBUFNL@$]{0,2}(?=\\{0,4}["']))?(\\{0,4}(?:\"\"\"|'''|["'`])|&quot;|&\#3[49];|%22|%27)"""
)
BARE = re.compile(r"""[^\s"`]{1,300}""")
REST = re.compile(r"""[^\s"`',;&<>|)\]}]{0,8000}""")
# What ends a value without quotes: the next field, statement, tag or cell; an escaped quote or line.
CUT = re.compile(
    r"""[,;&|]+(?=$|[A-Za-z_][\w.\-]{0,40}\s?[=:(]|&|["'{\[])|;(?=[A-Za-z]{2})|</|<[A-Za-z/!]|'(?!\w)|\\+[nrt"']|&(?:quot|lt|gt|amp|\#3[49]);|%2[267]|\*\*|[)\]}][;,)\]}]*$"""
)
TRAILING = ".,;:)]}>*'"
LINE_OF_BLOCK = re.compile(r"[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n")
BLOCK = re.compile(r"[|>][+-]?\d?[+-]?[ \t]*(?:#[^\n]*)?\n")

LITERALS = WORDS["literals"]
# Of ciphers and formats, what the lexicon leaves out: RS256, SAML2, x509, AES256-GCM.
CIPHER_PART = (
    r"(?:[rhep]s|sha|aes|rsa|md|ed|x|rfc|base|utf|pkcs|p|tls|ssl|http|oauth|saml|fido|oidc|ecdsa|blake|chacha|poly|hmac|gcm"
    r"|cbc|ctr|argon2|sha3|oauth2)[-_]?\d{1,4}(?:[a-z]{1,2}|[./-]\d{1,3})?"
    r"|i18n|l10n|a11y|k[38]s|[hsrv]\d|ipv[46]|u2f|ec2|utf8mb[34]|x86(?:_64)?|arm64|amd64|web3|es\d{1,4}"
)
CIPHER = re.compile(
    rf"(?:(?:tls|ecdsa|ecdhe?|dhe|rsa|hmac)[-_]){{0,3}}(?:{CIPHER_PART})"
    rf"(?:[-_](?:{CIPHER_PART}|gcm|cbc|ctr|ecb|ccm|cfb|ofb|xts|siv|kw|hmac)){{0,3}}",
    re.IGNORECASE,
)
CIPHER_WORDS = WORDS["cipher-words"]
VERSION = re.compile(r"[ @:=/v-]{0,2}\d{1,2}(?:\.\d{1,3}){0,3}$")
# A call, or what a program is known to keep values in.
CODE = re.compile(
    r"[A-Za-z_]\w{0,30}(?:\.[A-Za-z_]\w{0,40}){1,5}[(\[]|(?:&|\*)?[A-Za-z_][A-Za-z_]{2,}(?:\.[A-Za-z_]\w{0,40}){0,8}[(\[]"
    r"|(?:os|process|env|settings|config|self|this|req|request|props|ctx|args|options|opts|data|user|body|form|app|response"
    r"|res|secrets|vault|var|local|module|params|deno|import|meta|state|input|event|session|creds|credentials|result|cfg|conf)"
    r"(?:\.|->|\?\.|::)[A-Za-z_][\w.]*[(\[]?$",
    re.IGNORECASE,
)
JOINTS = re.compile(r"[^\w#]+|_+")


class Value(NamedTuple):
    start: int
    end: int
    text: str
    is_quoted: bool


def read_value(text: str, start: int) -> Value | None:
    """Return the value that begins here, without its quotes; None if there is none."""
    opening = OPENING.match(text, start)
    if not opening:
        return _bare(text, start)
    begin, quote = opening.end(), opening[1]
    line = text.find("\n", begin, begin + MAX_QUOTED)
    limit = line if line >= 0 and len(quote) < 3 else min(begin + MAX_QUOTED, len(text))
    end = _closing(text, quote, begin, limit)
    if end < 0:
        limit = min(limit, begin + MAX_JUDGED)
        rest = text[begin:limit]
        end = (
            limit if len(quote.strip("\\")) == 1 and not mentions_technology(rest) else begin + len(rest.split(" ")[0])
        )
    return Value(begin, end, text[begin : min(end, begin + MAX_JUDGED)], True) if end > begin else None


def _closing(text: str, quote: str, begin: int, limit: int) -> int:
    """Return where the quote is closed; behind a backslash it is part of the value."""
    end = text.find(quote, begin, limit)
    while end > begin and text[end - 1] == "\\" and not quote.startswith("\\"):
        end = text.find(quote, end + 1, limit)
    return end


def _bare(text: str, start: int) -> Value | None:
    run = BARE.match(text, start)
    if not run:
        return None
    value = run[0]
    if cut := CUT.search(value):
        value = value[: cut.start()]
    if not value.startswith(("$(", "${", "{{", "<", "[")):
        value = value.rstrip(TRAILING)
    end = start + len(value)
    if len(value) == MAX_JUDGED and (rest := REST.match(text, end)):
        end = rest.end()
    return Value(start, end, value, False) if value else None


def read_block(text: str, start: int) -> Value | None:
    """Return the lines of a YAML block: `password: |` and what is indented below."""
    head = BLOCK.match(text, start)
    if not head:
        return None
    end = head.end()
    while line := LINE_OF_BLOCK.match(text, end):
        if line.end() == end:
            break
        end = line.end()
    lines = text[head.end() : end]
    begin = head.end() + len(lines) - len(lines.lstrip())
    end = head.end() + len(lines.rstrip())
    return Value(begin, end, text[begin:end], True) if end > begin else None


def is_harmless(value: Value) -> bool:
    """Say whether this stands for a value, or for the kind of one, and is none itself."""
    word = value.text.strip().lower()
    if not any(map(str.isalnum, word)) or word.strip("!?.,:()") in LITERALS:
        return True
    return not value.is_quoted and CODE.match(value.text) is not None


def is_technology(text: str, *, even_everyday: bool = True) -> bool:
    """Say whether the lexicon knows this word; an everyday one only as its vendor writes it."""
    word = text.strip(" .,;:!?()[]{}<>\"'`*")
    if CIPHER.fullmatch(word) or word.lower() in CIPHER_WORDS or _is_known(word, even_everyday):
        return True
    return (
        (version := VERSION.search(word)) is not None
        and version.start() > 1
        and _is_known(word[: version.start()], even_everyday and version[0][0] in " @:=/v-")
    )


def _is_known(word: str, even_everyday: bool) -> bool:
    if not 0 < len(word) <= 60:
        return False
    spelling = lexicon.known(word)
    return spelling is not None and (not spelling.everyday or (even_everyday and spelling.written == word))


def begins_technology(text: str, start: int) -> bool:
    """Say whether a name of more than one word begins here: `Google Cloud SQL`."""
    words = text[start : start + MAX_NAME].split()[:4]
    return any(is_technology(" ".join(words[:count])) for count in range(2, len(words) + 1))


def is_about_technology(text: str) -> bool:
    """Say whether it begins or ends with a technology and the rest is words: `JWT-basiert`, `OAuth2+PKCE`."""
    if is_technology(text):
        return True
    parts = [part for part in JOINTS.split(text) if part] if len(text) <= 100 else []
    if len(parts) < 2:
        return False
    plain = all(part.isalpha() or is_technology(part) or (part.isdigit() and len(part) < 3) for part in parts)
    return plain and (is_technology(parts[0]) or is_technology(parts[-1]))


def mentions_technology(text: str) -> bool:
    return any(
        is_technology(word, even_everyday=False) or ("-" in word and is_about_technology(word))
        for word in text[:MAX_JUDGED].split()
    )


IDENTIFIER = re.compile(
    r"#?\d[\d.,:]*(?:st|nd|rd|th|te[nmrs]?|er|x|k|m|s|ms|min|h|d|[kmgt]i?b|px|em|rem|%|€|\$)?|[A-Z]{2,10}-\d{1,6}|v\d[\w.]*",
    re.IGNORECASE,
)
SPECIAL = re.compile(r"\w[!$%&*?#@^~+=§€][^\s]*\w|[!$%&*?#@^~+=§€]\w+[!$%&*?#@^~+=§€\d]")
PATH = re.compile(r"\.{0,2}/|[\w.-]+/[\w./-]+$|[\w-]+\.(?:[a-z]{1,5}|ts|js)(?::\d+)?$|@|https?:|[a-z]+\(")


def looks_secret(word: str) -> bool:
    """Say whether nobody would write such a word in a sentence, unless it is a name that the lexicon knows."""
    bare = word.strip(" .,;:()[]{}<>\"'`*")
    if len(bare.rstrip("!?")) < 4 or IDENTIFIER.fullmatch(bare) or PATH.match(bare) or is_about_technology(bare):
        return False
    has_letter, has_digit = any(map(str.isalpha, bare)), any(map(str.isdigit, bare))
    return (has_letter and has_digit) or SPECIAL.search(bare) is not None


def looks_generated(word: str) -> bool:
    """Say whether it is long and mixed enough to be a token."""
    bare = word.strip(" .,;:()[]{}<>\"'`*")
    if len(bare) < 8 or not looks_secret(bare):
        return False
    return sum(map(str.isdigit, bare)) >= 2 or is_random(bare)
