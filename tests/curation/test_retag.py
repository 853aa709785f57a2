"""Tagging anew what has been tagged: one dev-log by the API, many by `manage.py retag`."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken

from devlogs.models import DevLog
from tagging import queues
from tagging.curation import vocabulary
from tagging.management.commands import retag
from tagging.models import Attempt, Job, Tag
from tagging.models.spending import estimate, estimate_together
from tests.support.extractors import Paid, PaidAnew, Scripted, error
from tests.support.jobs import portions_of

pytestmark = pytest.mark.django_db
DEVLOGS = "/api/v1/devlogs/"


@pytest.fixture
def make_failed(make_devlog, run_jobs):
    def make():
        devlog = make_devlog()
        run_jobs(Scripted(error(permanent=True)))
        return devlog

    return make


def command(*arguments):
    out = io.StringIO()
    call_command("retag", *arguments, stdout=out)
    return out.getvalue().splitlines()


def queued():
    return set(Job.objects.filter(state="pending").values_list("pk", flat=True))


# -- One, by the API -------------------------------------------------------------------------------------------------


def test_a_devlog_is_queued_again_and_keeps_its_tags_meanwhile(api, make_tagged):
    devlog = make_tagged("Django")

    response = api.post(f"{DEVLOGS}{devlog.pk}/retag/")

    assert (response.status_code, response["Retry-After"]) == (202, "1")
    assert response.json() == api.get(f"{DEVLOGS}{devlog.pk}/").json()
    assert (response.json()["tagging"]["state"], response.json()["tags"][0]["name"]) == ("pending", "Django")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain; application/json", "multipart/form-data", ""]
)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_no_foreign_web_page_can_post_while_the_api_is_open(client, make_tagged, kind, body):
    devlog = make_tagged("Django")

    for url in (f"{DEVLOGS}{devlog.pk}/retag/", DEVLOGS):
        response = client.generic("POST", url, body, CONTENT_TYPE=kind)

        assert (response.status_code, response["Content-Type"]) == (415, "application/problem+json")
    assert (Job.objects.get().state, DevLog.objects.count()) == ("done", 1)


def test_the_refusal_of_another_content_type_says_what_to_send(client, make_tagged):
    url = f"{DEVLOGS}{make_tagged('Django').pk}/retag/"
    refused = client.generic("POST", url)

    assert (refused.status_code, "Content-Type: application/json" in refused.json()["detail"]) == (415, True)
    assert client.generic("POST", url, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 415
    assert client.generic("POST", url, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 202
    assert client.generic("POST", url, CONTENT_TYPE="application/JSON; charset=utf-8").status_code == 202


def test_a_token_asks_again_with_no_content_type(client, settings, make_tagged):
    ada = User.objects.create(username="ada")
    devlog = make_tagged("Django", author=ada)
    token = {"Authorization": f"Token {AuthToken.objects.create(ada)[1]}"}

    for is_open in (True, False):
        settings.API_OPEN = is_open
        assert client.generic("POST", f"{DEVLOGS}{devlog.pk}/retag/", headers=token).status_code == 202


def test_the_new_answer_replaces_the_old_one(api, make_tagged, run_jobs):
    devlog = make_tagged("Django", "Redis")

    api.post(f"{DEVLOGS}{devlog.pk}/retag/")
    run_jobs(Scripted(["Redis"]))

    assert [tag.name for tag in devlog.tags.all()] == ["Redis"]


def test_a_failed_job_is_given_another_chance(api, make_failed):
    devlog = make_failed()

    tagging = api.post(f"{DEVLOGS}{devlog.pk}/retag/").json()["tagging"]

    assert (tagging["state"], tagging["attempts"], tagging["error"]) == ("pending", 0, None)


def test_a_retag_of_one_does_not_wait_behind_a_bulk(api, make_tagged):
    devlog, others = make_tagged("Django"), [make_tagged("Redis").pk]
    queues.retag(others, is_bulk=True)

    api.post(f"{DEVLOGS}{devlog.pk}/retag/")

    assert [job.pk for job in Job.objects.claim(1, owner="me", lease_seconds=60)] == [devlog.pk]


def test_a_devlog_without_a_job_gets_one(api):
    devlog = DevLog.objects.create(entry="Made by hand.")

    assert api.post(f"{DEVLOGS}{devlog.pk}/retag/").json()["tagging"]["state"] == "pending"


def test_a_job_that_waits_is_left_as_it_is(api, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(Scripted(error()))
    before = Job.objects.values().get()

    assert api.post(f"{DEVLOGS}{devlog.pk}/retag/").status_code == 202
    assert Job.objects.values().get() == before


def test_a_job_that_runs_is_left_as_it_is(api, make_devlog):
    devlog = make_devlog()
    Job.objects.claim(1, owner="me", lease_seconds=60)
    before = Job.objects.values().get()

    assert api.post(f"{DEVLOGS}{devlog.pk}/retag/").json()["tagging"]["state"] == "running"
    assert Job.objects.values().get() == before


def test_an_author_has_their_own_devlogs_alone_tagged_again(api, make_tagged, settings):
    settings.API_OPEN = False
    ada = User.objects.create_user("ada")
    own, other = make_tagged("Django", author=ada), make_tagged("Django")
    api.force_authenticate(ada)

    assert [api.post(f"{DEVLOGS}{devlog.pk}/retag/").status_code for devlog in (own, other)] == [202, 404]
    assert queued() == {own.pk}


# -- Many, by the command: which -------------------------------------------------------------------------------------


def test_without_options_all_are_queued_that_are_not_under_way(make_tagged, make_failed, make_devlog):
    done, failed = make_tagged("Django"), make_failed()
    waiting = make_devlog()
    before = Job.objects.values().get(pk=waiting.pk)

    assert command("--yes") == [
        "2 dev-logs to tag again, for nothing (embedded).",
        "Queued 2 dev-logs to be tagged again.",
    ]
    assert queued() == {done.pk, failed.pk, waiting.pk}
    assert Job.objects.values().get(pk=waiting.pk) == before


def test_only_those_in_a_state(make_tagged, make_failed):
    make_tagged("Django")
    failed = make_failed()

    command("--state", "failed", "--yes")

    assert queued() == {failed.pk}


@pytest.mark.parametrize("name", ["redis", "Redis", "Remote Dictionary Server"])
def test_only_those_with_a_tag_by_any_of_its_names(make_tagged, name):
    make_tagged("Django")
    redis = make_tagged("Redis", "Django")
    vocabulary.merge(Tag.objects.create(name="RDS", slug="remote-dictionary-server"), Tag.objects.get(slug="redis"))

    command("--tag", name, "--yes")

    assert queued() == {redis.pk}


def test_only_those_of_an_author(make_tagged):
    make_tagged("Django")
    own = make_tagged("Django", author=User.objects.create_user("ada"))

    command("--author", "ada", "--yes")

    assert queued() == {own.pk}


def test_only_those_written_since(make_tagged):
    older, newer = make_tagged("Django"), make_tagged("Django")
    DevLog.objects.filter(pk=older.pk).update(created_at=timezone.now() - timedelta(days=3))

    command("--since", str(timezone.now().date() - timedelta(days=1)), "--yes")

    assert queued() == {newer.pk}


def test_only_those_that_an_extractor_answered_last(make_tagged, run_jobs):
    upgraded, free, empty = make_tagged("Django"), make_tagged("Django"), make_tagged()
    queues.retag([upgraded.pk])
    run_jobs(Paid(["Django"]))

    command("--extractor", "scripted", "--yes")

    assert queued() == {free.pk, empty.pk}


def test_only_those_answered_under_an_older_prompt(make_tagged):
    older = make_tagged("Django", by=Paid)
    make_tagged("Redis", by=PaidAnew)
    make_tagged("Celery")

    command("--prompt-version-below", "2", "--yes")

    assert queued() == {older.pk}


def test_no_more_than_the_limit_and_the_oldest_first(make_tagged):
    made = [make_tagged("Django").pk for _ in range(3)]

    assert command("--limit", "2", "--yes")[0] == "2 dev-logs to tag again, for nothing (embedded)."
    assert queued() == set(made[:2])


def test_all_options_hold_together(make_tagged, make_failed):
    ada = User.objects.create_user("ada")
    both = make_tagged("Django", author=ada)
    make_tagged("Django")
    make_tagged("Redis", author=ada)

    command("--author", "ada", "--tag", "django", "--state", "done", "--extractor", "scripted", "--yes")

    assert queued() == {both.pk}


def test_nothing_to_do_is_said_in_one_line(make_devlog):
    make_devlog()

    assert command("--yes") == ["No dev-log to tag again."]


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["--state", "lost"], "argument --state: invalid choice: 'lost'"),
        (["--tag", "Nothing"], "There is no tag 'Nothing'."),
        (["--author", "nobody"], "There is no user 'nobody'."),
        (["--since", "soon"], "argument --since: 'soon' is no date"),
        (["--limit", "0"], "argument --limit: '0' is not a number from 1 on."),
        (["--limit", "many"], "argument --limit: 'many' is not a number from 1 on."),
        (["--prompt-version-below", "x"], "argument --prompt-version-below: 'x' is not a number from 1 on."),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_queued(make_tagged, arguments, why):
    make_tagged("Django")

    with pytest.raises(CommandError) as refused:
        command(*arguments, "--yes")

    assert why in str(refused.value)
    assert queued() == set()


# -- Many, by the command: how ---------------------------------------------------------------------------------------


def test_what_a_free_extractor_answered_is_upgraded_in_one_command(make_tagged, run_jobs, settings):
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"
    devlog = make_tagged("Django", "Redis")

    command("--extractor", "scripted", "--yes")
    run_jobs(Paid(["Redis"]))

    assert [tag.source for tag in devlog.taggings.all()] == ["paid:model-1"]
    assert command("--extractor", "scripted", "--yes") == ["No dev-log to tag again."]


def test_a_dry_run_counts_and_queues_nothing(make_tagged):
    make_tagged("Django")

    assert command("--dry-run") == ["1 dev-logs to tag again, for nothing (embedded).", "Nothing was queued."]
    assert queued() == set()


def test_the_cost_is_estimated_for_the_extractor_that_is_set(make_tagged, settings):
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"
    settings.OPENAI_INPUT_PRICE = 0
    settings.OPENAI_OUTPUT_PRICE = 10
    settings.OPENAI_MAX_COMPLETION_TOKENS = 50_000
    entries = [make_tagged("Django").entry for _ in range(3)]

    tokens = 3 * estimate(len(entries[0])).tokens
    assert command("--dry-run")[0] == (
        f"3 dev-logs to tag again, each by a new call, for at most 3.00 $ if none fails (paid, {tokens:,} tokens)."
    )


def test_the_cost_is_estimated_for_shared_calls_where_they_are_switched_on(make_tagged, settings):
    settings.TAGGING_EXTRACTOR = "tagging.extraction.openai.client.OpenAIExtractor"
    settings.OPENAI_INPUT_PRICE, settings.OPENAI_OUTPUT_PRICE = 0, 10
    settings.OPENAI_MAX_COMPLETION_TOKENS = 50_000
    settings.TAGGING_ENTRIES_PER_CALL = 2
    devlogs = [make_tagged("Django") for _ in range(3)]
    length = len(devlogs[0].entry)

    tokens = estimate_together(length, 2).tokens + estimate_together(length, 1).tokens
    assert command("--dry-run")[0] == (
        "3 dev-logs to tag again, up to 2 of an author by a new call, for at most 1.00 $ if each call is full and "
        f"none fails (openai, {tokens:,} tokens)."
    )


def test_the_experience_that_is_told_is_with_the_same_way_of_asking(make_tagged, settings):
    settings.TAGGING_EXTRACTOR = "tagging.extraction.openai.client.OpenAIExtractor"
    make_tagged("Django")
    make_tagged("Django")
    alone, shared = Attempt.objects.order_by("pk")
    Attempt.objects.update(extractor="openai", model="m", prompt_version=1)
    Attempt.objects.filter(pk=alone.pk).update(cost=8)
    Attempt.objects.filter(pk=shared.pk).update(cost=1, entries_in_call=4)

    by_one = command("--dry-run")[0]
    settings.TAGGING_ENTRIES_PER_CALL = 4
    by_four = command("--dry-run")[0]

    assert "; about 16.00 $ if they cost what the last 1 did" in by_one
    assert "; about 2.00 $ if they cost what the last 1 did" in by_four


def test_each_dev_log_that_was_estimated_is_asked_though_the_ledger_knows_its_entry(make_tagged, run_jobs, settings):
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"
    devlogs = [make_tagged("Django", by=Paid) for _ in range(2)]
    extractor = Paid(["Django"], ["Django"])

    said = command("--yes")[0]
    run_jobs(extractor)

    assert said.startswith("2 dev-logs to tag again, each by a new call,")
    assert extractor.entries == [devlog.entry for devlog in devlogs]


@pytest.mark.parametrize("answer, is_queued", [("y", True), ("yes", True), ("n", False), ("", False)])
def test_nothing_is_queued_without_a_yes(make_tagged, monkeypatch, answer, is_queued):
    devlog = make_tagged("Django")
    monkeypatch.setattr("builtins.input", lambda question: answer)

    if is_queued:
        command()
    else:
        with pytest.raises(CommandError, match="Nothing was queued"):
            command()

    assert queued() == ({devlog.pk} if is_queued else set())


def test_without_a_terminal_a_yes_must_be_given(make_tagged, monkeypatch):
    make_tagged("Django")
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="add --yes"):
        command()


def test_progress_is_told_in_lines_batch_by_batch(make_tagged, monkeypatch):
    portions_of(2, monkeypatch)
    for _ in range(5):
        make_tagged("Django")

    assert command("--yes")[1:] == ["2 of 5", "4 of 5", "Queued 5 dev-logs to be tagged again."]


def test_progress_is_a_bar_on_a_terminal(make_tagged, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    portions_of(1, monkeypatch)
    for _ in range(2):
        make_tagged("Django")
    terminal = Terminal()

    call_command("retag", "--yes", stdout=terminal, no_color=True)

    half, full = "#" * 15 + " " * 15, "#" * 30
    assert terminal.getvalue().split("\n")[1:] == [
        f"\r[{half}] 1/2\r[{full}] 2/2",
        "Queued 2 dev-logs to be tagged again.",
        "",
    ]


def test_an_interrupted_command_keeps_what_it_queued_and_is_repeated_for_the_rest(make_tagged, monkeypatch):
    portions_of(1, monkeypatch)
    made = [make_tagged("Django").pk for _ in range(3)]
    monkeypatch.setattr(retag.Command, "show", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(CommandError) as interrupted:
        command("--yes")

    assert str(interrupted.value) == "Interrupted: 1 of 3 dev-logs are queued; repeat the command for the others."
    assert (interrupted.value.returncode, queued()) == (130, set(made[:1]))
    monkeypatch.undo()
    assert command("--yes")[-1] == "Queued 2 dev-logs to be tagged again."
    assert queued() == set(made)


def test_what_a_command_queues_waits_behind_what_a_person_just_wrote(make_tagged, make_devlog):
    make_tagged("Django")
    command("--yes")
    interactive = make_devlog()

    assert [job.pk for job in Job.objects.claim(1, owner="me", lease_seconds=60)] == [interactive.pk]


@pytest.mark.parametrize("count", [1, 30])
def test_a_batch_takes_as_many_queries_however_long_it_is(make_tagged, count, django_assert_max_num_queries):
    for _ in range(count):
        make_tagged("Django")

    with django_assert_max_num_queries(8):
        command("--yes")

    assert Attempt.objects.count() == count == len(queued())


# -- Many, by the command: those without a job ------------------------------------------------------------------------


@pytest.fixture
def imported():
    """Bring in dev-logs past the API, as a fixture or SQL does."""
    return DevLog.objects.bulk_create([DevLog(entry="Wrote Django."), DevLog(entry="Moved to Redis.")])


def test_dev_logs_without_a_job_are_counted_and_tagged(imported, make_tagged, run_jobs):
    make_tagged("Celery")

    said = command("--yes")
    run_jobs(Scripted(["Django"], ["Redis"], ["Celery"]))

    assert (
        said[0] == "3 dev-logs to tag again (2 of them for the first time: they have no job), for nothing (embedded)."
    )
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    assert Job.objects.count() == 3


def test_only_those_without_a_job(imported, make_tagged):
    make_tagged("Celery")

    command("--state", "none", "--yes")

    assert queued() == {devlog.pk for devlog in imported}


def test_the_api_shows_a_dev_log_without_a_job_and_gives_it_one_when_asked(imported, api):
    page = f"{DEVLOGS}{imported[0].pk}/"

    before = api.get(page).json()["tagging"]
    asked = api.post(f"{page}retag/").json()["tagging"]["state"]

    assert (before, asked) == (None, "pending")
