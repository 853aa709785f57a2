"""What is loaded once and stays is out of the garbage collector's way."""

import gc
import os
import signal
import threading

import pytest

from tagging.extraction.load_once import frozen_import, load_once


@pytest.fixture(autouse=True)
def thaw():
    yield
    gc.unfreeze()


def test_what_was_loaded_once_is_never_looked_at_again():
    with frozen_import():
        kept = [[] for _ in range(100)]

    assert not any(each is kept for each in gc.get_objects())


def test_nothing_is_collected_while_it_loads():
    with frozen_import():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_what_cannot_be_loaded_leaves_the_collector_as_it_was():
    frozen = gc.get_freeze_count()

    with pytest.raises(ImportError), frozen_import():
        raise ImportError

    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_who_runs_without_a_collector_goes_on_without_one():
    gc.disable()
    try:
        with frozen_import():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_threads_that_ask_for_it_at_the_same_time_get_one_and_the_same():
    started, may_end = threading.Event(), threading.Event()
    got = []

    @load_once
    def load():
        started.set()
        assert may_end.wait(timeout=20)
        return object()

    threads = [threading.Thread(target=lambda: got.append(load())) for _ in range(8)]
    for thread in threads:
        thread.start()
    started.wait(timeout=20)
    may_end.set()
    for thread in threads:
        thread.join(timeout=20)

    assert len(got) == 8
    assert len(set(got)) == 1


def test_what_could_not_be_loaded_is_tried_again():
    times = iter([0, 1])

    @load_once
    def load():
        return 1 / next(times)

    with pytest.raises(ZeroDivisionError):
        load()
    assert load() == 1


def test_nothing_is_collected_until_the_last_of_two_that_load_is_done():
    inside, may_end, seen = threading.Event(), threading.Event(), []

    def load_first():
        with frozen_import():
            inside.set()
            assert may_end.wait(timeout=20)

    def load_second():
        threading.Timer(0.05, may_end.set).start()
        with frozen_import():
            first.join(timeout=20)
            seen.append(gc.isenabled())

    first, second = threading.Thread(target=load_first), threading.Thread(target=load_second)
    first.start()
    inside.wait(timeout=20)
    second.start()
    second.join(timeout=20)

    assert seen == [False]
    assert gc.isenabled()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_child_forked_while_another_thread_loads_can_load_and_collects():
    inside, may_end = threading.Event(), threading.Event()

    def load():
        with frozen_import():
            inside.set()
            assert may_end.wait(timeout=20)

    thread = threading.Thread(target=load)
    thread.start()
    inside.wait(timeout=20)
    child = os.fork()
    if not child:
        is_collecting = gc.isenabled()
        signal.alarm(20)  # it would wait for ever
        with frozen_import():
            os._exit(0 if is_collecting else 1)
    may_end.set()
    thread.join(timeout=20)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
