"""What is written while the service does not answer: it is kept, and sent once, whatever happens in between."""

import json
import random
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.support.devlog_client import Computer, kill, mode
from tests.support.pretenders import Holding, Said, passed_on, pretending, saying
from tests.support.servers import free_port
from tests.support.waiting import eventually

TOO_LONG = "Wrote Django. " * 2000
STILL_ANSWERED = json.dumps(
    {"status": 409, "code": "still_answered", "detail": "It is still being answered."}
).encode()


@pytest.fixture
def nobody() -> str:
    """An address at which nothing answers."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def offline(computer, nobody):
    """Write entries while no service answers."""

    def write(*entries: str) -> None:
        for entry in entries:
            assert computer.devlog(entry, **computer.through(nobody)).code == 75

    return write


def spool_file(computer, name, content: bytes):
    (computer.state / "spool").mkdir(parents=True, exist_ok=True)
    path = computer.state / "spool" / name
    path.write_bytes(content)
    return path


# -- kept, and sent with the next command ------------------------------------------------------------------------


def test_an_entry_that_no_service_takes_is_kept_and_its_writer_told(computer, nobody):
    done = computer.devlog("Wrote a Django app.", **computer.through(nobody))

    assert done.code == 75
    assert "Kept" in done.err
    assert "devlog send" in done.err
    assert computer.waiting_texts() == ["Wrote a Django app."]


def test_what_was_kept_is_sent_with_the_next_entry_in_the_order_of_writing(service, computer, offline):
    offline("First.", "Second.", "Third.")

    assert computer.devlog("Fourth.").code == 0
    assert service.entries(computer.user) == ["First.", "Second.", "Third.", "Fourth."]
    assert computer.waiting() == []


def test_send_sends_what_was_kept_and_a_second_send_nothing(service, computer, offline):
    offline("First.", "Second.")

    assert [computer.devlog("send").code, computer.devlog("send").code] == [0, 0]
    assert service.entries(computer.user) == ["First.", "Second."]


def test_send_while_no_service_answers_says_how_many_wait(computer, offline, nobody):
    offline("First.", "Second.")

    done = computer.devlog("send", **computer.through(nobody))

    assert done.code == 75
    assert "2 entries" in done.err
    assert computer.waiting_texts() == ["First.", "Second."]


def test_who_reads_has_what_was_kept_sent_before(computer, offline):
    offline("Moved a service to Kubernetes.")

    assert "Moved a service to Kubernetes." in computer.devlog("today").out
    assert computer.waiting() == []


def test_a_kept_entry_carries_the_time_of_its_writing(service, computer, offline):
    before = datetime.now(UTC).replace(microsecond=0)
    offline("First.")
    after = datetime.now(UTC)
    eventually(lambda: datetime.now(UTC).timestamp() > after.timestamp() + 2, "a later time")

    computer.devlog("send")

    (kept,) = service.kept(computer.user)
    assert before <= datetime.fromisoformat(kept.created_at).replace(tzinfo=UTC) <= after


def test_a_private_entry_stays_private_while_it_is_kept(service, computer, nobody):
    computer.devlog("--private", "Wrote a Django app.", **computer.through(nobody))

    computer.devlog("send")

    assert [one.is_private for one in service.kept(computer.user)] == [True]


def test_nobody_else_can_read_what_is_kept(computer, offline):
    offline("First.")

    assert mode(computer.state / "spool") == 0o700
    assert [mode(path) & 0o077 for path in computer.waiting()] == [0]


def test_the_folder_named_by_xdg_state_home_is_used(service, computer, nobody, tmp_path):
    elsewhere = tmp_path / "somewhere else"
    computer.devlog("First.", **computer.through(nobody), XDG_STATE_HOME=str(elsewhere))

    assert len(list((elsewhere / "devlog/spool").glob("*.json"))) == 1
    assert computer.devlog("send", XDG_STATE_HOME=str(elsewhere)).code == 0
    assert service.entries(computer.user) == ["First."]


# -- once ----------------------------------------------------------------------------------------------------------


def test_an_entry_whose_answer_was_never_seen_is_there_once(service, computer):
    holding = Holding(service.server.port)
    with pretending(holding) as between:
        client = computer.start("Wrote a Django app.", **computer.through(between.address))
        assert holding.answered.wait(20)
        kill(client)
    assert computer.waiting_texts() == service.entries(computer.user) == ["Wrote a Django app."]

    assert computer.devlog("send").code == 0
    assert service.entries(computer.user) == ["Wrote a Django app."]
    assert computer.waiting() == []


@pytest.mark.long
def test_forty_kills_at_any_moment_lose_and_double_nothing(service, computer):
    began = time.monotonic()
    computer.devlog("How long does it take?")
    seconds, chance = time.monotonic() - began, random.Random(7)
    said = [f"Wrote Django app {number}." for number in range(40)]
    killed = 0

    for entry in said:
        client = computer.start(entry)
        try:
            client.wait(timeout=chance.uniform(0, 1.1 * seconds))
        except subprocess.TimeoutExpired:
            killed += 1
        kill(client)
    kept, sent = set(computer.waiting_texts()), set(service.entries(computer.user))
    assert computer.devlog("send").code == 0

    assert all([killed > 20, kept, sent]), "The kills came at one kind of moment only."
    counts = Counter(service.entries(computer.user))
    assert set(counts.values()) == {1}
    assert set(counts) == kept | sent
    assert computer.waiting() == []


@pytest.mark.long
def test_clients_that_send_at_once_send_each_entry_once(service, computer, offline):
    offline(*[f"Wrote app {number}." for number in range(12)])
    with pretending(lambda seen: passed_on(seen, service.server.port)) as between:
        clients = [computer.start("send", **computer.through(between.address)) for _ in range(4)]
        told = [client.communicate(timeout=60)[1].decode() for client in clients]

        assert len(between.posts()) == 12
    assert {client.returncode for client in clients} <= {0, 75}, told
    assert "Traceback" not in "".join(told)
    computer.devlog("send")
    assert service.entries(computer.user) == [f"Wrote app {number}." for number in range(12)]


def test_an_entry_written_while_another_client_sends_is_not_lost(service, computer):
    holding = Holding(service.server.port)
    with pretending(holding) as between:
        first = computer.start("First.", **computer.through(between.address))
        assert holding.answered.wait(20)
        computer.devlog("Second.")
        holding.let_go.set()
        first.communicate(timeout=60)
    computer.devlog("send")

    assert sorted(service.entries(computer.user)) == ["First.", "Second."]


def test_a_lock_that_a_killed_client_left_stops_nobody(service, computer):
    holding = Holding(service.server.port)
    with pretending(holding) as between:
        client = computer.start("First.", **computer.through(between.address))
        assert holding.answered.wait(20)
        kill(client)

    assert computer.devlog("Second.").code == 0
    assert service.entries(computer.user) == ["First.", "Second."]


# -- what stands in the way of no other ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"key": "5e0c3c6e-9a4b-4a57-9d55-000000000000", "bo',
        b"\x00\xff\xfe not ours at all \x00" * 20,
        b"[]",
        b'"text"',
        b'{"key": 5, "body": []}',
        b'{"key": "a\\r\\nb", "body": {"entry": "Wrote a Django app."}}',
        b"[" * 100_000,
    ],
    ids=["empty", "half", "garbage", "list", "text", "wrong types", "line end in the key", "too deep"],
)
def test_a_file_that_is_no_entry_stops_no_other_and_is_not_lost(service, computer, offline, content):
    spool_file(computer, "0000000000000000001-broken.json", content)
    offline("Before.")

    done = computer.devlog("After.")

    assert service.entries(computer.user) == ["Before.", "After."]
    assert computer.waiting() == []
    assert content in [path.read_bytes() for path in computer.refused()]
    assert str(computer.state / "refused") in done.err


def test_a_folder_among_the_kept_stops_no_entry(service, computer):
    (computer.state / "spool/0000000000000000001-folder.json").mkdir(parents=True)

    computer.devlog("After.")

    assert service.entries(computer.user) == ["After."]


def test_an_entry_that_is_refused_is_set_aside_whole_and_its_place_told(service, computer, nobody):
    computer.devlog("-", typed=TOO_LONG, **computer.through(nobody))
    done = computer.devlog("After.")

    assert service.entries(computer.user) == ["After."]
    assert computer.waiting() == []
    assert any(TOO_LONG.strip() in path.read_text(encoding="utf-8") for path in computer.refused())
    assert str(computer.state / "refused") in done.err
    assert "20000" in done.err


def test_a_wrong_token_is_said_and_what_was_written_is_sent_after_the_next_login(service, computer):
    token = service.tokens[computer.user]
    computer.configure(service.address, "of-nobody")

    done = computer.devlog("Wrote a Django app.")

    assert done.code == 1
    assert "devlog login" in done.err
    assert "of-nobody" not in done.err
    assert computer.waiting_texts() == ["Wrote a Django app."]
    with computer.at_terminal("login", service.address) as terminal:
        terminal.wait_for("Token: ")
        terminal.type(f"{token}\n")
        assert terminal.wait_for_end() == 0, terminal.screen
    assert computer.devlog("send").code == 0
    assert service.entries(computer.user) == ["Wrote a Django app."]


@pytest.mark.parametrize("status", [409, 500, 502])
def test_what_may_yet_be_taken_is_not_given_up(service, computer, status):
    with pretending(saying(status, STILL_ANSWERED, Content_Type="application/problem+json")) as busy:
        done = computer.devlog("Wrote a Django app.", **computer.through(busy.address))

    assert done.code == 75
    assert computer.devlog("send").code == 0
    assert service.entries(computer.user) == ["Wrote a Django app."]


def test_one_answer_that_asks_to_come_later_ends_the_sending(service, computer, offline):
    offline("First.", "Second.", "Third.")
    with pretending(saying(429, b"{}", Retry_After="120")) as busy:
        computer.devlog("send", **computer.through(busy.address))

        assert len(busy.posts()) == 1
    assert computer.waiting_texts() == ["First.", "Second.", "Third."]


def test_an_entry_that_cannot_be_kept_is_sent_or_shown_again(service, computer):
    computer.state.parent.mkdir(parents=True)
    computer.state.write_text("a file where the folder should be", encoding="utf-8")

    done = computer.devlog("Wrote a Django app.")

    if done.code:
        assert done.code == 1
        assert str(computer.state) in done.err
    assert "Wrote a Django app." in [*service.entries(computer.user), *done.err.splitlines()]


def test_a_computer_that_never_logged_in_keeps_what_is_written(tmp_path, nobody):
    computer = Computer(tmp_path / "new home")

    done = computer.devlog("Wrote a Django app.", **computer.through(nobody))

    assert done.code == 75
    assert computer.waiting_texts() == ["Wrote a Django app."]


def test_the_service_is_told_each_entry_by_a_key_and_a_name_of_its_own(computer):
    with pretending(lambda seen: Said(503)) as busy:
        computer.devlog("First.", **computer.through(busy.address))
        computer.devlog("send", **computer.through(busy.address))

        keys = [one.headers["Idempotency-Key"] for one in busy.posts()]
        names = [json.loads(one.body)["external_id"] for one in busy.posts()]
    assert len(names) == 2
    assert set(names) == {f"cli:{keys[0]}"}
    assert keys[1].startswith(keys[0])
