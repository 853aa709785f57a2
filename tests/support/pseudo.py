"""A German in which every translated text stands between ⟦ and ⟧, so that one sees what was never translated.

The marks stand around each piece between two placeholders; what is put into a text must have marks of its own.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.http import HttpResponse
from django.utils.translation import trans_real

from tagging.extraction.base import ErrorCode

BEGIN, END = "⟦", "⟧"
PLACEHOLDER = re.compile(r"(%\(\w+\)[sdifr]|%[sdifr%]|\{\w*\})")
TEXT_ATTRIBUTES = ("aria-label", "aria-description", "title", "placeholder", "alt", "label")
BUTTONS = ("submit", "button", "reset")
# What is no text of ours: code, and what people and machines wrote.
DATA_ELEMENTS = ("script", "style", "code", "pre", "bdi", "kbd", "textarea")
# Proper names, units and formats that are the same in both languages; the codes of errors, the names of the roles that
# a migration makes, and what Django says of a mark for those who do not see it.
ALLOWED = re.compile(
    r"\b(Dev-?[Ll]ogs?|Deutsch|English|JSON|Markdown|CSV|API|UTC|MIT|OpenAI|Ctrl|Enter|ms|kB|MB|s|min|h|p\d\d|y|n|j|k|"
    rf"{'|'.join(ErrorCode)}|viewer|operator|editor|embedded|Knox|True|False|None|[0-9a-f]{{64}})\b"
)
VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")


def marked(text: str) -> str:
    parts = PLACEHOLDER.split(text)
    return "".join(
        part if number % 2 or not part.strip() else f"{BEGIN}{part}{END}" for number, part in enumerate(parts)
    )


class PseudoGerman:
    """A language's catalogue whose every answer is marked; what it does not know comes as it is, in English."""

    def __init__(self, real: trans_real.DjangoTranslation) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def gettext(self, message: str) -> str:
        known = message in self._real._catalog
        return marked(self._real.gettext(message)) if known else self._real.gettext(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        try:
            return marked(self._real._catalog.plural(singular, number))
        except KeyError:
            return self._real.ngettext(singular, plural, number)


def pseudo_german() -> PseudoGerman:
    return PseudoGerman(trans_real.DjangoTranslation("de"))


class _Texts(HTMLParser):
    """Gather what one sees or hears of a page, without what stands in elements for data."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in VOID:
            self.open.append("bdi" if "data-text" in named else tag)
        self.attributes += [named.get(name) or "" for name in TEXT_ATTRIBUTES]
        for_scripts = [value or "" for name, value in attrs if name.startswith("data-")]
        self.attributes += [PLACEHOLDER.sub("", value) for value in for_scripts if is_said(value)]
        if tag == "input" and named.get("type") in BUTTONS:
            self.attributes.append(named.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not set(DATA_ELEMENTS) & set(self.open):
            self.texts.append(data)


def is_said(value: str) -> bool:
    """Say whether what a script reads in an element is for people: a sentence, or a word with a capital."""
    return bool(re.match(r"[A-Z]\w+$|[^{\[]*[A-Za-z⟧] ", value))


def check(response: HttpResponse, status: int = 200) -> None:
    assert response.status_code == status, response
    left = untranslated(response.content.decode())
    assert not left, "\n".join(["Never translated:", *left])


def untranslated(html: str) -> list[str]:
    """Return the visible pieces of a page that hold Latin letters and were not translated."""
    page = _Texts()
    page.feed(html)
    page.close()
    # One text may go through several elements, where it has them inside.
    pieces = [*_outside("\x00".join(page.texts)).split("\x00"), *map(_outside, page.attributes)]
    return sorted({" ".join(piece.split()) for piece in pieces if re.search("[A-Za-z]", ALLOWED.sub("", piece))})


def _outside(text: str) -> str:
    return " ".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    depth = 0
    for part in re.split(f"([{BEGIN}{END}])", text):
        if part in (BEGIN, END):
            depth += 1 if part == BEGIN else -1
        elif not depth or "\x00" in part:
            yield part if not depth else "\x00"
