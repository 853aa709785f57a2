"""Many dev-logs in one request, and one that is sent again under its external id."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import transaction

from devlogs import bulk, entries, repeats
from devlogs.models import DevLog
from tagging import queues
from tagging.models import Job
from tests.devlogs.admin_pages import change_page
from tests.support.waiting import beside

pytestmark = pytest.mark.django_db
DEVLOGS, BULK = "/api/v1/devlogs/", "/api/v1/devlogs/bulk/"
ENTRY = {"entry": "Wrote a Django app.", "external_id": "note-1"}


@pytest.fixture
def author(api, django_user_model):
    user = django_user_model.objects.create(username="anna")
    api.force_authenticate(user)
    return user


def send(api, *devlogs):
    return api.post(BULK, {"devlogs": devlogs})


def results(response):
    return [one["result"] for one in response.json()["devlogs"]]


# -- One under an external id ----------------------------------------------------------------------------------------


def test_a_dev_log_shows_the_external_id_it_was_sent_with(api, author):
    devlog = api.post(DEVLOGS, ENTRY).json()

    assert devlog["external_id"] == "note-1"
    assert api.get(f"{DEVLOGS}{devlog['id']}/").json()["external_id"] == "note-1"


@pytest.mark.parametrize("is_known", [True, False], ids=["anna", "anonymous"])
def test_what_is_sent_again_is_the_dev_log_that_is_there(api, author, is_known):
    api.force_authenticate(author if is_known else None)
    first, second = (api.post(DEVLOGS, ENTRY) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert (DevLog.objects.count(), Job.objects.count()) == (1, 1)


def test_another_entry_under_the_same_external_id_is_refused_by_the_name_of_the_first(api, author):
    first = api.post(DEVLOGS, ENTRY).json()
    other = api.post(DEVLOGS, {**ENTRY, "entry": "Wrote a Flask app."})

    assert (other.status_code, other["Content-Type"]) == (409, "application/problem+json")
    assert other.json()["errors"]["external_id"][0].startswith(f"Dev-log {first['id']} has this external id")
    assert DevLog.objects.get().entry == "Wrote a Django app."


def test_what_is_to_be_private_is_not_taken_for_one_that_is_not(api, author):
    assert api.post(DEVLOGS, {**ENTRY, "private": False}).status_code == 201

    assert api.post(DEVLOGS, {**ENTRY, "private": True}).status_code == 409
    assert api.post(DEVLOGS, ENTRY).status_code == 200


def test_two_authors_may_use_the_same_external_id(api, author, django_user_model):
    assert api.post(DEVLOGS, ENTRY).status_code == 201
    api.force_authenticate(django_user_model.objects.create(username="ben"))

    assert api.post(DEVLOGS, ENTRY).status_code == 201


@pytest.mark.parametrize("external_id", ["", " ", "x" * 201, 7, "a\x00b"])
def test_what_is_no_external_id_is_refused(api, author, external_id):
    response = api.post(DEVLOGS, {**ENTRY, "external_id": external_id})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["external_id"])


def test_an_external_id_stays_when_the_dev_log_is_changed(api, author):
    address = f"{DEVLOGS}{api.post(DEVLOGS, ENTRY).json()['id']}/"

    assert api.put(address, {"entry": "Wrote a Flask app."}).json()["external_id"] == "note-1"
    assert api.patch(address, ENTRY).status_code == 200
    assert list(api.patch(address, {"external_id": "note-2"}).json()["errors"]) == ["external_id"]


def test_the_admin_gives_no_author_two_dev_logs_of_one_external_id(api, author, admin_client):
    api.post(DEVLOGS, ENTRY)
    api.force_authenticate(None)
    other = DevLog.objects.get(pk=api.post(DEVLOGS, ENTRY).json()["id"])

    page = admin_client.post(change_page(other), {"entry": other.entry, "author": author.pk})

    assert "external id note-1 already" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_the_same_time_one_makes_the_dev_log_and_the_other_finds_it(api, author, monkeypatch):
    write_many, others = entries.write_many, []

    def write_many_after_another(devlogs):
        if not others:
            others.append(True)
            entries.write(DevLog(author=author, **ENTRY))
        write_many(devlogs)

    monkeypatch.setattr(entries, "write_many", write_many_after_another)

    assert results(send(api, ENTRY, {"entry": "Wrote a Flask app."})) == ["existing", "created"]
    assert DevLog.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_many_that_send_the_same_at_once_make_one_dev_log(author):
    def write():
        try:
            entries.write(DevLog(author=author, **ENTRY))
        except entries.ExternalIdTakenError:
            return "taken"
        return "written"

    results = [wait() for wait in [beside(write) for _ in range(8)]]

    assert sorted(results) == ["taken"] * 7 + ["written"]


@pytest.mark.django_db(transaction=True)
def test_two_that_send_the_same_in_other_orders_make_each_once(author):
    def write(*names):
        devlogs = [DevLog(author=author, entry=f"Wrote {name}.", external_id=name) for name in names]
        return [(one.devlog.external_id, one.result.value) for one in repeats.write_once(devlogs)]

    with transaction.atomic():
        assert write("a") == [("a", "created")]
        other = beside(lambda: write("b", "a"))  # it has written none yet that we have still to write
        assert write("b") == [("b", "created")]

    assert other() == [("b", "existing"), ("a", "existing")]
    assert DevLog.objects.count() == 2


def test_what_became_of_each_is_told_in_the_order_sent(api, author):
    sent = [{"entry": "Wrote a Django app.", "external_id": name} for name in "bca"]

    answer = send(api, *sent).json()

    assert [one["external_id"] for one in answer["devlogs"]] == ["b", "c", "a"]


# -- Many ------------------------------------------------------------------------------------------------------------


def test_many_are_saved_with_their_jobs_behind_what_people_wait_for(api, author):
    response = send(
        api,
        {"entry": "First.", "external_id": "1", "created_at": "2020-02-29T09:30:00+01:00"},
        {"entry": "Second.", "private": True},
    )

    first, second = DevLog.objects.order_by("pk")
    assert (response.status_code, response.json()) == (
        201,
        {
            "devlogs": [
                {"id": first.pk, "external_id": "1", "result": "created"},
                {"id": second.pk, "external_id": None, "result": "created"},
            ],
            "created": 2,
        },
    )
    assert (first.created_at, first.author, second.is_private) == (
        datetime(2020, 2, 29, 8, 30, tzinfo=UTC),
        author,
        True,
    )
    assert list(Job.objects.values_list("state", "priority")) == [("pending", Job.Priority.BULK)] * 2


def test_a_repeat_of_many_makes_only_those_that_are_new(api, author):
    sent = [{"entry": f"No. {number}.", "external_id": str(number)} for number in range(3)]
    send(api, *sent[:2])

    assert results(send(api, *sent)) == ["existing", "existing", "created"]
    again = send(api, *sent)
    assert (again.status_code, again.json()["created"], DevLog.objects.count()) == (200, 0, 3)


def test_one_that_stands_twice_in_the_list_is_made_once(api, author):
    assert results(send(api, ENTRY, ENTRY)) == ["created", "existing"]
    assert DevLog.objects.count() == 1


def test_one_that_is_wrong_keeps_all_from_being_saved_and_is_told_by_its_index(api, author):
    response = send(
        api,
        {"entry": "Good."},
        {"entry": " "},
        {"entry": "Later.", "created_at": "2999-01-01T00:00:00Z"},
        "text",
        {"entry": "x", "tags": []},
    )

    errors = response.json()["errors"]
    assert response.status_code == 400
    assert errors.pop("3")["non_field_errors"]
    assert {index: list(error) for index, error in errors.items()} == {
        "1": ["entry"],
        "2": ["created_at"],
        "4": ["tags"],
    }
    assert not DevLog.objects.exists()


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "in the list"])
def test_one_that_names_another_entry_keeps_all_from_being_saved(api, author, is_known):
    if is_known:
        send(api, ENTRY)
    before = DevLog.objects.count()
    response = send(api, ENTRY, {"entry": "New."}, {**ENTRY, "entry": "Other."})

    (message,) = response.json()["errors"]["2"]["external_id"]
    assert (response.status_code, DevLog.objects.count()) == (409, before)
    assert message.startswith("Dev-log " if is_known else "An earlier one in this list")


@pytest.mark.parametrize("devlogs", [[], {}, None, [{"entry": "x"}] * 501])
def test_a_list_that_is_none_or_too_long_is_refused(api, author, devlogs):
    response = api.post(BULK, {"devlogs": devlogs})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["devlogs"])


def test_a_field_beside_the_list_is_refused(api, author):
    response = api.post(BULK, {"devlogs": [ENTRY], "bulk": True})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["bulk"])


def test_five_hundred_are_taken_and_cost_few_queries(api, author, django_assert_max_num_queries):
    sent = [{"entry": f"No. {number}. {4_000 * 'x'}", "external_id": str(number)} for number in range(500)]

    with django_assert_max_num_queries(40):
        response = send(api, *sent)

    assert (response.status_code, DevLog.objects.count()) == (201, 500)


def test_a_body_of_more_than_four_megabytes_is_refused(api, author):
    body = json.dumps({"devlogs": [{"entry": 19_000 * "x"}] * 230})

    response = api.generic("POST", BULK, body, content_type="application/json")

    assert (response.status_code, response.json()["detail"]) == (413, "The body is larger than 4,096 KB.")
    assert len(body) > bulk.BulkView.max_body_bytes


def test_a_body_that_is_slow_to_come_holds_up_no_other():
    """Under ASGI a body may be read while its client still sends it."""
    gate = threading.Event()

    class Slow(io.BytesIO):
        def read(self, size=-1):
            gate.wait(10)
            return super().read(size)

    def parse(stream):
        return bulk.OneAtATimeParser().parse(stream)

    body = b'{"devlogs": [{}]}'
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(parse, Slow(body))
        quick = pool.submit(parse, io.BytesIO(body))
        try:
            assert quick.result(timeout=5) == {"devlogs": [{}]}
        finally:
            gate.set()
        assert slow.result(timeout=5) == {"devlogs": [{}]}


def test_who_is_not_logged_in_writes_nothing(api, settings):
    settings.API_OPEN = False

    assert send(api, ENTRY).status_code == 401


def test_who_has_as_many_waiting_as_one_may_is_told_to_wait(api, author, monkeypatch):
    monkeypatch.setattr(queues, "MOST_PENDING_IN_BULK", 3)
    assert send(api, *[{"entry": "x"}] * 3).status_code == 201
    refused = send(api, {"entry": "x"})

    assert (refused.status_code, refused["Retry-After"], DevLog.objects.count()) == (429, "60", 3)


def test_many_sent_again_under_an_idempotency_key_get_the_first_answer(api, author):
    first, second = (
        api.post(BULK, {"devlogs": [{"entry": "x"}]}, headers={"Idempotency-Key": "key"}) for _ in range(2)
    )

    assert (first.status_code, second.status_code, DevLog.objects.count()) == (201, 201, 1)
    assert first.json() == second.json()
