"""Three thousand of each: more than may be in flight at once, and no statement grows with them."""

import re

import pytest
from django.core.management import call_command
from django.db import connection

from devlogs import entries
from devlogs.models import DevLog
from tagging.curation import vocabulary
from tagging.models import Attempt, DevLogTag, Job, Tag
from tagging.models.attempt import digest_of
from tagging.models.sql import portions
from tests.devlogs.admin_pages import DEVLOGS as DEVLOG_PAGES
from tests.devlogs.admin_pages import TAGS as TAG_PAGES
from tests.devlogs.admin_pages import change_page, column
from tests.support.api import DEVLOGS, address, names
from tests.support.extractors import Paid
from tests.support.jobs import answer, claim

pytestmark = pytest.mark.django_db

MANY = 3_000
BATCH = 250
OURS = re.compile(r"\b(tagging|devlogs)_")


@pytest.fixture(autouse=True)
def no_statement_grows():
    """Refuse a statement with a value for each of the many: a database takes only so many, some day too few.

    SQLite itself refuses conditions nested a thousand deep.
    """

    def look(execute, sql, params, many, context):
        assert not OURS.search(sql) or len(params or ()) < MANY, sql[:200]
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield


@pytest.fixture
def devlogs():
    made = DevLog.objects.bulk_create([DevLog(entry=f"Wrote T{number}.") for number in range(MANY)], BATCH)
    for devlog in made:
        Job.objects.insert(devlog)
    return made


@pytest.fixture
def tags():
    return Tag.objects.bulk_create([Tag(name=f"T{number}", slug=f"t{number}") for number in range(MANY)], BATCH)


@pytest.fixture
def claims(devlogs):
    return claim(limit=MANY)


@pytest.fixture
def tagged(devlogs, tags):
    """Dev-logs whose jobs are done, each with a tag that a person set."""
    Job.objects.update(state="done", run_after=None)
    set_tags(zip(devlogs, tags, strict=True))
    return devlogs


def set_tags(pairs):
    DevLogTag.objects.bulk_create([DevLogTag(devlog=devlog, tag=tag) for devlog, tag in pairs], BATCH)


def states():
    return set(Job.objects.values_list("state").order_by())


def act_on_all(client, page, action, **more):
    first = client.get(page).context["cl"].result_list[0]
    return client.post(page, {"action": action, "_selected_action": first.pk, "select_across": 1, **more})


# -- In the lists ----------------------------------------------------------------------------------------------------


def test_a_page_of_dev_logs_with_many_different_tags_is_listed(api, admin_client, make_devlog, tags):
    page = [make_devlog() for _ in range(50)]
    set_tags((page[number % 50], tag) for number, tag in enumerate(tags))

    listed = api.get(DEVLOGS).json()["results"]
    in_admin = column(admin_client.get(DEVLOG_PAGES), "tag_links")

    wanted = {devlog.pk: [f"T{number}" for number in range(at, MANY, 50)] for at, devlog in enumerate(page)}
    assert {one["id"]: [tag["name"] for tag in one["tags"]] for one in listed} == wanted
    assert [cell.split(" · ") for cell in in_admin] == list(wanted.values())[::-1]


def test_a_dev_log_with_many_tags_from_earlier_days_is_shown_edited_and_deleted(api, admin_client, make_devlog, tags):
    devlog = make_devlog("Wrote Django.")
    set_tags((devlog, tag) for tag in tags)

    statuses = [
        api.put(address(devlog, "T7")).status_code,
        api.put(address(devlog, "T9999")).status_code,
        api.delete(address(devlog, "T8")).status_code,
        api.put(f"{DEVLOGS}{devlog.pk}/", {"entry": "Wrote Flask."}).status_code,
        admin_client.get(change_page(devlog)).status_code,
    ]

    assert statuses == [200, 409, 204, 200, 200]
    assert len(names(api, devlog)) == MANY - 1
    assert api.delete(f"{DEVLOGS}{devlog.pk}/").status_code == 204
    assert not DevLogTag.objects.exists()


# -- In flight -------------------------------------------------------------------------------------------------------


def test_many_answers_at_once_are_stored_each_with_its_tags(claims):
    held = Job.objects.complete([answer(job, f"T{job.pk}", f"U{job.pk}", "Common") for job in claims])

    assert held == {job.fence for job in claims}
    assert states() == {("done",)}
    found = DevLogTag.objects.exclude(tag__name="Common").values_list("devlog_id", "attempt__job_id", "tag__name")
    wanted = {(job.pk, job.pk, f"{letter}{job.pk}") for job in claims for letter in "TU"}
    assert (set(found), Tag.objects.get(name="Common").devlogs.count()) == (wanted, MANY)


def test_an_answer_among_many_counts_for_its_own_claim_only(claims):
    lost = claims[1234]
    Job.objects.release([lost])
    (again,) = claim()

    held = Job.objects.complete([answer(job, "Django") for job in claims])

    assert held == {job.fence for job in claims} - {lost.fence}
    assert Job.objects.get(pk=lost.pk).fence == again.fence


def test_many_claims_are_renewed(claims):
    ids = [job.pk for job in claims]

    assert Job.objects.renew(ids, owner="me", lease_seconds=600, claimed_by="you") == MANY
    assert Job.objects.held_by("you").count() == MANY


def test_many_claims_are_given_back(claims):
    assert Job.objects.release(claims) == {job.fence for job in claims}
    assert (states(), Job.objects.exclude(attempts=0).exists()) == ({("pending",)}, False)


def test_many_dev_logs_are_deleted_while_their_calls_run(claims):
    entries.remove([job.pk for job in claims])

    assert not DevLog.objects.exists()
    assert Job.objects.complete([answer(job, "Django") for job in claims]) == set()


def test_many_known_answers_are_found(claims):
    extractor = Paid()
    asked = {"extractor": extractor.name, "model": extractor.model, "prompt_version": extractor.prompt_version}
    Attempt.objects.insert(
        [job.new_attempt(outcome="answered", entry_digest=digest_of(job.devlog.entry), **asked) for job in claims]
    )

    known = Attempt.objects.known_answers(claims, extractor)

    assert {pk: attempt.job_id for pk, attempt in known.items()} == {job.pk: job.pk for job in claims}


def test_known_answers_under_many_prompts_take_no_more_statements(claims, django_assert_max_num_queries):
    class OwnPrompt(Paid):
        def prompt_version_for(self, entry):
            return len(entry) + int(digest_of(entry)[:4], 16)

    extractor = OwnPrompt()
    asked = {"extractor": extractor.name, "model": extractor.model}
    versions = [extractor.prompt_version_for(job.devlog.entry) for job in claims]
    digests = [digest_of(job.devlog.entry) for job in claims]
    Attempt.objects.insert(
        [
            job.new_attempt(outcome="answered", entry_digest=digest, prompt_version=version, **asked)
            for job, digest, version in zip(claims, digests, versions, strict=True)
        ]
    )

    with django_assert_max_num_queries(2 * len(list(portions(claims)))):
        known = Attempt.objects.known_answers(claims, extractor)

    assert known.keys() == {job.pk for job in claims}


# -- At one stroke ---------------------------------------------------------------------------------------------------


def test_many_are_tagged_again_by_the_command(tagged):
    call_command("retag", "--yes")

    assert states() == {("pending",)}


def test_many_are_deleted_in_the_admin(admin_client, tagged):
    asked = act_on_all(admin_client, DEVLOG_PAGES, "delete_selected")
    act_on_all(admin_client, DEVLOG_PAGES, "delete_selected", post="yes")

    assert dict(asked.context["model_count"]) == {"dev-logs": MANY}
    assert (DevLog.objects.count(), DevLogTag.objects.count()) == (0, 0)


def test_many_names_are_blocked_and_unblocked(tagged, tags):
    ids = [tag.pk for tag in tags]

    assert vocabulary.block(ids) == MANY
    assert (DevLogTag.objects.exists(), Tag.objects.filter(is_blocked=True).count()) == (False, MANY)
    vocabulary.unblock(ids)
    assert not Tag.objects.filter(is_blocked=True).exists()


def test_how_much_goes_with_many_names_is_asked_before_they_are_deleted(admin_client, make_devlog, tags):
    devlog = make_devlog()
    set_tags((devlog, tag) for tag in tags)

    asked = act_on_all(admin_client, TAG_PAGES, "delete_selected")

    assert asked.context["weight"] == (MANY, 0, 1, MANY, MANY)


def test_many_names_are_merged_in_the_admin(admin_client, tagged):
    target = Tag.objects.create(name="One", slug="one")
    DevLogTag.objects.create(devlog=tagged[0], tag=target)

    act_on_all(admin_client, f"{TAG_PAGES}?q=T", "merge", into="One", confirmed="Merge tags")

    assert list(DevLogTag.objects.order_by("devlog").values_list("devlog", "tag__name")) == [
        (devlog.pk, "One") for devlog in tagged
    ]
    assert target.aliases.count() == MANY
