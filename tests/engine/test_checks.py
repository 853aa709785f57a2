"""Settings that do not fit each other are said by `manage.py check`."""

import pytest
from django.core.checks import run_checks

pytestmark = pytest.mark.django_db  # Django 6.1's own checks ask the database


@pytest.mark.parametrize(
    "name, value, check",
    [
        ("TAGGING_TRANSPORT", "no.such.Transport", "tagging.E001"),
        ("TAGGING_EXTRACTOR", "no.such.Extractor", "tagging.E002"),
        ("OPENAI_TIMEOUT_SECONDS", 120, "tagging.W001"),
        ("TAGGING_DAILY_TOKENS", 1000, "tagging.W002"),
        ("TAGGING_DAILY_TOKENS_PER_AUTHOR", 1000, "tagging.W006"),
        ("TAGGING_ENTRIES_PER_CALL", 8, "tagging.W005"),
        ("TAGGING_DAILY_COST", 0.000001, "tagging.W002"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_the_way_out(settings, name, value, check):
    setattr(settings, name, value)

    said = [message for message in run_checks() if message.id == check]

    assert len(said) == 1
    assert said[0].hint


def test_a_model_that_cannot_be_asked_is_named_where_it_is_to_be_asked(settings):
    settings.OPENAI_BASE_URL = "localhost:11434/v1"
    assert [message.id for message in run_checks() if message.id.startswith("tagging.")] == []

    settings.TAGGING_EXTRACTOR = settings.EXTRACTORS["openai"]
    said = [message for message in run_checks() if message.id == "tagging.W003"]

    assert ["OPENAI_BASE_URL" in message.hint for message in said] == [True]


def test_the_defaults_have_nothing_to_say():
    assert [message for message in run_checks() if message.id.startswith("tagging.")] == []
