"""The search for words of an entry, alike on both databases."""

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from devlogs import entries, search
from devlogs.models import DevLog

pytestmark = pytest.mark.django_db
URL = "/api/v1/devlogs/"


def found(question):
    """Return the entries that a question finds."""
    wanted = search.phrases(question)
    return set(search.containing(DevLog.objects.all(), wanted).values_list("entry", flat=True))


def written(*texts):
    entries.write_many([DevLog(entry=text) for text in texts])


@pytest.mark.parametrize(
    ("question", "is_found"),
    [
        ("redis", True),
        ("REDIS cache", True),
        ("cache redis", True),
        ("redis kafka", False),
        ("redi", False),
        ("brucke", True),
        ("BRÜCKE", True),
        ("Bru\u0308cke", True),
        ("naive", True),
        ("straße", True),
        ("STRAẞE", True),
        ("strasse", False),
        ("node.js", True),
        ("js", True),
        ("js.node", False),
        ("foo_bar", True),
        ("bar", True),
        ("3d", True),
        ("Äther", True),
        ("漢字", True),
        ('"die brücke"', True),
        ('"brücke die"', False),
        ('"redis cache" "die brücke"', True),
        ('"redis (cache)"', True),
    ],
)
def test_words_are_found_in_whatever_case_and_with_or_without_accents(question, is_found):
    written(
        "Über die Brücke: Node.js, foo_bar. naïve Straße. A\u0308ther in 3D. 漢字. The Redis/cache.",
        "Something else.",
    )

    assert bool(found(question)) is is_found


@pytest.mark.parametrize(
    "question",
    [
        'redis"',
        '"redis',
        '"redis" "',
        '""" redis',
        "redis*",
        "^redis",
        "redis:",
        "(redis",
        "redis)",
        "-redis",
        "+redis",
        "redis & ! |",
        "<-> redis",
        "{redis}",
        "'redis'; --",
        "redis\\",
        "% redis %",
        "redis:*",
        ": redis",
    ],
)
def test_signs_only_part_words(question):
    written("With Redis today.", "With Kafka.")

    assert found(question) == {"With Redis today."}


@pytest.mark.parametrize("word", ["NEAR", "AND", "OR", "NOT", "rowid", "entry", "null"])
def test_words_of_the_databases_are_words(word):
    written(f"Come {word} me.", "Redis.")

    assert found(word) == {f"Come {word} me."}
    assert found(f"redis {word} come") == set()
    assert found(f"entry:{word}(come me, 2)") == set()


@pytest.mark.parametrize("count", [1, 100])
def test_as_many_words_as_fit_are_looked_for(count):
    written("a " * 100, "b")

    assert len(found("a " * count)) == 1
    assert len(found(" ".join(f'"a{" a" * number}"' for number in range(15)))) == 1


@pytest.mark.parametrize("question", ["", "   ", '"', '""', "*", "( ) : ^ -", "„…“", "\u0301"])
def test_what_has_no_letter_and_no_digit_has_no_words(question):
    assert search.phrases(question) == []


@pytest.mark.parametrize("many", [0, 2_000])
def test_a_word_of_many_entries_is_found_as_one_of_few(many, monkeypatch):
    monkeypatch.setattr(search, "MANY", many)
    written("Redis one.", "Redis two.", "Kafka.")

    assert found("redis") == {"Redis one.", "Redis two."}
    assert found('"redis two"') == {"Redis two."}


# -- the index follows the table -------------------------------------------------------------------------------------


def is_index_whole():
    """Say whether the index holds what the table does."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO devlogs_search (devlogs_search, rank) VALUES ('integrity-check', 1)")
    return True


def test_an_entry_is_found_once_it_is_written_and_by_its_new_words_once_it_is_edited():
    devlog = DevLog(entry="With Redis.")
    entries.write(devlog)
    assert found("redis") == {"With Redis."}

    devlog.entry = "With Kafka."
    entries.edit(devlog, ["entry"])

    assert (found("redis"), found("kafka")) == (set(), {"With Kafka."})
    assert is_index_whole()


def test_entries_that_are_removed_are_found_no_more():
    written("Redis one.", "Redis two.", "Redis three.")
    entries.remove([DevLog.objects.get(entry="Redis one.").pk])
    DevLog.objects.get(entry="Redis two.").delete()

    assert found("redis") == {"Redis three."}
    assert is_index_whole()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL alters a table where it stands")
@pytest.mark.django_db(transaction=True)
class TestTriggers:
    """SQLite's own trap: a table that is made anew has no triggers."""

    def test_a_table_made_anew_is_searched_as_before(self):
        written("With Redis.")
        entry = models.TextField(default="")
        entry.set_attributes_from_name("entry")
        entry.model = DevLog
        with connection.schema_editor() as editor:
            editor.alter_field(DevLog, DevLog._meta.get_field("entry"), entry, strict=True)
        written("With Kafka.")
        assert found("kafka") == set(), "This test tests nothing: the triggers were still there."

        search.mend(DevLog, "default")
        written("With Celery.")

        assert [len(found(word)) for word in ("redis", "kafka", "celery")] == [1, 1, 1]
        assert is_index_whole()

    def test_it_is_put_back_with_every_migrate(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER devlogs_search_insert")
        written("With Redis.")

        call_command("migrate", verbosity=0)
        written("With Kafka.")

        assert [len(found(word)) for word in ("redis", "kafka")] == [1, 1]

    def test_nothing_is_indexed_anew_while_all_stand(self, django_assert_max_num_queries):
        with django_assert_max_num_queries(2):
            search.mend(DevLog, "default")


def test_the_database_keeps_the_index_after_all_migrations():
    """Whatever migration comes last."""
    written("With Redis.")

    assert found("redis") == {"With Redis."}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's query names its index")
def test_postgresql_answers_from_its_index():
    written("With Redis.", *(f"No. {number}" for number in range(200)))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    with CaptureQueriesContext(connection) as captured:
        assert [devlog.entry for devlog in search.containing(DevLog.objects.all(), ["redis"])] == ["With Redis."]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = str(cursor.fetchall())

    assert "devlogs_search" in plan
