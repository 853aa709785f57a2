"""Limits that hold for all processes: logins, the passwords that are hashed at once, and writes."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework.test import APIClient

from devlog_project.api import hashing, posts, throttle
from devlog_project.api.models import Counter
from tests.support.waiting import at_once, eventually

pytestmark = pytest.mark.django_db
DEVLOGS, LOGIN = "/api/v1/devlogs/", "/api/v1/auth/login/"
PROBLEM = "application/problem+json"
HERE, THERE = "192.0.2.1", "192.0.2.2"
ENTRY = {"entry": "Wrote a Django app."}
MINUTE = 60


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands, forty seconds into a minute."""
    now = [40.0]
    monkeypatch.setattr(throttle, "clock", lambda: now[0])
    return now


@pytest.fixture
def ada():
    return User.objects.create_superuser("ada", password="lovelace")


@pytest.fixture
def twenty(settings):
    settings.API_POSTS_PER_MINUTE = 20


@pytest.fixture
def another_process():
    """Forget what this process keeps in memory, as one that just started."""

    def begin():
        cache.clear()
        posts.permits.forget()

    return begin


def login(password="lovelace", name="ada", address=HERE):
    basic = base64.b64encode(f"{name}:{password}".encode()).decode()
    return APIClient().post(LOGIN, HTTP_AUTHORIZATION=f"Basic {basic}", REMOTE_ADDR=address)


def client_of(user=None):
    client = APIClient(headers={"content-type": "application/json"})
    if user:
        client.force_authenticate(user)
    return client


def post(times, user=None, address=HERE):
    return [client_of(user).post(DEVLOGS, ENTRY, REMOTE_ADDR=address).status_code for _ in range(times)]


# -- logins ------------------------------------------------------------------------------------------------------


def test_another_process_knows_how_often_was_guessed(ada, another_process):
    assert [login("guess").status_code for _ in range(5)] == [401] * 5
    another_process()

    assert login().status_code == 429


def test_another_process_knows_who_logged_in_from_an_address_before(ada, another_process):
    login()
    for number in range(25):
        login("guess", address=f"198.51.100.{number}")
    another_process()

    assert (login().status_code, login(address=THERE).status_code) == (200, 429)


def test_logins_that_succeed_leave_nothing_that_counts(ada, another_process):
    for _ in range(4):
        login("guess")
    for _ in range(10):
        assert login().status_code == 200
    another_process()

    assert [login("guess").status_code for _ in range(2)] == [401, 429]


def test_a_refused_guess_uses_up_nothing_of_others(ada):
    for number in range(30):
        login("guess", name=f"name-{number}")

    pairs = Counter.objects.filter(ends_at=MINUTE, count=1)
    assert Counter.objects.get(key=throttle.key("address", address=HERE)).count == 20
    assert pairs.count() == 40  # twenty names, each alone and with the address


@pytest.mark.parametrize("name", ["ada", "nobody", "away", "without"])
def test_who_there_is_costs_as_much_as_who_there_is_not_and_is_told_the_same(ada, name, monkeypatch):
    User.objects.create_user("away", password="lovelace", is_active=False)
    User.objects.create_user("without")
    hashed = []
    encode = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", lambda *given: hashed.append(1) or encode(*given))

    response = login("guess", name)

    assert (response.status_code, response.json()["detail"]) == (401, "Invalid username/password.")
    assert len(hashed) == 1


def test_an_inactive_account_is_told_the_same_with_its_password_as_without(ada):
    User.objects.update(is_active=False)

    right, wrong = login(), login("guess")

    assert (right.status_code, right.json()) == (wrong.status_code, wrong.json())


def test_what_is_counted_is_cleared_away_when_its_minute_is_over(clock):
    for number in range(150):
        Counter.objects.add(f"name-{number}", 1, MINUTE)
    clock[0] = MINUTE + 1.0

    for _ in range(100):
        Counter.objects.clear_away(throttle.clock())

    assert not Counter.objects.exists()


def test_what_still_counts_is_not_cleared_away():
    Counter.objects.add("name", 1, MINUTE)

    for _ in range(100):
        Counter.objects.clear_away(throttle.clock())

    assert Counter.objects.count() == 1


def test_a_count_begins_anew_with_its_minute_and_a_clock_that_is_late_does_not_end_it():
    counts = [Counter.objects.add("name", 1, ends_at) for ends_at in (60, 60, 120, 60, 120)]

    assert counts == [1, 2, 1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_additions_at_once_all_count():
    counts = at_once(80, lambda: Counter.objects.add("name", 1, MINUTE))

    assert sorted(counts) == list(range(1, 81))


# -- passwords hashed at once ------------------------------------------------------------------------------------


@pytest.fixture
def busy():
    """All places in the line are taken."""
    with ExitStack() as places:
        for _ in range(hashing.AT_ONCE + hashing.WAITING):
            places.enter_context(hashing.desk.in_line(lambda: False))
        yield places


def test_who_finds_no_place_in_the_line_is_told_at_once_to_come_again(ada, busy):
    response = login()

    assert (response.status_code, response["Content-Type"], response["Retry-After"]) == (503, PROBLEM, "2")
    assert not Counter.objects.exists()


def test_the_admin_says_so_too(ada, busy, client):
    page = client.post("/admin/login/", {"username": "ada", "password": "lovelace"})

    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert "Too many are logging in" in page.text


def test_who_logged_in_from_there_before_has_a_line_of_their_own(ada, busy):
    with ExitStack() as before:
        busy.close()
        login()
        for _ in range(hashing.AT_ONCE + hashing.WAITING):
            before.enter_context(hashing.desk.in_line(lambda: False))

        assert (login().status_code, login(address=THERE).status_code) == (200, 503)


def test_there_is_room_again_once_they_are_done(ada, busy):
    busy.close()

    assert login().status_code == 200


def test_no_more_passwords_are_hashed_at_once_than_may_be():
    desk, most, now, guard = hashing.Desk(), [0], [0], threading.Lock()
    gate = threading.Event()

    def hash_one(_):
        with desk.in_line(lambda: False), desk.at_work():
            with guard:
                now[0] += 1
                most[0] = max(most[0], now[0])
            gate.wait(10)
            with guard:
                now[0] -= 1

    with ThreadPoolExecutor(4) as threads:
        done = threads.map(hash_one, range(hashing.AT_ONCE + hashing.WAITING))
        eventually(lambda: now[0] == hashing.AT_ONCE, "the first at work")
        gate.set()
        list(done)

    assert most[0] == hashing.AT_ONCE


def test_who_waits_too_long_is_not_counted_as_one_who_guessed(ada, monkeypatch):
    desk = hashing.Desk(wait_seconds=0.01)
    monkeypatch.setattr(throttle, "desk", desk)

    with desk.at_work():
        assert login().status_code == 503

    assert not Counter.objects.filter(count__gt=0).exists()


# -- writes ------------------------------------------------------------------------------------------------------


def test_beyond_the_limit_of_a_minute_a_user_gets_429_with_the_time_to_wait(ada, twenty):
    assert post(20, ada) == [201] * 20

    response = client_of(ada).post(DEVLOGS, ENTRY)
    assert (response.status_code, response["Content-Type"], response["Retry-After"]) == (429, PROBLEM, "20")
    assert response.json()["detail"].startswith("At most 20 writes may be sent in a minute.")


def test_another_user_and_an_anonymous_client_have_limits_of_their_own(ada, twenty):
    post(21, ada)

    assert post(1, User.objects.create_user("grace")) + post(1) == [201, 201]


def test_anonymous_clients_are_counted_by_their_address(twenty):
    assert post(21) == [201] * 20 + [429]
    assert post(1, address=THERE) == [201]


def test_a_minute_later_one_may_write_again(ada, twenty, clock):
    post(21, ada)
    clock[0] = 60.0

    assert post(21, ada) == [201] * 20 + [429]


def test_asking_for_tags_again_and_editing_count_and_reading_and_deleting_do_not(ada, twenty):
    client = client_of(ada)
    address = f"{DEVLOGS}{client.post(DEVLOGS, ENTRY).json()['id']}/"
    assert client.post(f"{address}retag/").status_code == 202
    assert client.patch(address, {"private": True}).status_code == 200
    post(17, ada)

    refused = [client.post(f"{address}retag/"), client.patch(address, ENTRY), client.put(address, ENTRY)]
    allowed = [client.get(address), client.get(DEVLOGS), client.delete(address)]

    assert [response.status_code for response in refused] == [429] * 3
    assert [response.status_code for response in allowed] == [200, 200, 204]


def test_two_processes_together_let_no_more_through_than_the_limit(ada, twenty, another_process):
    assert post(7, ada) == [201] * 7
    another_process()

    assert post(20, ada).count(201) <= 13


def test_a_process_leaves_the_rest_to_another_up_to_what_it_took_ahead(ada, twenty, another_process):
    post(7, ada)  # took four times two
    another_process()

    assert post(20, ada) == [201] * 12 + [429] * 8


def test_nine_of_ten_writes_cost_no_statement_more(ada, settings, django_assert_num_queries):
    settings.API_POSTS_PER_MINUTE = 600
    client = client_of(ada)
    client.post(DEVLOGS, {"entry": ""})

    with django_assert_num_queries(0):
        assert client.post(DEVLOGS, {"entry": ""}).status_code == 400


def test_a_refused_write_costs_no_statement(ada, twenty, django_assert_num_queries):
    post(21, ada)

    with django_assert_num_queries(0):
        assert post(1, ada) == [429]


@pytest.mark.django_db(transaction=True)
def test_writes_at_once_pass_up_to_the_limit_and_not_one_more(twenty):
    passed = at_once(60, lambda: posts.permits.take("ada", 20, MINUTE))

    assert passed.count(True) == 20


def test_zero_sets_no_limit(ada, settings):
    settings.API_POSTS_PER_MINUTE = 0

    assert post(30, ada) == [201] * 30
    assert not Counter.objects.exists()


def test_what_is_kept_of_clients_in_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(posts, "MOST_KEPT", 10)

    for number in range(30):
        posts.permits.take(f"client-{number}", 20, MINUTE)

    assert all(posts.permits.take(f"client-{number}", 20, MINUTE) for number in range(30))


def test_behind_two_proxies_the_client_is_who_the_first_of_them_saw(settings, twenty):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 2}
    client = client_of()

    def post_from(forwarded):
        return client.post(DEVLOGS, ENTRY, HTTP_X_FORWARDED_FOR=forwarded).status_code

    assert [post_from(f"203.0.113.{number}, {THERE}, 10.0.0.1") for number in range(21)] == [201] * 20 + [429]
    assert post_from(f"{HERE}, 10.0.0.1") == 201
