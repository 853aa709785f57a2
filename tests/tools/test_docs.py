"""What README and docs say is so."""

import json
import re

import pytest
from django.core.management import get_commands

from devlog_project.conf.page import GROUPS, known_names, page
from tests.load.benchmarks.report import Row, picture, renewed, rows_in
from tests.support.pages import ROOT, TEXTS, found

README = TEXTS["README.md"]

# -- settings --------------------------------------------------------------------------------------------------------

READ = sorted(known_names())
# Named in docs as an error may name them.
READ_BY_THE_SDK = ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"]
# Of the system, and what Django's runserver tells its child.
READ_ELSEWHERE = {"RUN_MAIN", "OTEL_SERVICE_NAME", "OTEL_TRACES_EXPORTER", "SSL_CERT_DIR", "SSL_CERT_FILE"}


def test_settings_are_read_at_all():
    assert {"SECRET_KEY", "DATABASE_URL", "TAGGING_CONCURRENCY"} <= set(READ)


def test_the_page_of_the_settings_is_as_the_code_reads_them():
    assert TEXTS["docs/settings.md"] == page(), "Run make settings."


def test_each_setting_says_what_it_means():
    assert [one.name for env in GROUPS for one in env.settings if not one.meaning] == []


def test_no_code_reads_a_variable_past_the_settings():
    """Else it would stand on no page, and be warned of as a slip."""
    sources = [path for name in ("devlog_project", "devlogs", "tagging") for path in (ROOT / name).rglob("*.py")]
    reading = re.compile(r'(?:os\.environ(?:\.get\(|\[)|getenv\()"(\w+)"')
    read = {name for path in sources for name in reading.findall(path.read_text(encoding="utf-8"))}

    assert read - set(READ) == READ_ELSEWHERE


@pytest.mark.parametrize("name", found(r"\b((?:TAGGING|OPENAI|SQLITE|DATABASE)_[A-Z_]+[A-Z])\b"))
def test_each_setting_that_is_named_exists(name):
    assert name in READ + READ_BY_THE_SDK


# -- commands, files, words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", found(r"(?:`| {4})make ([\w-]+)"))
def test_each_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("command", found(r"manage\.py (\w+)"))
def test_each_management_command_exists(command):
    assert command in get_commands() or command == "db_worker"  # of an app that the transport `django` brings


@pytest.mark.parametrize(
    "path", found(r"(?<![\w/.\"])((?:tagging|devlogs|devlog_project|tests|docs|deploy|requirements)/[\w/.-]*\w)")
)
def test_each_file_and_folder_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "page, target", [(page, target) for page in TEXTS for target in found(r"\]\(([^):]+)\)", TEXTS[page])]
)
def test_each_link_leads_somewhere(page, target):
    path, _, heading = target.partition("#")
    linked = (ROOT / page).parent / path if path else ROOT / page
    headings = found(r"^#+ (.+)$", linked.read_text(encoding="utf-8")) if heading else []

    assert linked.exists()
    assert not heading or heading in [title.lower().replace(" ", "-") for title in headings]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("word", found(r"\*\*([^*]+)\*\*", TEXTS["docs/architecture.md"]))
def test_each_bold_word_of_the_architecture_is_explained(word):
    assert f"\n| {word.lower()} | " in TEXTS["docs/glossary.md"]


# -- figures ---------------------------------------------------------------------------------------------------------

MEASURED = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
MEDIANS = {one["figure"]: one["median"] for one in MEASURED["figures"] if "median" in one}
# What the first screen says of a figure.
HEADLINES = [
    ("memory: POST/s to plain", "{:.0%}"),
    ("celery, RabbitMQ: POST/s to plain", "{:.0%}"),
    ("memory: 201 to tags p50 ms", "{:.0f} ms"),
    ("celery, RabbitMQ: 201 to tags p50 ms", "{:.0f} ms"),
    ("memory, run_worker: 201 to tags p50 ms", "{:.0f} ms"),
    ("drain: 8 slots/naive-8", "{:.2f}"),
]
# The rows of README's table, as the benchmark calls them.
TRANSPORTS = [
    *("memory", "memory, run_worker", "celery, RabbitMQ", "celery, Redis", "sqs, run_worker", "django, db_worker"),
    "actors",
]


@pytest.mark.parametrize("figure, form", HEADLINES)
@pytest.mark.parametrize("page", ["README.md", "README.de.md"])
def test_the_first_screen_says_what_was_measured(page, figure, form):
    said = form.format(MEDIANS[figure]).replace("%", " %")

    assert (said if page == "README.md" else said.replace(".", ",")) in TEXTS[page]


def test_the_transports_in_the_readme_are_as_they_were_measured():
    expected = [
        f"{MEDIANS[f'{name}: POST/s to plain']:.2f} | {MEDIANS[f'{name}: 201 to tags p50 ms']:.0f} ms | "
        f"{MEDIANS[f'{name}: drain jobs/s']:.0f}"
        for name in TRANSPORTS
    ]

    assert re.findall(r"([\d.]+ \| \d+ ms \| \d+) \|$", README, re.MULTILINE) == expected


def test_tables_and_picture_show_all_that_was_measured():
    rows = rows_in(MEASURED)
    page = TEXTS["docs/benchmarks.md"]

    assert [row.label for row in rows if f"\n| {row.label} | " not in page] == []
    assert renewed(page, rows) == page
    assert picture(rows) == (ROOT / "docs" / "benchmarks.svg").read_text(encoding="utf-8")


def test_a_new_value_takes_the_place_of_the_old_and_the_explanation_stays():
    row = Row("memory, 64 in flight", [1.5])

    assert renewed("| memory, 64 in flight | to idle | 1.00 | – |\nelse\n", [row]) == (
        "| memory, 64 in flight | to idle | 1.50 | 1.50 … 1.50 | ≤ 1.3 | missed |\nelse\n"
    )


def test_what_must_be_high_and_what_must_be_low_are_drawn_apart():
    drawn = picture([Row("memory, 64 in flight", [1.5]), Row("POST/s, draining", [0.8])])
    high, _, low = drawn.partition("Lower is better")

    assert ("POST/s, draining" in high, "memory, 64 in flight" in low) == (True, True)
    assert ("missed" in high, "1.50 (&lt;= 1.3, missed)" in low) == (False, True)
