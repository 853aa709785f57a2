"""What a house adds to the prompt: which of its names stand in an entry, and the version that this makes."""

import pytest

from tagging.extraction import lexicon
from tagging.extraction.openai.client import OpenAIExtractor
from tagging.extraction.openai.house import taught_in
from tests.support.effort import steps
from tests.support.model import Model


@pytest.fixture
def teach():
    yield lexicon.teach
    lexicon.teach(())


@pytest.mark.parametrize(
    "entry",
    [
        "Moved Zorbase today.",
        "Moved the Zorbases.",
        "Moved zor-base.",
        "Moved ZO-RBASE.",
        "Moved z.o.rbase.",
        "zb is down",
        "Das Zorbase-Projekt",
        "Das Zorbaseprojekt läuft.",
        "The Quiddle Store is full",
        "The quiddle-store is full",
        "The quiddlestore is full",
    ],
)
def test_a_taught_name_is_found_in_all_ways_to_write_it(teach, entry):
    teach(["Zorbase = zb", "Quiddle Store", "Another"])

    assert len(taught_in(entry)) == 1


def test_a_thousand_taught_names_that_do_not_stand_there_are_hardly_any_work(teach):
    entry = "Wrote a view for the new client and moved the old one. " * 5
    teach(["Zorbase"])
    taught_in(entry)
    few = steps(taught_in, entry)
    teach([f"Zor{number}base = zb{number}" for number in range(1_000)])
    taught_in(entry)

    assert steps(taught_in, entry) <= 2 * few


def test_a_name_that_is_kept_back_as_a_secret_makes_no_other_prompt(teach):
    teach(["Zorbase"])
    asking = OpenAIExtractor(api_key="sk-test")

    assert asking.prompt_version_for("Mailed zorbase@example.org") == asking.prompt_version_for(
        "Mailed ada@example.org"
    )


def test_the_answer_tells_the_version_of_the_prompt_that_was_sent(teach, extractor):
    teach(["Zorbase"])
    asking = extractor(Model())
    told = asking.prompt_version_for("Moved Zorbase today.")
    teach(["Quiddle"])

    assert asking.extract("Moved Zorbase today.").prompt_version == asking.prompt_version_for("Moved Zorbase today.")
    assert asking.prompt_version_for("Moved Zorbase today.") != told
