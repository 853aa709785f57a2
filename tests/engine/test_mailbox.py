"""The mailbox: bounded, and deaf to new jobs while its reader could begin nothing."""

from concurrent.futures import ThreadPoolExecutor

from tagging.engine.mailbox import MAX_IDS, Mailbox
from tests.support.waiting import eventually


def test_a_full_mailbox_drops_ids_and_makes_no_caller_wait():
    mailbox = Mailbox()
    for job_id in range(1, MAX_IDS + 11):
        mailbox.notify(job_id)

    assert len(mailbox.wait(timeout=0).job_ids) == MAX_IDS


def test_a_reader_that_ignores_jobs_is_woken_by_a_finished_call_and_by_no_id():
    mailbox = Mailbox()
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(mailbox.wait, 10, ignore_jobs=True)
        eventually(lambda: not mailbox.hears_jobs.is_set(), "the reader waits")
        mailbox.notify(1)
        mailbox.wake()

    assert waiting.result() == (set(), True)


def test_a_reader_hears_of_jobs_again_once_it_has_waited_without():
    mailbox = Mailbox()
    mailbox.wait(0, ignore_jobs=True)
    mailbox.notify(1)

    assert mailbox.wait(0) == ({1}, False)
