"""How many requests may wait for the database, and what the others are told."""

import threading
from concurrent.futures import ThreadPoolExecutor

from devlog_project.ops.waiting_room import WaitingRoom

LONG = 20.0


def test_while_places_are_free_each_takes_one():
    room = WaitingRoom(places=2, standstill_seconds=0)

    assert [room.enter(), room.enter()] == [True, True]


def test_where_nothing_moves_a_request_is_refused():
    room = WaitingRoom(places=1, standstill_seconds=0.01)
    room.enter()

    assert not room.enter()


def test_a_place_that_was_left_is_free_again():
    room = WaitingRoom(places=1, standstill_seconds=0)
    room.enter()

    room.leave()

    assert room.enter()


def test_who_waits_is_given_the_place_of_the_next_that_leaves():
    room = WaitingRoom(places=1, standstill_seconds=LONG)
    room.enter()
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(room.enter)
        room.leave()

        assert waits.result(timeout=LONG)


def test_as_long_as_requests_come_and_go_one_more_waits_its_time():
    room = WaitingRoom(places=3, standstill_seconds=LONG)
    room.enter()
    entered = []

    def come_and_go():
        for _ in range(200):
            entered.append(room.enter())
            room.leave()

    threads = [threading.Thread(target=come_and_go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONG)

    assert entered == [True] * 1600


def test_who_waits_for_busy_requests_gets_a_place_though_nothing_moves_for_a_while():
    asked = threading.Event()

    def is_stuck():
        asked.set()
        return False

    room = WaitingRoom(places=1, standstill_seconds=0.01, is_stuck=is_stuck)
    room.enter()
    threading.Timer(0, lambda: asked.wait(10) and room.leave()).start()

    assert room.enter()
