"""The admin as the staff uses it: what its pages show, and what saving, deleting and the actions leave behind."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from devlogs import admin as devlogs_admin
from devlogs.models import DevLog
from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Extractor, Technology, WaitingFor
from tagging.models import Attempt, DevLogTag, Job, Provider, Spending, Tag

pytestmark = pytest.mark.django_db

DEVLOGS = "/admin/devlogs/devlog/"
TAGS = "/admin/tagging/tag/"
JOBS = "/admin/tagging/job/"
ATTEMPTS = "/admin/tagging/attempt/"
CHANGELISTS = [DEVLOGS, TAGS, JOBS, ATTEMPTS]
SCRIPT = "<script>alert(1)</script>"


class Answer(Extractor):
    """An extractor with one answer to every entry: names, or an exception to raise."""

    name = "answer"
    model = "model-1"

    def __init__(self, *names, error=None):
        self.names, self.error = names, error

    def extract(self, entry, *, safety_identifier=""):
        if self.error:
            raise self.error
        return Extraction([Technology(name) for name in self.names])


REFUSED = Answer(error=ExtractionError(ErrorCode.REFUSED, "The model declined.", permanent=True))
LIMITED = Answer(
    error=ExtractionError(ErrorCode.RATE_LIMITED, "Too many.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=60)
)


def change_page(instance):
    meta = instance._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[instance.pk])


def words(html):
    return " ".join(strip_tags(html).replace("&#x27;", "'").split())


def column(response, name):
    """Return the words in one column of a list, row by row."""
    cells = re.findall(rf'<t[dh] class="field-{name}[^"]*"[^>]*>(.*?)</t[dh]>', response.content.decode(), re.DOTALL)
    return [words(cell) for cell in cells]


def fact(response, name):
    """Return the words of one read-only field of a page."""
    field = response.content.decode().partition(f"field-{name}")[2]
    return words(field.partition('<div class="readonly">')[2].partition("</div>")[0])


def save(client, devlog, **changed):
    """Save a dev-log's form as a browser does, with CRLF for every newline."""
    form = {"entry": devlog.entry, "author": devlog.author_id or ""} | changed
    form["entry"] = re.sub("\r\n?|\n", "\r\n", form["entry"])
    return client.post(change_page(devlog), form)


def act(client, action, devlogs, query="", **more):
    form = {"action": action, "_selected_action": [devlog.pk for devlog in devlogs], **more}
    return client.post(DEVLOGS + query, form, follow=True)


def states():
    return dict(Job.objects.order_by("pk").values_list("pk", "state"))


@pytest.fixture
def make_tagged(make_devlog, run_jobs):
    """Save a dev-log and have it tagged with these names."""

    def make(*names, **fields):
        devlog = make_devlog("Wrote " + " and ".join(names), **fields)
        run_jobs(Answer(*names))
        return devlog

    return make


# -- The list of dev-logs --------------------------------------------------------------------------------------------


def test_the_list_shows_state_and_tags_in_the_order_of_the_entry(admin_client, make_tagged):
    make_tagged("Redis", "Django")

    response = admin_client.get(DEVLOGS)

    assert (column(response, "state"), column(response, "tag_links")) == (["done"], ["Redis · Django"])


def test_the_list_shows_the_first_line_of_an_entry(admin_client, make_devlog):
    make_devlog("First line\nsecond line")

    assert column(admin_client.get(DEVLOGS), "__str__") == ["First line"]


def test_a_waiting_job_says_what_it_waits_for(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(LIMITED)

    assert column(admin_client.get(DEVLOGS), "state") == ["pending waiting for rate limit"]


def test_a_pending_job_says_that_the_whole_queue_waits(admin_client, make_devlog):
    make_devlog()
    Provider.objects.create(waiting_for="provider", error_code="provider_refused")

    assert column(admin_client.get(DEVLOGS), "state") == ["pending waiting for provider"]


def test_a_failed_job_says_why(admin_client, make_devlog, run_jobs):
    make_devlog()
    run_jobs(REFUSED)

    assert column(admin_client.get(DEVLOGS), "state") == ["failed refused: The model declined."]


@pytest.mark.parametrize("state", ["pending", "running", "done", "failed"])
def test_every_state_has_a_colour_of_its_own_in_the_stylesheet(admin_client, make_devlog, state):
    claim = {"claim_token": "0" * 32, "lease_expires_at": timezone.now() + timedelta(minutes=1)}
    Job.objects.filter(pk=make_devlog().pk).update(
        state=state,
        run_after=timezone.now() if state == "pending" else None,
        **(claim if state == "running" else {}),
    )

    html = admin_client.get(DEVLOGS).content.decode()

    stylesheet = Path(finders.find("devlogs/admin.css")).read_text()
    assert f'<span class="job-state job-state-{state}">{state}</span>' in html
    assert f".job-state-{state} {{" in stylesheet


def test_a_devlog_without_a_job_shows_a_dash_in_the_list(admin_client):
    DevLog.objects.create(entry="Made by hand.")

    assert column(admin_client.get(DEVLOGS), "state") == ["-"]


def test_the_list_is_filtered_by_state(admin_client, make_devlog, run_jobs):
    make_devlog("Failed.")
    run_jobs(REFUSED)
    make_devlog("Pending.")

    response = admin_client.get(f"{DEVLOGS}?job__state__exact=failed")

    assert column(response, "__str__") == ["Failed."]


def test_the_list_is_filtered_by_tag(admin_client, make_tagged):
    make_tagged("Redis")
    make_tagged("Django")

    response = admin_client.get(f"{DEVLOGS}?tags__slug=django")

    assert column(response, "__str__") == ["Wrote Django"]


def test_the_filter_offers_the_most_used_tags_only(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(devlogs_admin, "TAGS_OFFERED", 1)
    make_tagged("Redis", "Django")
    make_tagged("Django")

    html = admin_client.get(DEVLOGS).content.decode()

    assert "Django (2)" in html
    assert "Redis (1)" not in html


def test_the_filter_names_a_tag_that_it_does_not_offer_while_it_is_chosen(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(devlogs_admin, "TAGS_OFFERED", 1)
    make_tagged("Redis", "Django")
    make_tagged("Django")

    html = admin_client.get(f"{DEVLOGS}?tags__slug=redis").content.decode()

    assert [words(item) for item in re.findall(r'<li class="selected">(.*?)</li>', html, re.DOTALL)] == [
        "All",
        "redis",
    ]


def test_the_filter_counts_the_newest_devlogs_only(admin_client, make_tagged, monkeypatch):
    monkeypatch.setattr(devlogs_admin, "DEVLOGS_COUNTED", 1)
    make_tagged("Redis")
    make_tagged("Django")

    html = admin_client.get(DEVLOGS).content.decode()

    assert "Django (1)" in html
    assert "Redis (1)" not in html


@pytest.mark.parametrize("query", ["postgres", "redis"])
def test_a_search_finds_words_of_the_entry_and_names_of_tags_once(admin_client, make_devlog, query):
    devlog = make_devlog("Moved to postgres.")
    for name in ("Redis", "Redis Stack"):
        DevLogTag.objects.create(devlog=devlog, tag=Tag.objects.create(name=name, slug=name))
    make_devlog("Something else.")

    response = admin_client.get(f"{DEVLOGS}?q={query}")

    assert column(response, "__str__") == ["Moved to postgres."]


# -- The page of a dev-log -------------------------------------------------------------------------------------------


def test_the_page_shows_the_job(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    page = admin_client.get(change_page(devlog))

    assert [fact(page, name) for name in ("state", "error", "run_after", "attempts")] == [
        "failed refused: The model declined.",
        "refused: The model declined.",
        "-",
        "1",
    ]


def test_the_page_shows_tags_with_source_and_evidence(admin_client, admin_user, make_tagged):
    devlog = make_tagged("Django")
    redis = Tag.objects.create(name="Redis", slug="redis")
    DevLogTag.objects.create(devlog=devlog, tag=redis, person=admin_user, position=99)

    page = admin_client.get(change_page(devlog))

    assert re.findall("<tr>(.*?)</tr>", page.content.decode())[1:3] == [
        "<td>Django</td><td>answer:model-1</td><td>Wrote Django</td>",
        "<td>Redis</td><td>person: admin</td><td>-</td>",
    ]


def test_the_page_shows_the_timeline(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)
    devlog.job.timeline.update(started_at="2026-01-01T10:00:00Z", finished_at="2026-01-01T10:00:02Z")

    page = admin_client.get(change_page(devlog))

    assert fact(page, "timeline") == (
        "attemptstartedtookoutcomeerrorby1Jan. 1, 2026, 10 a.m.2.0 sfailedrefused: The model declined.answer:model-1"
    )


def test_a_devlog_without_a_job_shows_dashes_on_its_page(admin_client):
    devlog = DevLog.objects.create(entry="Made by hand.")

    page = admin_client.get(change_page(devlog))

    names = ("state", "error", "run_after", "attempts", "tags_found", "timeline")
    assert [fact(page, name) for name in names] == ["-"] * 6


def test_the_form_of_a_new_devlog_proposes_the_user_as_author_and_shows_no_job(admin_client, admin_user):
    html = admin_client.get(f"{DEVLOGS}add/").content.decode()

    assert f'name="author" value="{admin_user.pk}"' in html
    assert "field-timeline" not in html


# -- Saving ----------------------------------------------------------------------------------------------------------


def test_a_new_devlog_is_saved_with_its_job(admin_client, admin_user):
    admin_client.post(f"{DEVLOGS}add/", {"entry": "Wrote Django.", "author": admin_user.pk})

    devlog = DevLog.objects.get()
    assert (devlog.entry, devlog.author, devlog.job.state) == ("Wrote Django.", admin_user, "pending")


def test_newlines_are_stored_as_lf_and_white_space_is_kept(admin_client):
    admin_client.post(f"{DEVLOGS}add/", {"entry": "\r\n  one\r\n\ttwo \r\n", "author": ""})

    assert DevLog.objects.get().entry == "\n  one\n\ttwo \n"


def test_an_edited_entry_loses_the_tags_of_the_old_one_and_is_queued(admin_client, make_tagged):
    devlog = make_tagged("Django")

    save(admin_client, devlog, entry="Wrote Redis")

    devlog.refresh_from_db()
    assert (devlog.entry, devlog.job.state, devlog.tags.count()) == ("Wrote Redis", "pending", 0)


@pytest.mark.parametrize("entry", ["one\ntwo", "\n  one\n\n\ttwo \n", "one\r\ntwo\r", "one\rtwo"])
def test_an_untouched_entry_stays_as_it_is_and_is_not_queued(admin_client, admin_user, make_devlog, run_jobs, entry):
    devlog = make_devlog(entry)
    run_jobs(Answer())

    save(admin_client, devlog, author=admin_user.pk)

    devlog.refresh_from_db()
    assert (devlog.entry, devlog.author, devlog.job.state) == (entry, admin_user, "done")


def test_a_devlog_without_a_job_gets_one_when_its_entry_is_edited(admin_client):
    devlog = DevLog.objects.create(entry="Made by hand.")

    save(admin_client, devlog, entry="Edited by hand.")

    assert states() == {devlog.pk: "pending"}


@pytest.mark.parametrize(
    "entry, message",
    [
        ("", "This field is required."),
        (" \r\n\t", "This field may not be blank."),
        ("a\x00b", "Null characters are not allowed."),
        ("a" * 20_001, "Ensure this field has no more than 20000 characters."),
    ],
)
def test_an_entry_that_the_api_refuses_is_refused_here(admin_client, entry, message):
    response = admin_client.post(f"{DEVLOGS}add/", {"entry": entry, "author": ""})

    assert response.context["adminform"].errors["entry"] == [message]
    assert DevLog.objects.count() == 0


def test_an_unpaired_surrogate_is_refused():
    form = devlogs_admin.DevLogForm({"entry": "a\ud800b"})

    assert form.errors["entry"] == ["Surrogate characters are not allowed: U+D800."]


def test_the_longest_entry_may_have_newlines(admin_client):
    admin_client.post(f"{DEVLOGS}add/", {"entry": "a\r\n" * 10_000, "author": ""})

    assert len(DevLog.objects.get().entry) == 20_000


# -- Deleting --------------------------------------------------------------------------------------------------------


def test_a_devlog_is_deleted_with_all_that_belongs_to_it(admin_client, make_tagged):
    devlog = make_tagged("Django")

    admin_client.post(f"{DEVLOGS}{devlog.pk}/delete/", {"post": "yes"})

    assert [model.objects.count() for model in (DevLog, Job, Attempt, DevLogTag)] == [0, 0, 0, 0]


def test_devlogs_are_deleted_in_bulk_from_a_list_filtered_by_their_jobs_state(admin_client, make_tagged, make_devlog):
    done = [make_tagged("Django"), make_tagged("Redis")]
    pending = make_devlog()

    act(admin_client, "delete_selected", done, "?job__state__exact=done", post="yes")

    assert list(DevLog.objects.all()) == [pending]
    assert states() == {pending.pk: "pending"}


def test_the_question_before_a_deletion_names_the_first_devlogs_and_counts_the_rest(
    admin_client, make_devlog, monkeypatch
):
    monkeypatch.setattr(devlogs_admin, "DELETIONS_NAMED", 1)
    devlogs = [make_devlog("One."), make_devlog("Two."), make_devlog("Three.")]

    page = act(admin_client, "delete_selected", devlogs)

    assert page.context["deletable_objects"] == [["Three.", "… and 2 more"]]


# -- Actions ---------------------------------------------------------------------------------------------------------


def message_of(response):
    (message,) = response.context["messages"]
    return str(message)


def test_tag_again_queues_the_selected_and_keeps_their_tags_meanwhile(admin_client, make_tagged):
    chosen, other = make_tagged("Django"), make_tagged("Redis")

    response = act(admin_client, "tag_again", [chosen])

    assert message_of(response) == "Dev-logs queued to be tagged again: 1."
    assert states() == {chosen.pk: "pending", other.pk: "done"}
    assert chosen.tags.count() == 1


def test_tag_again_gives_a_job_to_a_devlog_that_has_none(admin_client):
    devlog = DevLog.objects.create(entry="Made by hand.")

    act(admin_client, "tag_again", [devlog])

    assert states() == {devlog.pk: "pending"}


def test_retry_failed_leaves_the_selected_alone_that_did_not_fail(admin_client, make_devlog, run_jobs, make_tagged):
    failed = make_devlog()
    run_jobs(REFUSED)
    done = make_tagged("Django")

    response = act(admin_client, "retry_failed", [failed, done])

    assert message_of(response) == "Failed dev-logs queued to be tagged again: 1."
    assert states() == {failed.pk: "pending", done.pk: "done"}


def test_an_action_on_a_whole_list_works_in_batches_and_stays_within_its_filter(
    admin_client, make_devlog, run_jobs, monkeypatch
):
    monkeypatch.setattr(devlogs_admin, "IDS_PER_BATCH", 2)
    failed = [make_devlog() for _ in range(5)]
    run_jobs(REFUSED)
    done = make_devlog()
    run_jobs(Answer())

    response = act(admin_client, "tag_again", failed[:1], "?job__state__exact=failed", select_across="1")

    assert message_of(response) == "Dev-logs queued to be tagged again: 5."
    assert states() == {devlog.pk: "pending" for devlog in failed} | {done.pk: "done"}


def test_who_may_only_view_devlogs_has_no_actions(client, make_devlog):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_devlog"))
    client.force_login(viewer)
    make_devlog()

    response = client.get(DEVLOGS)

    assert response.status_code == 200
    assert response.context["action_form"] is None


# -- Tags, jobs, attempts --------------------------------------------------------------------------------------------


def test_tags_are_counted_and_lead_to_their_devlogs(admin_client, make_tagged):
    make_tagged("Redis", "Django")
    make_tagged("Django")

    response = admin_client.get(f"{TAGS}?o=-3")

    assert (column(response, "name"), column(response, "count")) == (["Django", "Redis"], ["2", "1"])
    assert f'href="{DEVLOGS}?tags__slug=django"' in response.content.decode()


def test_a_tag_is_found_by_its_name(admin_client, make_tagged):
    make_tagged("Redis", "Django")

    assert column(admin_client.get(f"{TAGS}?q=djan"), "slug") == ["django"]


def test_a_tag_is_deleted_and_its_devlogs_stay(admin_client, make_tagged):
    devlog = make_tagged("Django")
    tag = Tag.objects.get()

    page = admin_client.get(f"{TAGS}{tag.pk}/delete/")
    admin_client.post(f"{TAGS}{tag.pk}/delete/", {"post": "yes"})

    assert dict(page.context["model_count"]) == {"tags": 1, "tags on dev-logs": 1}
    assert (Tag.objects.count(), list(DevLog.objects.all())) == (0, [devlog])


def test_the_page_of_a_job_shows_its_timeline_and_leads_to_its_devlog(admin_client, make_devlog, run_jobs):
    devlog = make_devlog()
    run_jobs(REFUSED)

    html = admin_client.get(change_page(devlog.job)).content.decode()

    assert f'<a href="{change_page(devlog)}">{devlog}</a>' in html
    assert "The model declined." in html.partition('id="timeline-group"')[2]


@pytest.mark.parametrize("url", [JOBS, ATTEMPTS])
def test_lists_of_the_queue_lead_to_the_devlog(admin_client, make_tagged, url):
    devlog = make_tagged("Django")

    assert f'<a href="{change_page(devlog)}">Wrote Django</a>' in admin_client.get(url).content.decode()


@pytest.mark.parametrize(
    "url",
    [
        f"{JOBS}?state__exact=failed",
        f"{JOBS}?error_code__exact=refused",
        f"{ATTEMPTS}?outcome__exact=failed",
        f"{ATTEMPTS}?error_code=refused",
    ],
)
def test_lists_of_the_queue_are_filtered(admin_client, make_devlog, run_jobs, make_tagged, url):
    make_devlog("Failed.")
    run_jobs(REFUSED)
    make_tagged("Django")

    assert column(admin_client.get(url), "dev_log") == ["Failed."]


def test_jobs_are_filtered_by_what_they_wait_for(admin_client, make_devlog, run_jobs):
    make_devlog("Limited.")
    run_jobs(LIMITED)
    make_devlog("Due.")

    response = admin_client.get(f"{JOBS}?waiting_for__exact=rate_limit")

    assert column(response, "dev_log") == ["Limited."]


@pytest.mark.parametrize("model, operations", [(Job, 3), (Attempt, 3), (Tag, 2)])
def test_what_the_worker_writes_cannot_be_changed(admin_client, make_tagged, model, operations):
    make_tagged("Django")
    url = change_page(model.objects.get())

    pages = [url.replace(f"{model.objects.get().pk}/change/", "add/"), url, url.replace("change/", "delete/")]

    assert [admin_client.post(page, {"post": "yes"}).status_code for page in pages[:operations]] == [403] * operations
    assert model.objects.count() == 1


# -- Every page ------------------------------------------------------------------------------------------------------


def test_what_people_wrote_is_escaped_everywhere(admin_client, make_tagged):
    devlog = make_tagged("Django")
    DevLog.objects.update(entry=SCRIPT)
    Tag.objects.update(name=SCRIPT)
    DevLogTag.objects.update(evidence=SCRIPT)
    Attempt.objects.update(error_code="internal", error_detail=SCRIPT)
    Job.objects.update(state="failed", error_code="internal", error_detail=SCRIPT)
    rows = [devlog, devlog.job, Tag.objects.get(), Attempt.objects.get()]
    question = f"{DEVLOGS}{devlog.pk}/delete/"

    pages = [
        admin_client.get(url).content.decode() for url in [*CHANGELISTS, *(change_page(row) for row in rows), question]
    ]

    assert [(SCRIPT in page, "&lt;script&gt;alert" in page) for page in pages] == [(False, True)] * 9


def test_no_page_of_ours_has_inline_styles_or_scripts(admin_client, make_tagged):
    devlog = make_tagged("Django")
    rows = [devlog, devlog.job, Tag.objects.get(), Attempt.objects.get()]

    for url in [*CHANGELISTS, *(change_page(row) for row in rows), f"{DEVLOGS}add/"]:
        html = admin_client.get(url).content.decode()
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\b(?:src|type=\"application/json\"))", html) == []


@pytest.mark.parametrize("url", CHANGELISTS)
def test_a_list_of_fifty_costs_as_many_queries_as_a_list_of_one(admin_client, make_devlog, run_jobs, url):
    def queries_and_rows(numbers):
        for n in numbers:
            make_devlog(f"Wrote Tool{n} and Thing{n}", author=User.objects.create(username=f"author{n}"))
        run_jobs(Answer(*(f"{word}{n}" for word in ("Tool", "Thing") for n in numbers)))
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(url)
        return len(queries), len(response.context["cl"].result_list)

    queries, _ = queries_and_rows([0])

    assert queries_and_rows(range(1, 50)) == (queries, 100 if url == TAGS else 50)


# -- The vocabulary --------------------------------------------------------------------------------------------------


def act_on_tags(client, action, *names, **more):
    chosen = Tag.objects.filter(name__in=names).values_list("pk", flat=True)
    form = {"action": action, "_selected_action": list(chosen), **more}
    return client.post(TAGS, form, follow=True)


def test_tags_are_merged_into_one_that_is_named_on_a_page_between(admin_client, make_tagged):
    devlog = make_tagged("Foo", "Bar", "Baz")

    page = act_on_tags(admin_client, "merge", "Foo", "Bar")
    response = act_on_tags(admin_client, "merge", "Foo", "Bar", into="baz", confirmed="Merge tags")

    assert [words(item) for item in re.findall("<li>(.*?)</li>", page.content.decode())] == [
        "Bar: 1 dev-log",
        "Foo: 1 dev-log",
    ]
    assert message_of(response) == "Merged into Baz: Bar, Foo."
    assert [tag.name for tag in devlog.tags.all()] == ["Baz"]
    assert column(response, "alias_of") == ["Baz", "-", "Baz"]


@pytest.mark.parametrize(
    "into, why",
    [
        ("", "This field is required."),
        ("Nothing", "There is no such tag."),
        ("Foo", "Foo cannot be merged into itself."),
    ],
)
def test_a_merge_that_means_nothing_is_refused_on_the_page(admin_client, make_tagged, into, why):
    make_tagged("Foo", "Bar")

    page = act_on_tags(admin_client, "merge", "Foo", into=into, confirmed="Merge tags")

    assert page.context["form"].errors["into"] == [why]
    assert not Tag.objects.filter(alias_of__isnull=False).exists()


def test_a_name_is_blocked_after_a_question_and_unblocked(admin_client, make_tagged):
    devlog = make_tagged("Foo", "Bar")

    page = act_on_tags(admin_client, "block", "Foo")
    assert "These names leave all dev-logs" in page.content.decode()
    assert devlog.tags.count() == 2

    response = act_on_tags(admin_client, "block", "Foo", confirmed="Block names")
    assert message_of(response) == "Blocked: Foo."
    assert [tag.name for tag in devlog.tags.all()] == ["Bar"]
    assert column(admin_client.get(f"{TAGS}?is_blocked__exact=1"), "name") == ["Foo"]

    assert message_of(act_on_tags(admin_client, "unblock", "Foo", "Bar")) == "May be found again: Foo."
    assert not Tag.objects.filter(is_blocked=True).exists()


def test_who_changed_the_vocabulary_stands_in_the_history_of_the_tag(admin_client, make_tagged):
    make_tagged("Foo", "Bar")
    act_on_tags(admin_client, "merge", "Foo", into="Bar", confirmed="Merge tags")

    history = admin_client.get(f"{TAGS}{Tag.objects.get(name='Foo').pk}/history/")

    assert "Merged into Bar." in history.content.decode()


def test_who_may_only_view_tags_cannot_change_what_they_mean(client, make_tagged):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tag"))
    client.force_login(viewer)
    make_tagged("Foo")

    act_on_tags(client, "block", "Foo", confirmed="Block names")

    assert client.get(TAGS).context["action_form"] is None
    assert not Tag.objects.filter(is_blocked=True).exists()


@pytest.mark.parametrize("action", ["merge", "block"])
def test_a_page_between_is_escaped_and_has_no_inline_styles_or_scripts(admin_client, make_tagged, action):
    make_tagged("Foo")
    Tag.objects.update(name=SCRIPT)

    html = act_on_tags(admin_client, action, SCRIPT).content.decode()

    assert "&lt;script&gt;alert" in html
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\b(?:src|type=\"application/json\"))", html) == []


def test_a_paused_queue_is_shown_with_its_reason(admin_client):
    Provider.objects.create(waiting_for="provider", error_code="provider_refused", error_detail="The key was refused.")

    page = admin_client.get("/admin/tagging/provider/").content.decode()

    assert "waiting for provider" in page
    assert "The key was refused." in page


def test_what_a_day_cost_is_shown(admin_client):
    Spending.objects.create(day="2026-11-21", tokens=1234, cost="0.5")

    assert "1234" in admin_client.get("/admin/tagging/spending/").content.decode()
