"""What holds for every page of the admin."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devlogs.models import DevLog
from tagging.models import Attempt, DevLogTag, Job, Tag
from tagging.models.shown_pause import shown_pause
from tests.devlogs.admin_pages import CHANGELISTS, DEVLOGS, SCRIPT, TAGS, Answer, change_page, inline

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model, operations", [(Job, 3), (Attempt, 3), (Tag, 1)])
def test_what_the_worker_writes_cannot_be_changed(admin_client, make_tagged, model, operations):
    make_tagged("Django")
    url = change_page(model.objects.get())

    pages = [url.replace(f"{model.objects.get().pk}/change/", "add/"), url, url.replace("change/", "delete/")]

    assert [admin_client.post(page, {"post": "yes"}).status_code for page in pages[:operations]] == [403] * operations
    assert model.objects.count() == 1


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
        assert inline(admin_client.get(url).content.decode()) == []


@pytest.mark.parametrize("url", CHANGELISTS)
def test_a_list_of_fifty_costs_as_many_queries_as_a_list_of_one(admin_client, make_devlog, run_jobs, url):
    def queries_and_rows(numbers):
        for n in numbers:
            make_devlog(f"Wrote Tool{n} and Thing{n}", author=User.objects.create(username=f"author{n}"))
        run_jobs(Answer(*(f"{word}{n}" for word in ("Tool", "Thing") for n in numbers)))
        shown_pause.forget()  # which else is read once a second
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(url)
        return len(queries), len(response.context["cl"].result_list)

    queries, _ = queries_and_rows([0])

    assert queries_and_rows(range(1, 50)) == (queries, 100 if url == TAGS else 50)
