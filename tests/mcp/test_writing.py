"""The tools that write ask the API: its rules, its refusals, in words for a model."""

import json
import logging

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone

from devlog_project.api import throttle
from devlogs.models import AuthorSettings, DevLog
from tagging import queues
from tagging.models import Job, QueuePause, sql

pytestmark = pytest.mark.django_db
ENTRY = "Moved our Flask service from Heroku to k8s."
MINE = "SECRET-words-of-an-entry"


def fails(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(sql, "insert_devlog", fail)


# -- log_work ----------------------------------------------------------------------------------------------------


def test_a_dev_log_is_saved_as_its_author_s(agent, ada):
    agent.call("log_work", entry=f"  {ENTRY}\n")

    devlog = DevLog.objects.get()
    assert (devlog.entry, devlog.author, Job.objects.get().devlog) == (f"  {ENTRY}\n", ada, devlog)


def test_where_the_tags_take_longer_it_says_how_to_look_later(agent):
    answer = agent.call("log_work", entry=ENTRY)

    assert (answer["state"], answer["tags"]) == ("pending", [])
    assert f"show_log(id={answer['id']})" in answer["note"]


def test_why_the_tags_do_not_come_is_said(agent):
    QueuePause.objects.update_or_create(defaults={"since": timezone.now()})

    assert "it waits: " in agent.call("log_work", entry=ENTRY)["note"]


@pytest.mark.parametrize("by_default", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"private": False}])
def test_what_is_not_asked_to_be_private_is_what_the_author_has_set(agent, ada, by_default, arguments):
    AuthorSettings.objects.create(user=ada, private_by_default=by_default)

    assert agent.call("log_work", entry=ENTRY, **arguments)["private"] is by_default


@pytest.mark.parametrize("by_default", [False, True])
def test_what_is_asked_to_be_private_is(agent, ada, by_default):
    AuthorSettings.objects.create(user=ada, private_by_default=by_default)

    assert agent.call("log_work", entry=ENTRY, private=True)["private"] is True


def test_the_same_words_again_are_one_more_dev_log(agent):
    assert agent.call("log_work", entry=ENTRY)["id"] != agent.call("log_work", entry=ENTRY)["id"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"entry": ""}, "length >= 1"),
        ({"entry": " \n"}, "entry: This field may not be blank."),
        ({"entry": "x" * 20_001}, "length <= 20000"),
        ({"entry": "a\0b"}, "entry: Null characters are not allowed."),
        ({"entry": 5}, "Expected `str`, got `int` - at `$.entry`"),
        ({"entry": None}, "Expected `str`, got `null`"),
        ({}, "missing required field `entry`"),
        ({"entry": ENTRY, "private": "yes"}, "Expected `bool`, got `str` - at `$.private`"),
        ({"entry": ENTRY, "tags": ["Flask"]}, "unknown field `tags`"),
    ],
)
def test_what_is_wrong_with_the_arguments_is_told_and_nothing_is_saved(agent, arguments, words):
    assert words in agent.told("log_work", **arguments)
    assert not DevLog.objects.exists()


def test_arguments_that_are_no_object_are_an_error(agent):
    assert agent.refused("tools/call", name="log_work", arguments=["x"]) == (-32602, "arguments must be an object")


def test_writes_are_counted_together_with_those_at_the_api(agent, settings, monkeypatch, api):
    monkeypatch.setattr(throttle, "clock", lambda: 40.0)
    settings.API_POSTS_PER_MINUTE = 10
    for _ in range(5):
        assert api.post("/api/v1/devlogs/", {"entry": ENTRY}, headers=agent.headers).status_code == 201
        agent.call("log_work", entry=ENTRY)

    said = agent.told("log_work", entry=ENTRY)

    assert said.startswith("Too Many Requests (429). At most 10 writes may be sent in a minute.")
    assert said.endswith("Try again in 20 seconds.")
    assert DevLog.objects.count() == 10


def test_another_s_writes_are_not_counted(agent, stranger, settings):
    settings.API_POSTS_PER_MINUTE = 1
    agent.call("log_work", entry=ENTRY)

    assert stranger.call("log_work", entry=ENTRY)["id"]


def test_who_has_too_many_waiting_is_told_when_to_try_again(agent, monkeypatch):
    def refuse(*args, **kwargs):
        raise queues.TooManyPendingError(10_000)

    monkeypatch.setattr(queues, "refuse_too_many", refuse)

    assert "You have 10,000 dev-logs waiting" in (said := agent.told("log_work", entry=ENTRY))
    assert "Try again in 60 seconds." in said


# -- what goes wrong on our side ---------------------------------------------------------------------------------


def test_a_database_that_fails_in_the_midst_is_told_with_when_to_try_again(agent, monkeypatch):
    fails(monkeypatch, OperationalError("database is locked"))

    said = agent.told("log_work", entry=ENTRY)

    assert said.startswith("Service Unavailable (503).")
    assert said.endswith("Try again in 5 seconds.")


def test_neither_entry_nor_token_is_logged(agent, logged, caplog):
    with caplog.at_level(logging.DEBUG, "django_mcpz"):
        agent.call("log_work", entry=MINE)
        agent.told("log_work", entry=MINE, private=MINE)

    assert "Tool 'log_work': ok in" in logged()
    assert MINE not in logged()
    assert agent.headers["Authorization"].split()[1] not in logged()


def test_job_and_log_line_carry_the_request_id_of_the_message(agent, logged, caplog):
    agent.headers["X-Request-ID"] = "of-an-agent"
    with caplog.at_level(logging.INFO, "django_mcpz"):
        number = agent.call("log_work", entry=ENTRY)["id"]

    (line,) = [line for line in logged().splitlines() if "Tool 'log_work': ok" in line]
    assert Job.objects.get(pk=number).request_id == json.loads(line)["request_id"] == "of-an-agent"


def test_a_bug_is_logged_with_its_place_and_told_without_its_words(agent, logged, monkeypatch):
    fails(monkeypatch, ZeroDivisionError(MINE))

    assert agent.told("log_work", entry=MINE) == "Tool 'log_work' failed unexpectedly."
    assert "ZeroDivisionError" in logged()
    assert "test_writing.py" in logged()
    assert MINE not in logged()


# -- tags --------------------------------------------------------------------------------------------------------


@pytest.fixture
def devlog(make_tagged, ada):
    return make_tagged("Flask", author=ada)


def test_a_tag_is_set_under_its_canonical_name(agent, devlog):
    answer = agent.call("set_tag", id=devlog.pk, name="k8s")

    assert (answer["tag"], agent.call("show_log", id=devlog.pk)["log"]["tags"]) == (
        "Kubernetes",
        ["Flask", "Kubernetes"],
    )


@pytest.mark.parametrize("name", ["PL/SQL", "C#", "50 % ../?x=1&y", "Übersicht", "日本語"])
def test_a_name_of_any_signs_is_set_and_removed(agent, devlog, name):
    stored = agent.call("set_tag", id=devlog.pk, name=name)["tag"]

    agent.call("remove_tag", id=devlog.pk, name=name)

    assert (stored, agent.call("show_log", id=devlog.pk)["log"]["tags"]) == (name, ["Flask"])


def test_a_tag_is_removed_by_an_alias_and_the_answer_names_it_as_it_was_given(agent, devlog):
    agent.call("set_tag", id=devlog.pk, name="k8s")

    assert agent.call("remove_tag", id=devlog.pk, name="k8s")["tag"] == "k8s"
    assert agent.call("show_log", id=devlog.pk)["log"]["tags"] == ["Flask"]


def test_to_set_a_tag_again_changes_nothing_and_says_so(agent, devlog):
    assert "carried it already" in agent.call("set_tag", id=devlog.pk, name="Flask")["done"]


def test_a_tag_that_is_not_there_cannot_be_removed(agent, devlog):
    assert agent.told("remove_tag", id=devlog.pk, name="Rust") == "Not Found (404). This dev-log has no such tag."


@pytest.mark.parametrize("name", ["", " \n", "a\0b", "x" * 101, 5])
def test_what_can_be_no_tag_is_told(agent, devlog, name):
    assert "name" in agent.told("set_tag", id=devlog.pk, name=name)


@pytest.mark.parametrize("number", [0, -1, 2**70, "1", None, 1.5])
@pytest.mark.parametrize("tool", ["set_tag", "remove_tag"])
def test_what_can_be_no_id_is_told(agent, tool, number):
    assert "unexpectedly" not in agent.told(tool, id=number, name="Rust")


@pytest.mark.parametrize("tool", ["set_tag", "remove_tag"])
def test_another_s_dev_log_is_not_there(stranger, devlog, tool):
    said = stranger.told(tool, id=devlog.pk, name="Flask")

    assert said == stranger.told(tool, id=devlog.pk + 1, name="Flask")
    assert said == "Not Found (404). There is no such thing, or it is another's."


@pytest.mark.parametrize("tool", ["set_tag", "remove_tag"])
def test_staff_may_not_touch_what_others_keep_private(staff, devlog, tool):
    DevLog.objects.update(is_private=True)

    assert "404" in staff.told(tool, id=devlog.pk, name="Flask")


def test_an_account_that_is_closed_writes_nothing(agent):
    User.objects.update(is_active=False)

    assert agent.send("tools/call", {"name": "log_work", "arguments": {"entry": ENTRY}}).status_code == 401
    assert not DevLog.objects.exists()
