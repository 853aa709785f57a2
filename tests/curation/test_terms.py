"""Names that people teach: in the file, in the admin, and in the jobs that come next."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import models

from tagging.curation import edits
from tagging.extraction import lexicon
from tagging.extraction.embedded.extractor import EmbeddedExtractor
from tagging.extraction.openai.house import House, taught_in
from tagging.models import Attempt, Tag, Term
from tagging.models.term import taught_names
from tests.support.extractors import Paid, Scripted

pytestmark = pytest.mark.django_db

FILE = """Quiddle? = quid?, Quiddler
[database]
Zorbase = zb!
"""


class Versioned(Paid):
    """One whose prompt names the taught names, as OpenAI's does."""

    def prompt_version_for(self, entry):
        return House().version(1, taught_in(entry))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "terms.txt"
    path.write_text(FILE)
    return path


def test_what_is_exported_is_what_was_imported(file, tmp_path, capsys):
    call_command("vocabulary", "import", str(file))
    call_command("vocabulary", "export", str(tmp_path / "again.txt"))

    assert (tmp_path / "again.txt").read_text() == FILE
    capsys.readouterr()
    call_command("vocabulary", "import", str(tmp_path / "again.txt"))
    assert capsys.readouterr().out == "0 added, 0 changed, 2 as before.\n"


@pytest.mark.parametrize(
    "line", ["[nonsense]", "!!!", "Other = Quiddle", "A, B", "Zorbase", "Fine = \x07bell", "Wow!"]
)
def test_a_wrong_line_refuses_the_whole_file(file, line):
    file.write_text(FILE + line)

    with pytest.raises(CommandError, match=r"nothing was changed\. Line 4: "):
        call_command("vocabulary", "import", str(file))

    assert not Term.objects.exists()


def test_names_the_file_lacks_go_with_prune_only(file):
    Term.objects.create(name="Oldie")

    call_command("vocabulary", "import", str(file))
    assert Term.objects.filter(name="Oldie").exists()
    call_command("vocabulary", "import", str(file), "--prune")

    assert not Term.objects.filter(name="Oldie").exists()


def test_a_dry_run_stores_nothing(file):
    call_command("vocabulary", "import", str(file), "--dry-run")

    assert not Term.objects.exists()


def test_a_name_taught_between_two_jobs_tags_the_second(make_devlog, run_jobs):
    first, second = make_devlog("Moved zb to the new host."), None
    run_jobs(EmbeddedExtractor())
    Term.objects.create(name="Zorbase", aliases="zb")
    second = make_devlog("Moved zb to the new host.")
    run_jobs(EmbeddedExtractor())

    assert [[tag.name for tag in devlog.tags.all()] for devlog in (first, second)] == [[], ["Zorbase"]]


def test_a_models_alias_becomes_the_taught_name(make_devlog, run_jobs):
    Term.objects.create(name="Zorbase", aliases="zb")
    devlog = make_devlog("Moved zb to the new host.")

    run_jobs(Scripted(["zb"]))

    assert [tag.name for tag in devlog.tags.all()] == ["Zorbase"]


@pytest.mark.parametrize("wrong", [{"kind": "nonsense"}, {"name": "!!!"}, {"aliases": "a, !!!"}, {"name": "[tool]"}])
def test_a_term_that_nobody_can_read_is_left_out_and_logged_once(make_devlog, run_jobs, caplog, wrong):
    Term.objects.bulk_create([Term(**{"name": "Broken", **wrong}), Term(name="Zorbase", aliases="zb")])
    for time in range(2):
        devlog = make_devlog("Moved zb to the new host.")
        run_jobs(EmbeddedExtractor())
        assert [tag.name for tag in devlog.tags.all()] == ["Zorbase"]
        Term.objects.create(name=f"Another{time}")

    assert caplog.text.count("cannot be taught and is left out") == 1


@pytest.mark.parametrize("change", ["rename", "delete"])
def test_a_name_that_was_changed_or_deleted_is_forgotten(change):
    term = Term.objects.create(name="Zorbase", aliases="zb")
    taught_names.refresh()
    assert lexicon.canonical("zb") == "Zorbase"

    if change == "delete":
        term.delete()
    else:
        term.aliases = "zob"
        term.save()
    taught_names.refresh()

    assert lexicon.canonical("zb") == "zb"


def test_a_taught_name_wins_against_the_lexicons():
    Term.objects.create(name="Houseplan", aliases="Django")
    taught_names.refresh()

    assert lexicon.canonical("django") == "Houseplan"


def test_an_alias_that_a_term_has_taken_shows_no_more_what_it_meant_before(make_devlog, run_jobs):
    Term.objects.create(name="Kistenlager", aliases="k8s")
    taken, other = make_devlog("Moved k8s to the new host."), make_devlog("Kubernetes and k8s")

    run_jobs(Scripted(["Kubernetes", "k8s"], ["Kubernetes", "k8s"]))

    assert [[tag.name for tag in devlog.tags.all()] for devlog in (taken, other)] == [
        ["Kistenlager"],
        ["Kistenlager", "Kubernetes"],
    ]


def test_the_admin_teaches_and_warns_of_what_is_overruled(admin_client):
    values = {"name": " Houseplan ", "aliases": "Django,  hp?", "kind": "tool"}
    page = admin_client.post("/admin/tagging/term/add/", values, follow=True)

    assert Term.objects.values_list("name", "aliases", "kind").get() == ("Houseplan", "Django, hp?", "tool")
    assert "no longer for Django" in page.content.decode()


def test_the_admin_refuses_what_is_taught_already(admin_client):
    Term.objects.create(name="Zorbase", aliases="zb")

    page = admin_client.post("/admin/tagging/term/add/", {"name": "ZB"})

    assert "zb is a spelling of Zorbase already" in page.content.decode()
    assert Term.objects.count() == 1


def test_a_taught_name_keeps_what_the_lexicon_knows_of_it(make_devlog, run_jobs):
    Term.objects.create(name="Django", aliases="dj")
    devlog = make_devlog("dj and Postgres")

    run_jobs(EmbeddedExtractor())

    assert [tag.name for tag in devlog.tags.all()] == ["Django", "PostgreSQL"]


def test_an_everyday_word_that_is_taught_counts_in_context_only(make_devlog, run_jobs):
    Term.objects.create(name="Zettel", is_everyday=True)
    ordinary, meant = (
        make_devlog("Ein Zettel lag auf dem Tisch."),
        make_devlog("Wrote a Django view for the Zettel client."),
    )

    run_jobs(EmbeddedExtractor())

    assert [[tag.name for tag in devlog.tags.all()] for devlog in (ordinary, meant)] == [[], ["Django", "Zettel"]]


def test_only_entries_with_a_taught_name_in_them_are_asked_anew(make_devlog, run_jobs):
    entries = ["Moved zb today.", "Wrote a Django view."]
    asked = Versioned([], [], [])
    for _ in range(2):
        for entry in entries:
            make_devlog(entry)
        run_jobs(asked)
    assert asked.entries == entries  # the second time both were known

    Term.objects.create(name="Zorbase", aliases="zb")
    for entry in entries:
        make_devlog(entry)
    run_jobs(asked)

    assert asked.entries == [*entries, entries[0]]
    assert len(set(Attempt.objects.filter(outcome="answered").values_list("prompt_version", flat=True))) == 2


def test_an_alias_may_move_from_one_term_to_another(file, tmp_path):
    call_command("vocabulary", "import", str(file))
    file.write_text("Quiddle? = quid?, Quiddler, zb\n[database]\nZorbase\n")

    call_command("vocabulary", "import", str(file))

    assert Term.objects.get(name="Quiddle").aliases == "quid?, Quiddler, zb"


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("none", "binary"):
        with pytest.raises(CommandError, match=f"{name} cannot be read"):
            call_command("vocabulary", "import", str(tmp_path / name))


def test_a_person_who_sets_a_tag_by_a_taught_alias_sets_the_taught_name(make_devlog):
    devlog = make_devlog("Moved zb to the new host.")
    Term.objects.create(name="Zorbase", aliases="zb", kind="database")

    tagging, _ = edits.add(devlog, "zb", None)

    assert (tagging.tag.name, tagging.tag.kind) == ("Zorbase", "database")


def test_a_tag_has_the_kind_of_its_term_as_long_as_that_stands(make_devlog):
    edits.add(make_devlog(), "Zorbase", None)
    edits.add(make_devlog(), "Django", None)
    kinds = Tag.objects.order_by("name").values_list("kind", flat=True)

    terms = [Term.objects.create(name="Zorbase", kind="database"), Term.objects.create(name="Django", kind="tool")]
    assert list(kinds.all()) == ["tool", "database"]
    terms[0].delete()
    Term.objects.all().delete()
    assert list(kinds.all()) == ["framework", ""]


def test_a_kind_that_a_person_set_is_not_the_terms(make_devlog):
    edits.add(make_devlog(), "Zorbase", None)
    Tag.objects.update(kind="tool", is_kind_fixed=True)

    Term.objects.create(name="Zorbase", kind="database")

    assert Tag.objects.get().kind == "tool"


def of_an_older_time(term):
    models.QuerySet(Term).filter(pk=term.pk).update(aliases="zob", changed_at=term.changed_at - timedelta(hours=1))


@pytest.mark.parametrize(
    "change",
    [of_an_older_time, lambda term: Term.objects.filter(pk=term.pk).update(aliases="zob")],
    ids=["with an older time", "by an update of many"],
)
def test_no_change_of_a_term_is_missed(change):
    term = Term.objects.create(name="Zorbase", aliases="zb")
    Term.objects.create(name="Quiddle")
    taught_names.refresh()

    change(term)
    taught_names.refresh()

    assert lexicon.canonical("zob") == "Zorbase"
