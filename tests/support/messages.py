"""`make messages`: gather what pages say, keep the German for it, and compile the catalogue.

With them come Django's own messages that Django has no German for. A new message whose German Django itself knows
takes Django's, so that both speak alike. Ends with 1, and lists them, where messages are left without German: write it
into the .po, and run it again.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from gettext import GNUTranslations
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.contrib import admin
from django.utils.translation.template import templatize

from devlog_project.api.names import names, our_models
from tests.support.servers import ROOT

PO = ROOT / "devlog_project" / "locale" / "de" / "LC_MESSAGES" / "django.po"
APPS = ("devlog_project", "devlogs", "tagging")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
HEADER = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
DJANGOS = ("contrib/admin", "contrib/auth", "contrib/contenttypes", "conf")
# What the pages of Django 6.1 say without German; the one that gathers may be of another version.
OF_DJANGO_6: list[str | tuple[str, str]] = [
    "- Select an option -",
    "Are you sure you want to delete the %(object_name)s “%(escaped_object)s”? All of the following related items "
    "will be deleted:",
    "Deleting the %(object_name)s “%(escaped_object)s” would require deleting the following protected related "
    "objects:",
    "Deleting the %(object_name)s “%(escaped_object)s” would result in deleting related objects, but your account "
    "doesn't have permission to delete the following types of objects:",
    "Filter by %(field_name)s",
    "Logout",
    "Pagination %(name)s",
    "Pagination %(name)s entries",
    "Run",
    "Search %(name)s",
    ("…and %(count)d more object.", "…and %(count)d more objects."),
]
# How Django speaks to people; we say "du".
FORMAL = re.compile(r"\b(Sie|Ihr\w*|Ihnen)\b")
# One and the same file at each run; nobody reads when it was made.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def extracted() -> Catalog:
    """Return all messages of Python files and templates, without their places, which change with each line."""
    catalog = Catalog(locale="de")
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*")):
            if path.suffix in (".py", ".html", ".txt") and (path.suffix == ".py" or "templates" in path.parts):
                for _, message, _, context in extract("python", _source(path), KEYWORDS):
                    catalog.add(message, context=context)
    for name in names(set(admin.site._registry) & set(our_models())):  # as the admin's pages show them
        catalog.add(name)
    for message in _untold_by_django():
        catalog.add(message.id, context=message.context)
    for message_id in OF_DJANGO_6:
        catalog.add(message_id)
    return catalog


def _untold_by_django() -> Iterator[Message]:
    """Return what Django's own pages say in English to a German reader, or in the admin as to a stranger."""
    for app, theirs in zip(DJANGOS, _of_django(), strict=True):
        with (Path(django.__file__).parent / app / "locale" / "en" / "LC_MESSAGES" / "django.po").open("rb") as file:
            for message in read_po(file):
                german = _theirs(theirs, message) if message.id else "nothing"
                if not german or (app == "contrib/admin" and FORMAL.search(str(german))):
                    yield message


def _source(path: Path) -> io.BytesIO:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # What stands around the messages becomes Xs, whose indents Python would not take.
        text = re.sub(r"(?m)^\s+", "", templatize(text))
    return io.BytesIO(text.encode())


def merged() -> Catalog:
    """Return the extracted messages with the German that the .po has for them, and else with Django's."""
    known = read_po(PO.open("rb"), locale="de") if PO.exists() else Catalog(locale="de")
    catalog = extracted()
    of_django = list(_of_django())
    for message in catalog:
        if message.id and (old := known.get(key(message), message.context)) and is_translated(old):
            message.string = old.string
        elif message.id:
            message.string = next(filter(None, (_theirs(theirs, message) for theirs in of_django)), message.string)
    return catalog


def key(message: Message) -> str:
    """Return the id by which a catalogue finds a message: of one that counts, its singular."""
    return message.id[0] if message.pluralizable else message.id


def is_translated(message: Message) -> bool:
    strings = message.string if message.pluralizable else (message.string,)
    return not message.fuzzy and len(strings) == 1 + message.pluralizable and all(strings)


def _of_django() -> Iterator[GNUTranslations]:
    home = Path(django.__file__).parent
    for app in DJANGOS:
        with (home / app / "locale" / "de" / "LC_MESSAGES" / "django.mo").open("rb") as file:
            yield GNUTranslations(file)


def _theirs(theirs: GNUTranslations, message: Message) -> str | tuple[str, str] | None:
    known = theirs._catalog  # what `gettext` hides: whether a message is known at all
    prefix = f"{message.context}\x04" if message.context else ""
    if not message.pluralizable:
        return known.get(prefix + message.id)
    both = tuple(known.get((prefix + message.id[0], number)) for number in (0, 1))
    return both if all(both) else None


def po(catalog: Catalog) -> bytes:
    written = io.BytesIO()
    write_po(written, catalog, width=110, no_location=True, omit_header=True, sort_output=True)
    return HEADER.encode() + written.getvalue()


def mo(catalog: Catalog) -> bytes:
    catalog.creation_date = catalog.revision_date = EPOCH
    written = io.BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def main() -> int:
    django.setup()
    catalog = merged()
    PO.write_bytes(po(catalog))
    PO.with_suffix(".mo").write_bytes(mo(catalog))
    missing = [message for message in catalog if message.id and not is_translated(message)]
    print(f"{len(catalog)} messages, {len(missing)} without German.")
    for message in missing:
        print(f"  {message.id}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
