"""`manage.py evaluate`: the arithmetic, by small tables, and what the command says and returns."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tagging.evaluation.scoring import Gold, GoldError, Marked, Score, bare, evaluate, mark, percentile, read_gold
from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Technology
from tagging.extraction.simulated import SimulatedExtractor
from tests.support.entries import FOUNDING
from tests.support.replies import Reply, completion
from tests.support.wire import FakeOpenAI

GOLD = Path(__file__).parent.parent / "gold.jsonl"


def entry(*tags: str, **more) -> Gold:
    return Gold(id="1", text="…", tags=list(tags), **more)


def line(number: int, text: str, *tags: str, **more) -> str:
    return json.dumps({"id": str(number), "text": text, "tags": tags, **more})


@pytest.fixture
def gold_file(tmp_path):
    """Return a function that writes a gold file of these lines."""

    def write(*lines: str) -> Path:
        path = tmp_path / "gold.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def command(*arguments: object, **options: object) -> str:
    out = io.StringIO()
    call_command("evaluate", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def row(output: str, name: str) -> list[str]:
    """Return the cells of the table's row of that name."""
    [found] = [line for line in output.splitlines() if line.startswith(f"{name} ")]
    return found.removeprefix(name).split()


# -- the arithmetic ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Node.js 20", "nodejs"),
        ("Django 5.x", "django"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("#VSCode", "vscode"),
        ("Tailwind CSS", "tailwindcss"),
        ("Python3", "python3"),
        ("…", ""),
    ],
)
def test_a_name_is_compared_without_case_punctuation_and_version(name, expected):
    assert bare(name) == expected


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        (entry("Django"), ["Django"], Marked(["Django"], [], [])),
        (entry("Django"), ["django 5.2"], Marked(["Django"], [], [])),
        (entry("Django", "Redis"), ["Redis"], Marked(["Redis"], ["Django"], [])),
        (entry("Django"), ["Flask"], Marked([], ["Django"], ["Flask"])),
        (entry(), [], Marked([], [], [])),
        (entry(), ["Kafka"], Marked([], [], ["Kafka"])),
        # an alias, whichever side it is on, and twice
        (entry("Kubernetes"), ["k8s", "Kubernetes"], Marked(["Kubernetes"], [], [])),
        (entry("k8s"), ["Kubernetes"], Marked(["k8s"], [], [])),
        (entry(), ["k8s", "Kubernetes"], Marked([], [], ["k8s"])),
        (entry("C"), ["C++"], Marked([], ["C"], ["C++"])),
        (entry("Gadget"), ["Gadgets"], Marked(["Gadget"], [], [])),
        # neither right nor wrong
        (entry("Django", optional=["JSON"]), ["Django", "JSON"], Marked(["Django"], [], [])),
        (entry("Redis", misspelled={"Redis": ["Reddiss"]}), ["Reddiss"], Marked([], ["Redis"], [])),
        (entry("Django"), ["…", ""], Marked([], ["Django"], [])),
    ],
)
def test_an_answer_is_marked_beside_the_gold(gold, answer, expected):
    assert mark(gold, answer) == expected


@pytest.mark.parametrize(
    ("found", "missed", "wrong", "precision", "recall", "f1"),
    [
        (0, 0, 0, 1.0, 1.0, 1.0),
        (4, 0, 0, 1.0, 1.0, 1.0),
        (3, 1, 0, 1.0, 0.75, 6 / 7),
        (3, 0, 1, 0.75, 1.0, 6 / 7),
        (2, 2, 2, 0.5, 0.5, 0.5),
        (0, 3, 0, 1.0, 0.0, 0.0),
        (0, 0, 2, 0.0, 1.0, 0.0),
    ],
)
def test_precision_recall_and_f1(found, missed, wrong, precision, recall, f1):
    score = Score.of([Marked(["x"] * found, ["y"] * missed, ["z"] * wrong)])

    assert (score.precision, score.recall, score.f1) == pytest.approx((precision, recall, f1))


def test_all_tags_count_alike_however_they_are_spread_over_entries():
    score = Score.of([Marked(["a"], [], []), Marked(["b", "c", "d"], ["e"], ["f"])])

    assert score == Score(found=4, missed=1, wrong=1, entries=2, clean=1)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7], 0.5, 7), ([7], 0.95, 7), ([3, 1, 2], 0.5, 2), ([1, 2, 3, 4], 0.5, 2), (range(1, 101), 0.95, 95)],
)
def test_a_percentile_is_one_of_the_values(values, share, expected):
    assert percentile(values, share) == expected


# -- one entry -----------------------------------------------------------------------------------------------------


def test_an_answer_is_grounded_before_it_is_marked():
    extractor = SimulatedExtractor(script=[[Technology("Django"), Technology("HACKED")]])

    result = evaluate(extractor, Gold(id="1", text="Wrote a Django app.", tags=["Django"]))

    assert result.marked == Marked(["Django"], [], [])


def test_no_answer_misses_everything_and_leaves_nothing_clean():
    extractor = SimulatedExtractor(script=[ExtractionError(ErrorCode.TIMEOUT, "Too slow.")])

    result = evaluate(extractor, entry("Django"))

    assert (result.marked, result.is_clean, result.error.code) == (Marked([], ["Django"], []), False, "timeout")


# -- the file ------------------------------------------------------------------------------------------------------


def test_the_repos_gold_set_is_read():
    gold = read_gold(GOLD)

    assert len(gold) >= 60
    assert {"de", "en", "mixed"} == {one.lang for one in gold}


def test_unusual_line_separators_and_empty_lines_do_not_split_or_shift_lines(gold_file):
    path = gold_file('{"id": "1", "text": "a\u2028b", "tags": []}', "", line(2, "c"))

    assert [gold.text for gold in read_gold(path)] == ["a\u2028b", "c"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("{oops", "line 2: Invalid JSON"),
        ("[]", "line 2: Input should be an object"),
        ('{"id": "2", "text": "x"}', "line 2: tags: Field required"),
        ('{"id": "2", "text": "x", "tags": ["a", 3]}', "line 2: tags.1: Input should be a valid string"),
        (line(1, "x"), "line 2: the id '1' is there twice"),
    ],
)
def test_a_wrong_line_is_named(gold_file, wrong, complaint):
    with pytest.raises(GoldError, match=complaint):
        read_gold(gold_file(line(1, "Django."), wrong))


# -- the command ---------------------------------------------------------------------------------------------------


def test_the_figures_are_shown_by_language_and_category(gold_file):
    path = gold_file(
        line(1, FOUNDING, "Django", "Elasticsearch", "ImaginaryNoneExistence Cloud", lang="de", categories=["list"]),
        line(2, "Wrote a Django app.", "Django", "Flask", lang="en"),
        line(3, "Nur Meetings.", lang="de", categories=["negative"]),
    )

    output = command(path, extractor="embedded")

    assert row(output, "all") == ["3", "5", "1.000", "0.800", "0.889", "1.000"]
    assert row(output, "language de") == ["2", "3", "1.000", "1.000", "1.000", "1.000"]
    assert row(output, "language en") == ["1", "2", "1.000", "0.500", "0.667", "1.000"]
    assert row(output, "category negative") == ["1", "0", "-", "-", "-", "1.000"]
    assert "entries without technology left clean: 1 of 1 (1.000)" in output
    assert "embedded: 0 tokens, 0.000000 $; an entry took " in output


def test_invented_names_are_counted_by_themselves(gold_file):
    path = gold_file(line(1, FOUNDING, "Django", "ImaginaryNoneExistence Cloud", "Quux", invented=["Quux"]))

    assert "invented names found: 0 of 1 (0.000)" in command(path, extractor="embedded")


def test_the_worst_entries_come_first_and_no_more_than_asked_for(gold_file):
    path = gold_file(
        line(1, "Wrote a Django app.", "Django"),
        line(2, "Wrote a Django app.", "Django", "Flask"),
        line(3, "Wrote a Django app.", "Flask"),
    )

    output = command(path, extractor="embedded", worst=1)

    assert "The worst 1 of 2 entries that are not exactly right:" in output
    assert "  3  F1 0.00  missed: Flask  wrong: Django\n    Wrote a Django app.\n" in output
    assert "  2  F1" not in output


def test_a_limit_takes_the_first_entries(gold_file):
    path = gold_file(*(line(number, "Wrote a Django app.", "Django") for number in range(5)))

    assert row(command(path, extractor="embedded", limit=2), "all")[0] == "2"


def test_the_settings_name_the_extractor_where_the_command_does_not(gold_file, settings):
    settings.TAGGING_EXTRACTOR = "tagging.extraction.simulated.SimulatedExtractor"

    assert "\nsimulated: " in command(gold_file(line(1, "Nur Meetings.")))


def test_a_score_below_the_least_one_asked_for_fails(gold_file):
    path = gold_file(line(1, "Wrote a Django app.", "Django", "Flask"))

    command(path, extractor="embedded", min_f1=0.66)
    with pytest.raises(CommandError, match=r"F1 0\.667 is below 0\.67\.") as raised:
        command(path, extractor="embedded", min_f1=0.67)
    assert raised.value.returncode == 1


@pytest.mark.parametrize(
    "options", [("--limit", "0"), ("--worst", "-1"), ("--min-f1", "86"), ("--extractor", "nobody"), ("--limit", "x")]
)
def test_options_that_make_no_sense_are_refused(gold_file, options):
    with pytest.raises(CommandError, match=f"{options[0]}: |{options[1]!r} cannot be used"):
        command(gold_file(line(1, "Nur Meetings.")), *options)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.jsonl cannot be read"):
        command(tmp_path / "nothing.jsonl")


# -- a model that is paid for --------------------------------------------------------------------------------------


def test_calls_are_added_up_and_one_that_fails_is_shown_and_not_fatal(gold_file, settings):
    path = gold_file(*(line(number, "Wrote a Django app.", "Django") for number in range(4)))
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_INPUT_PRICE, settings.OPENAI_OUTPUT_PRICE = 1.0, 10.0

    with FakeOpenAI(faults=["server_error"]) as server:
        settings.OPENAI_BASE_URL = server.base_url
        output = command(path, extractor="openai")

    assert len(server.requests) == 4
    assert row(output, "all") == ["4", "4", "1.000", "0.750", "0.857", "1.000"]
    assert "NO ANSWER for 1 of 4 entries, marked as if nothing had been found:\n  1 x server_error: " in output
    assert "openai, gpt-6-luna, prompt 1: 450 tokens, 0.001260 $; " in output


def test_not_one_answer_is_a_failure(gold_file, settings):
    with FakeOpenAI(faults=["unauthorized"]) as server:
        settings.OPENAI_BASE_URL = server.base_url
        with pytest.raises(CommandError, match=r"There was not one answer\."):
            command(gold_file(line(1, "Nur Meetings.")), extractor="openai")


def test_it_is_told_what_several_entries_in_a_call_cost_and_save(gold_file, settings):
    """The model here forgets the fourth of four, which is then asked alone, as by the worker."""
    names = ("Django", "Redis", "GraphQL", "Flask", "Docker")
    path = gold_file(*(line(number, f"Wrote a {name} app.", name) for number, name in enumerate(names)))
    settings.OPENAI_API_KEY, settings.TAGGING_CONCURRENCY = "sk-test", 1
    forgetful = json.dumps({str(number): [{"name": name}] for number, name in enumerate(names[:3], 1)})
    with FakeOpenAI(faults=["ok"] * 5 + [Reply(200, completion(forgetful))]) as server:
        settings.OPENAI_BASE_URL = server.base_url

        output = command(path, "--entries-per-call", "4", extractor="openai")

    assert row(output, "all") == ["5", "5", "1.000", "1.000", "1.000", "1.000"]
    assert output.endswith(
        "one by one: F1 1.000, 5 calls, 750 tokens, 0.000135 $\n"
        "up to 4 in a call: F1 1.000 (+0.000), 3 calls, 450 tokens, 0.000081 $\n"
    )
    assert len(server.requests) == 8


@pytest.mark.parametrize("fault", ["cut_off", "refusal", "server_error"])
def test_a_shared_call_of_no_use_is_asked_one_by_one_and_its_price_told(gold_file, settings, fault):
    path = gold_file(*(line(number, f"Wrote a {name} app.", name) for number, name in enumerate(("Django", "Redis"))))
    settings.OPENAI_API_KEY, settings.TAGGING_CONCURRENCY = "sk-test", 1
    with FakeOpenAI(faults=["ok", "ok", fault]) as server:
        settings.OPENAI_BASE_URL = server.base_url

        output = command(path, "--entries-per-call", "2", extractor="openai")

    tokens = 300 if fault == "server_error" else 450
    assert f"up to 2 in a call: F1 1.000 (+0.000), 3 calls, {tokens} tokens" in output


def test_an_extractor_that_answers_one_entry_in_a_call_is_not_asked_for_more(gold_file):
    with pytest.raises(CommandError, match="'embedded' answers one entry in a call"):
        command(gold_file(line(1, "Nur Meetings.")), "--entries-per-call", "4", extractor="embedded")


@pytest.mark.parametrize("number", ["0", "21", "x"])
def test_no_more_entries_go_into_a_call_than_the_setting_allows(gold_file, number):
    with pytest.raises(CommandError, match=f"--entries-per-call: '{number}' is not a number from 1 to 20"):
        command(gold_file(line(1, "Nur Meetings.")), "--entries-per-call", number)


class Meeting(SimulatedExtractor):
    """Answers only when two calls are under way at once."""

    name = "meeting"
    is_paid = True
    prompt_version = 1
    both = threading.Barrier(2, timeout=20)

    def extract(self, entry: str, *, safety_identifier: str = "") -> Extraction:
        self.both.wait()
        return super().extract(entry)


def test_calls_that_are_paid_for_wait_side_by_side_and_are_reported_in_order(gold_file, settings):
    settings.TAGGING_CONCURRENCY = 2
    path = gold_file(*(line(number, "Wrote a Django app.", "Flask") for number in range(6)))

    output = command(path, extractor=f"{__name__}.Meeting")

    assert [text.split()[0] for text in output.splitlines() if " F1 0.00" in text] == list("012345")
