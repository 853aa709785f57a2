"""The search for words of an entry: an index that the database keeps, and the question asked of it.

All words must occur, and a phrase in double quotes as it stands. A word is a run of letters and digits, in whatever
case and without its accents; nothing is stemmed, so that German and English are alike. Whatever else stands in a
question only parts its words: it never reaches the syntax of either database.

Outside the Latin script the two fold differently: PostgreSQL drops the accents there too, and takes й for и.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, TypeVar

from django.db import connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=Model)

# PostgreSQL takes no word of more than 2,046 bytes.
MAX_CHARACTERS = 200
# Where more entries than this match, a list goes through the newest dev-logs, and not through all that match.
MANY = 2_000
PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')

# SQLite: its own index beside the table, without a copy of the texts, kept by triggers.
TABLE = (
    "CREATE VIRTUAL TABLE devlogs_search USING fts5(entry, content='devlogs_devlog', content_rowid='id', "
    "columnsize=0, tokenize='unicode61 remove_diacritics 2')"
)
ADD = "INSERT INTO devlogs_search (rowid, entry) VALUES (new.id, new.entry);"
REMOVE = "INSERT INTO devlogs_search (devlogs_search, rowid, entry) VALUES ('delete', old.id, old.entry);"
TRIGGERS = {
    "devlogs_search_insert": f"AFTER INSERT ON devlogs_devlog BEGIN {ADD} END",
    "devlogs_search_delete": f"AFTER DELETE ON devlogs_devlog BEGIN {REMOVE} END",
    "devlogs_search_update": (
        "AFTER UPDATE OF id, entry ON devlogs_devlog WHEN old.id <> new.id OR old.entry <> new.entry "
        f"BEGIN {REMOVE} {ADD} END"
    ),
}
REBUILD = "INSERT INTO devlogs_search (devlogs_search) VALUES ('rebuild')"
STANDING = "SELECT rowid AS id FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'devlogs_search_%%'"
FEW = "SELECT rowid AS id FROM devlogs_search WHERE devlogs_search MATCH %s LIMIT %s"

# PostgreSQL: a column that it keeps by itself, beside the model's, and an index on it. Of an expression each row would
# be folded anew to be counted, or to look whether a phrase is in it.
FOLDED = (
    "regexp_replace(regexp_replace(normalize({text}, NFD), '[\\u0300-\\u036f]+', '', 'g'), '[^[:alnum:]]+', ' ', 'g')"
)
COLUMN = "search_words"
ADD_COLUMN = (
    f"ALTER TABLE devlogs_devlog ADD COLUMN IF NOT EXISTS {COLUMN} tsvector "
    f"GENERATED ALWAYS AS (to_tsvector('simple', {FOLDED.format(text='entry')})) STORED"
)
GIN = f"CREATE INDEX devlogs_search ON devlogs_devlog USING gin ({COLUMN})"
DROP_GIN = "DROP INDEX IF EXISTS devlogs_search"


class Condition(Func):
    """Some SQL that is true or false of its expressions."""

    output_field = BooleanField()


class IsAmongFound(Condition):
    """Asked of each dev-log that SQLite comes by for another reason: the + keeps it from beginning here."""

    template = "(+%(expressions)s))"
    arg_joiner = " IN (SELECT rowid FROM devlogs_search WHERE devlogs_search MATCH "


class Matches(Condition):
    template = "(%(expressions)s)"
    arg_joiner = " @@ "


class WordsOf(Func):
    """The column of words beside the one it is given."""

    def as_sql(  # type: ignore[override]  # it composes nothing
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **kwargs: object
    ) -> tuple[str, tuple[()]]:
        (beside,) = self.get_source_expressions()
        return f"{compiler.quote_name_unless_alias(beside.alias)}.{COLUMN}", ()


class Phrase(Func):
    template = f"phraseto_tsquery('simple', {FOLDED.format(text='%(expressions)s')})"


class All(Func):
    template = "(%(expressions)s)"
    arg_joiner = " && "


def phrases(question: str) -> list[str]:
    """Return what must occur: words, and phrases of words with a space between them, each once."""
    found: dict[str, None] = {}
    for quoted, plain in PIECES.findall(unicodedata.normalize("NFC", question)):
        spaced = "".join(char if is_of_a_word(char) else " " for char in quoted or plain)
        if any(map(str.isalnum, spaced)):
            found[" ".join(spaced.split())] = None
    return list(found)


def is_of_a_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def containing(devlogs: QuerySet[Row], wanted: list[str]) -> QuerySet[Row]:
    """Return the dev-logs in whose entries all these words and phrases occur.

    Few are looked up first, by the index alone: PostgreSQL takes any word for one that many entries have.
    """
    every = devlogs.model._default_manager.using(devlogs.db)
    if connections[devlogs.db].vendor == "postgresql":
        condition: Condition = Matches(WordsOf(F("entry")), All(*(Phrase(Value(phrase)) for phrase in wanted)))
        ids = list(every.filter(condition).order_by().values_list("pk", flat=True)[: MANY + 1])
    else:
        question = " ".join(f'"{phrase}"' for phrase in wanted)
        condition = IsAmongFound(F("pk"), Value(question))
        ids = [row.pk for row in every.raw(FEW, [question, MANY + 1])]
    return devlogs.filter(pk__in=ids) if len(ids) <= MANY else devlogs.filter(condition)


def create(editor: BaseDatabaseSchemaEditor) -> None:
    """Create the index of this database, with what is stored already."""
    if editor.connection.vendor == "postgresql":
        for statement in (ADD_COLUMN, DROP_GIN, GIN):
            editor.execute(statement)
        return
    editor.execute(TABLE)
    set_triggers(editor)


def set_triggers(editor: BaseDatabaseSchemaEditor) -> None:
    for name, rest in TRIGGERS.items():
        editor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {rest}")
    editor.execute(REBUILD)


def drop(editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER TABLE devlogs_devlog DROP COLUMN {COLUMN}")  # and the index with it
        return
    for name in TRIGGERS:
        editor.execute(f"DROP TRIGGER {name}")
    editor.execute("DROP TABLE devlogs_search")


def mend(model: type[Model], using: str) -> None:
    """Put SQLite's triggers back if any is gone, and index all entries anew.

    They go with their table where a migration makes it anew, as for most changes of a column.
    """
    connection = connections[using]
    if connection.vendor != "sqlite" or "devlogs_search" not in connection.introspection.table_names():
        return
    if len(list(model._default_manager.using(using).raw(STANDING))) < len(TRIGGERS):
        with connection.schema_editor() as editor:
            set_triggers(editor)
