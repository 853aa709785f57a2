"""Actions on a whole list of dev-logs: what is asked first, what is done, and what all see meanwhile."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from devlogs.models import DevLog
from tagging.admin import batches
from tagging.models import Attempt, Batch, Job
from tagging.models.spending import estimate
from tests.devlogs.admin_pages import DEVLOGS, act, inline, message_of, states, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(make_tagged):
    return [make_tagged("Django"), make_tagged("Redis"), make_tagged("Celery")]


@pytest.fixture
def under_way(admin_user):
    """Return a batch that a person began and that is half done."""
    batch = Batch.objects.begin("devlogs.devlog", "Dev-logs deleted", 260_000, admin_user.pk)
    Batch.objects.advance(batch, 120_000)
    return batch


def act_on_all(client, action, devlogs, query="", **more):
    return act(client, action, devlogs[:1], query, select_across="1", **more)


# -- The question ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["delete_selected", "tag_again", "retry_failed"])
def test_nothing_happens_to_a_whole_list_before_a_yes(admin_client, three, action):
    act_on_all(admin_client, action, three)

    assert states() == dict.fromkeys([devlog.pk for devlog in three], "done")


def test_a_deletion_is_asked_with_its_count(admin_client, three):
    page = act_on_all(admin_client, "delete_selected", three, "?job__state__exact=done")

    assert "Dev-logs: 3" in words(page.content.decode())
    assert inline(page.content.decode()) == []


@pytest.mark.parametrize("count", [1, 30])
def test_a_question_costs_the_same_for_one_as_for_thirty(
    admin_client, make_devlog, count, django_assert_max_num_queries
):
    made = [make_devlog() for _ in range(count)]

    with django_assert_max_num_queries(21):
        page = act_on_all(admin_client, "delete_selected", made)

    assert page.context["model_count"] == {"dev-logs": count}


def test_what_tagging_all_again_costs_is_said_first(admin_client, three, settings):
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"
    settings.OPENAI_INPUT_PRICE = 0
    settings.OPENAI_OUTPUT_PRICE = 10
    settings.OPENAI_MAX_COMPLETION_TOKENS = 50_000

    page = words(act_on_all(admin_client, "tag_again", three).content.decode())

    tokens = 3 * estimate(round(sum(len(devlog.entry) for devlog in three) / 3)).tokens
    assert f"each by a new call, for at most 3.00 $ if none fails (paid, {tokens:,} tokens)." in page
    assert "Dev-logs: 3" in page


def test_what_the_latest_calls_cost_is_said_beside_the_most_they_can(admin_client, three, settings):
    settings.TAGGING_EXTRACTOR = "tests.support.extractors.Paid"
    Attempt.objects.update(extractor="paid", model="model-1", cost="0.50")
    Attempt.objects.filter(job=three[0].pk).update(model="an-older-one", cost="9.00")

    page = words(act_on_all(admin_client, "tag_again", three).content.decode())

    assert "; about 1.50 $ if they cost what the last 2 did." in page


def test_what_costs_nothing_says_so(admin_client, three):
    assert "for nothing (embedded)" in words(act_on_all(admin_client, "tag_again", three).content.decode())


def test_what_waits_for_its_tags_already_is_not_counted(admin_client, three, make_devlog):
    make_devlog()

    assert act_on_all(admin_client, "tag_again", three).context["model_count"] == {"dev-logs": 3}


# -- What is done ----------------------------------------------------------------------------------------------------


def test_a_yes_goes_to_the_rows_of_the_lists_filter(admin_client, three, make_devlog):
    other = make_devlog()
    done = "?job__state__exact=done"
    asked = act_on_all(admin_client, "delete_selected", three, done)

    response = act_on_all(admin_client, "delete_selected", three, done, post="yes", newest=asked.context["newest"])

    assert message_of(response) == "Dev-logs deleted: 3."
    assert list(DevLog.objects.all()) == [other]


@pytest.mark.parametrize("action", ["delete_selected", "tag_again"])
def test_what_came_after_the_question_stays_as_it_is(admin_client, three, make_tagged, action):
    asked = act_on_all(admin_client, action, three)
    later = make_tagged("Flask")

    act_on_all(admin_client, action, three, post="yes", newest=asked.context["newest"])

    assert states()[later.pk] == "done"


def test_a_deletion_of_many_is_one_line_in_the_log(admin_client, three, monkeypatch):
    monkeypatch.setattr(batches, "NAMED", 2)

    act_on_all(admin_client, "delete_selected", three, post="yes")

    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["Dev-logs deleted: 3."]


def test_a_deletion_of_few_names_each_in_the_log(admin_client, three):
    act(admin_client, "delete_selected", three, post="yes")

    assert {entry.object_repr for entry in LogEntry.objects.all()} == {str(devlog) for devlog in three}


def test_dev_logs_without_a_job_are_counted_found_and_tagged(admin_client, three):
    DevLog.objects.bulk_create([DevLog(entry="From an old system."), DevLog(entry="And one more.")])

    before = admin_client.get(DEVLOGS).content.decode()
    listed = admin_client.get(f"{DEVLOGS}?job__isnull=True").context["cl"].result_count
    act_on_all(admin_client, "tag_again", three, "?job__isnull=True", post="yes")

    assert ("none: never tagged (2)" in before, listed) == (True, 2)
    assert sorted(states().values()) == ["done"] * 3 + ["pending"] * 2
    assert "never tagged" not in admin_client.get(DEVLOGS).content.decode()


# -- What is seen meanwhile ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_takes_longer_than_a_page_may_goes_on_and_the_list_says_how_far_it_is(admin_client, three, monkeypatch):
    monkeypatch.setattr(batches, "ANSWER_SECONDS", 0)
    monkeypatch.setattr("tagging.engine.batches.RunThread.start", lambda thread: None)

    response = act_on_all(admin_client, "delete_selected", three, post="yes")

    assert message_of(response) == "This takes longer, and goes on by itself. Dev-logs deleted: 0 of 3 (0 %)."


def test_who_began_it_sees_the_list_renew_itself(admin_client, under_way):
    response = admin_client.get(DEVLOGS)

    html = response.content.decode()
    assert "Dev-logs deleted: 120,000 of 260,000 (46 %)" in words(html)
    assert '<progress max="260000" value="120000">46 %</progress>' in html
    assert (response["Refresh"], inline(html)) == ("5", [])


@pytest.mark.parametrize("query", ["?job__state__exact=done", "?q=django", "?p=2", "?_popup=1"])
def test_a_list_that_was_searched_or_is_chosen_from_shows_it_and_stays_as_it_is(admin_client, under_way, query):
    response = admin_client.get(DEVLOGS + query)

    assert "Refresh" not in response
    assert "120,000 of 260,000" in words(response.content.decode()) or "_popup" in query


def test_others_see_it_without_being_disturbed(client, under_way):
    client.force_login(User.objects.create_superuser("other"))

    response = client.get(DEVLOGS)

    assert "120,000 of 260,000" in words(response.content.decode())
    assert "Refresh" not in response


def test_it_is_shown_on_the_list_it_was_begun_on_alone(admin_client, under_way):
    assert "120,000" not in admin_client.get("/admin/auth/user/").content.decode()


def test_what_is_done_is_shown_no_more(admin_client, under_way):
    Batch.objects.finish(under_way)

    response = admin_client.get(DEVLOGS)

    assert "120,000" not in response.content.decode()
    assert "Refresh" not in response


# -- The list --------------------------------------------------------------------------------------------------------


def test_a_search_for_too_much_is_refused_rather_than_cut(admin_client, make_devlog):
    make_devlog("word")

    response = admin_client.get(DEVLOGS, {"q": "word " * 1_000})

    assert message_of(response) == "Search for at most 200 characters."
    assert response.context["cl"].result_count == 0


@pytest.mark.parametrize("query, found", [("django redis", 1), ('"wrote redis"', 0), ("wrote", 2), ("nothing", 0)])
def test_each_word_of_a_search_is_found(admin_client, make_tagged, query, found):
    make_tagged("Django", "Redis")
    make_tagged("Celery")

    assert admin_client.get(DEVLOGS, {"q": query}).context["cl"].result_count == found


def test_pages_after_the_first_are_listed_in_their_order(admin_client):
    DevLog.objects.bulk_create([DevLog(entry=f"No. {number}.") for number in range(120)])
    Job.objects.bulk_create([Job(devlog=devlog) for devlog in DevLog.objects.all()])

    pages = [
        [devlog.entry for devlog in admin_client.get(f"{DEVLOGS}?p={page}").context["cl"].result_list]
        for page in (1, 2, 3)
    ]

    assert [entry for page in pages for entry in page] == [f"No. {number}." for number in reversed(range(120))]
