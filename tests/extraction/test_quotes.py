"""Names that an entry writes in part: a word of the name in words that the model quotes from the entry is enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagging.evaluation.perfect import PerfectExtractor, quote
from tagging.evaluation.scoring import Score, evaluate, read_gold
from tagging.extraction import lexicon
from tagging.extraction.base import Technology
from tagging.extraction.grounding import ground
from tagging.extraction.grounding.quotes import is_slip
from tagging.extraction.lexicon.tokens import forms, tokens_of
from tests.support.effort import steps

GOLD = Path(__file__).parent.parent / "gold.jsonl"
EVERYDAY = Path(__file__).parent / "everyday" / "sentences.txt"


def kept(name: str, quoted: str, entry: str) -> list[str]:
    return [mention.name for mention in ground([Technology(name, quoted)], entry).mentions]


@pytest.mark.parametrize(
    ("name", "quoted", "entry"),
    [
        ("Node.js", "node + express", "Built a backend: node + express."),
        ("Raspberry Pi", "auf dem Pi", "Das Skript läuft auf dem Pi im Keller."),
        ("Fly.io", "deployed it to Fly", "Finally deployed it to Fly."),
        ("AWS IAM", "IAM roles", "Wrote the IAM roles by hand."),
        ("AWS KMS", "the KMS key", "Rotated the KMS key."),
        ("Grafana Loki", "Loki stores", "Loki stores a week of logs now."),
        ("MySQL Workbench", "mit der Workbench", "Tabellen mit der Workbench angelegt."),
        ("Node.js", "node +  express", "Built a backend: node +\n express."),
        ("Node.js", 'a "node" service', "Built a „node“ service."),
        ("Fly.io", "it's on Fly", "Finally it’s on Fly."),
        ("Raspberry Pi", "läuft - auf dem Pi", "Das Skript läuft – auf dem\u00a0Pi."),
        ("GitHub Actions", "via GH actions", "Release runs via GH actions."),
        ("Apache Iceberg", "Iceberg tables", "All Iceberg tables are compacted."),
        ("Apache Superset", "Superset on top", "Put Superset on top of it."),
        ("Apache Camel", "Camel routes", "Counted the Camel routes."),
        ("Cloudflare R2", "live in R2", "The originals live in R2."),
        ("Next.js", "the next upgrade", "Did the next upgrade, from 13 to 14."),
        ("Homebrew", "aus brew", "Die Hälfte kommt aus brew."),
        ("Sealed Secrets", "a Sealed Secret", "The password is a Sealed Secret now."),
        ("Amazon Alexa", "an Alexa skill", "Wrote an Alexa skill."),
        ("Microsoft Exchange", "Exchange bleibt", "Exchange bleibt bis Jahresende."),
        ("Matplotlib", "plots with Maploitlib", "Made plots with Maploitlib."),
        ("GitHub", "mein gitubb repo", "Habe mein gitubb repo angelegt."),
        ("HTML", "Some HMTL", "Some HMTL and a form."),
        ("Kubernetes", "Kubernets cluster", "New Kubernets cluster."),
        ("Quirlwerk Studio", "in Quirlwerk", "Alles in Quirlwerk gebaut."),
        ("Go", "Go's scheduler", "Read about Go's scheduler."),
        ("R", "R’s data.table", "Learned R’s data.table."),
        ("C", "C's undefined", "Bitten by C's undefined behaviour."),
    ],
)
def test_a_word_of_the_name_in_a_quote_shows_it(name, quoted, entry):
    assert len(kept(name, quoted, entry)) == 1


@pytest.mark.parametrize(
    ("name", "quoted", "entry"),
    [
        ("Node.js", "node + express", "Nothing of that kind."),  # made up
        ("Node.js", "node  express", "One node and an express."),
        ("Node.js", "the node", "At the nodeless end."),
        ("AWS Lambda", "on AWS", "We run on AWS."),
        ("Amazon S3", "on AWS", "We run on AWS."),
        ("Google Cloud Storage", "Google search", "A Google search helped."),
        ("Azure Functions", "some functions", "Wrote some functions."),
        ("Docker Compose", "in Docker", "All of it is in Docker."),
        ("Docker Swarm", "in Docker", "All of it is in Docker."),
        ("React Native", "a React view", "Wrote a React view."),
        ("Spring Boot", "the boot order", "Fixed the boot order."),
        ("GitHub Copilot", "on GitHub", "Pushed it on GitHub."),
        ("Django REST framework", "with Django", "Wrote it with Django."),
        ("Elasticsearch", "es regnet", "Heute es regnet, sonst nichts."),
        ("Swift", "the shift plan", "Wrote the shift plan."),
        ("Docker", "at the doctor", "Was at the doctor."),
        ("React", "within reach", "All within reach now."),
        ("Scala", "to scale up", "We want to scale up."),
        ("Rust", "the rest of", "Did the rest of it."),
        ("Electron", "an election", "There was an election."),
        ("Redis", "Informationen", "Schreibt Informationen weg."),
        ("Rust", "a rusty old", "On a rusty old bike."),
        ("Java", "in Javanese", "A song in Javanese."),
        ("HackedDB", "hacked", "We hacked all day."),
        ("Quirlwerk Murmel Studio", "in Quirlwerk", "Alles in Quirlwerk gebaut."),
        ("Node.js", "x" * 60 + " node " + "y" * 60, "x" * 60 + " node " + "y" * 60),  # the whole entry is no quote
        ("Node.js", "a b c d e f g h i j k l m node", "a b c d e f g h i j k l m node"),
        ("R", "you'r", "you'r right"),
        ("D", "I'd say", "I'd say so"),
        ("C", "USB-C", "a USB-C cable"),
        ("E", "e.g.", "e.g. this"),
    ],
)
def test_other_words_and_those_that_many_names_have_show_nothing(name, quoted, entry):
    assert kept(name, quoted, entry) == []


def test_no_word_of_everyday_sentences_shows_a_known_name_by_a_slip():
    words = {token.key for token in tokens_of(EVERYDAY.read_text(encoding="utf-8"))}
    alike: dict[str, list[str]] = {}  # by its beginning and length
    for name in lexicon.load().by_name:
        joined = forms(name)[0][-1].replace(" ", "")
        alike.setdefault(f"{joined[:1]}{len(joined)}", []).append(name)

    shown = {
        (word, name)
        for word in words
        for length in range(len(word) - 2, len(word) + 3)
        for name in alike.get(f"{word[0]}{length}", ())
        if is_slip(word, name)
    }

    assert shown == set()


def test_the_quote_becomes_the_evidence():
    [mention] = ground([Technology("Fly.io", "deployed it to Fly")], "Finally deployed it to Fly.").mentions

    assert mention == ("Fly.io", "deployed it to Fly", 23)


def test_a_model_that_names_all_that_a_vendor_sells_gets_nothing_stored():
    products = [
        "AWS Lambda",
        "Amazon S3",
        "Amazon EC2",
        "Amazon RDS",
        "AWS IAM",
        "Amazon ECS",
        "AWS Glue",
        "AWS Fargate",
    ]

    assert ground([Technology(name, "move to AWS") for name in products], "Planned the move to AWS.").mentions == []


def test_grounding_costs_a_perfect_model_next_to_nothing():
    gold = read_gold(GOLD)
    extractor = PerfectExtractor(gold)

    score = Score.of([evaluate(extractor, entry).marked for entry in gold])

    assert score.recall >= 0.985
    assert score.precision >= 0.998


def test_a_perfect_model_quotes_at_most_eight_words_of_one_line():
    assert quote("one\na b c d e Django f g h i j\ntwo", "Django") == "c d e Django f g h i"
    assert quote("nothing", "Django") == ""
    assert quote("x" * 200 + " Pi", "Raspberry Pi") == "Pi"


def test_the_work_grows_with_the_length_of_the_entry_and_not_faster_with_quotes_too():
    def of(length: int) -> tuple[list[Technology], str]:
        entry = "some words of fly and node " * (length // 27)
        quotes = [entry[at : at + 100] for at in range(0, 500, 7)]
        return [Technology(f"Tool{at} Name", words) for at, words in enumerate(quotes)], entry

    ground(*of(2_000))  # what it remembers of words is no part of it

    assert steps(ground, *of(2_000)) <= 2.2 * steps(ground, *of(1_000))
