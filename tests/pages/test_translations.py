"""The German catalogue is whole: nothing left in English, and what is compiled is what was written."""

import re
from gettext import GNUTranslations

import pytest

pytest.importorskip("babel", reason="Babel is in requirements/dev.txt")

from babel.messages.pofile import read_po

from tests.support.messages import PO, extracted, is_translated, key

PLACEHOLDER = re.compile(r"%\(\w+\)[sdfr]|%[sd]|\{\w*\}|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def german():
    with PO.open("rb") as file:
        return read_po(file, locale="de")


@pytest.fixture(scope="module")
def messages():
    return [message for message in extracted() if message.id]


def test_every_message_has_its_german(german, messages):
    known = [german.get(key(message), message.context) for message in messages]
    missing = [
        message.id
        for message, found in zip(messages, known, strict=True)
        if not found or found.id != message.id or not is_translated(found)
    ]

    assert missing == [], "Run `make messages`, and write the German into django.po."


def test_the_catalogue_keeps_no_message_that_is_said_nowhere(german, messages):
    said = {(key(message), message.context) for message in messages}

    assert [m.id for m in german if m.id and (key(m), m.context) not in said] == [], "Run `make messages`."


def test_the_german_has_the_placeholders_and_elements_of_the_english(german):
    apart = []
    for message in german:
        if message.id:
            english = message.id if message.pluralizable else (message.id,)
            german_texts = message.string if message.pluralizable else (message.string,)
            pairs = zip(english, german_texts, strict=True)
            apart += [en for en, de in pairs if sorted(PLACEHOLDER.findall(en)) != sorted(PLACEHOLDER.findall(de))]

    assert apart == []


def test_the_compiled_catalogue_is_the_written_one(german):
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)._catalog

    written = {}
    for message in german:
        if message.id:
            name = f"{message.context}\x04{key(message)}" if message.context else key(message)
            texts = {(name, n): text for n, text in enumerate(message.string)} if message.pluralizable else {}
            written |= texts or {name: message.string}

    assert {name: text for name, text in compiled.items() if name} == written, "Run `make messages`."
