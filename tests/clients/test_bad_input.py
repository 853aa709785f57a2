"""Servers that are none, a computer set up wrongly, input that is no text: a sentence each, and nothing is lost."""

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.support.certificates import certificate
from tests.support.devlog_client import CLIENT
from tests.support.pretenders import Said, passed_on, pretending, saying
from tests.support.servers import free_port

ENTRY = "Wrote a Django app."
HTML = b"<!DOCTYPE html><title>Sign in</title><p>Welcome to the hotel's network."
READING = [["today"], ["week"], ["search", "Django"], ["stack"], ["tags"]]


@contextmanager
def raw(answer: bytes | None):
    """Serve these bytes to whoever connects, then hang up; None: never answer. Yields the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connections = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    connections.append(connection)
                    if answer is not None:
                        connection.recv(65536)
                        connection.sendall(answer)
                        connection.shutdown(socket.SHUT_RDWR)
                        connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in connections:
            connection.close()


def kept(computer) -> list[str]:
    """Return the entries that are kept, after a look that none was set aside."""
    assert computer.refused() == []
    return computer.waiting_texts()


# -- servers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_who_reads_while_nothing_answers_is_told(computer, command):
    done = computer.devlog(*command, **computer.through(f"http://127.0.0.1:{free_port()}"))

    assert done.code == 75
    assert done.out == ""
    assert "127.0.0.1" in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize("status", [200, 201, 403, 404, 502])
def test_a_page_where_json_should_be_is_taken_for_no_service(computer, status):
    with pretending(saying(status, HTML, Content_Type="text/html; charset=utf-8")) as page:
        done = computer.devlog(ENTRY, **computer.through(page.address))

    assert done.code in (1, 75)
    assert "no dev-log service" in done.err
    assert "Welcome" not in done.err
    assert kept(computer) == [ENTRY]


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_who_reads_a_page_where_json_should_be_is_told(computer, command):
    with pretending(saying(200, HTML, Content_Type="text/html")) as page:
        done = computer.devlog(*command, **computer.through(page.address))

    assert done.code in (1, 75)
    assert "no dev-log service" in done.err


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"ok"',
        b"{}",
        b'{"results": 5}',
        b'{"id": "x", "tags": "none"}',
        b"\xff\xfe",
        b"[" * 99999,
    ],
    ids=["nothing", "null", "list", "text", "empty", "wrong list", "wrong types", "no UTF-8", "too deep"],
)
@pytest.mark.parametrize("command", [[ENTRY], *READING], ids=" ".join)
def test_json_that_is_none_of_the_services_is_told(computer, command, body):
    with pretending(saying(201 if command == [ENTRY] else 200, body)) as odd:
        done = computer.devlog(*command, **computer.through(odd.address))

    assert done.code in (0, 1, 75)
    if command == [ENTRY]:
        assert done.code or body == b"{}" or kept(computer) == [ENTRY]
    assert done.out + done.err != ""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_the_token_goes_nowhere_else(service, computer, status):
    with (
        pretending(saying(200, b"{}")) as elsewhere,
        pretending(saying(status, b"", Location=f"{elsewhere.address}/api/v1/devlogs/")) as moved,
    ):
        written = computer.devlog(ENTRY, **computer.through(moved.address))
        read = computer.devlog("today", **computer.through(moved.address))

        assert elsewhere.seen == []
    assert elsewhere.address in written.err
    assert elsewhere.address in read.err
    assert written.code in (1, 75)
    assert read.code in (1, 75)
    assert kept(computer) == [ENTRY]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    ],
    ids=["hangs up", "ssh", "half an answer", "broken chunks", "odd status", "too many headers"],
)
def test_what_speaks_no_http_as_it_should_loses_no_entry(computer, answer):
    with raw(answer) as address:
        written = computer.devlog(ENTRY, **computer.through(address))
        read = computer.devlog("today", **computer.through(address))

    assert written.code in (1, 75)
    assert read.code in (1, 75)
    assert written.err != ""
    assert read.err != ""
    assert kept(computer) == [ENTRY]


@pytest.mark.long
def test_a_server_that_never_answers_is_given_up(computer):
    with raw(None) as address:
        done = computer.devlog(ENTRY, **computer.through(address))

    assert done.code == 75
    assert "Kept" in done.err
    assert kept(computer) == [ENTRY]


def test_a_certificate_of_nobody_is_told_and_nothing_is_sent(computer, tmp_path):
    _, context = certificate(tmp_path)
    with pretending(saying(201, b"{}"), context) as unknown:
        done = computer.devlog(ENTRY, **computer.through(unknown.address))

        assert unknown.seen == []
    assert done.code in (1, 75)
    assert "certificate" in done.err
    assert kept(computer) == [ENTRY]


def test_a_certificate_that_the_computer_trusts_is_taken(service, computer, tmp_path):
    own, context = certificate(tmp_path)
    with pretending(lambda seen: passed_on(seen, service.server.port), context) as trusted:
        assert computer.devlog(ENTRY, **computer.through(trusted.address), SSL_CERT_FILE=str(own)).code == 0

    assert service.entries(computer.user) == [ENTRY]


@pytest.mark.long
def test_https_to_a_server_that_speaks_none_is_told(service, computer):
    done = computer.devlog(ENTRY, **computer.through(service.address.replace("http:", "https:")))

    assert done.code in (1, 75)
    assert "https" in done.err or "TLS" in done.err or "SSL" in done.err
    assert kept(computer) == [ENTRY]


@pytest.mark.parametrize(
    "address",
    [
        "devlog.example.org",
        "ftp://devlog.example.org",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://dev log.example.org",
        "http://no-such-host.invalid",
        "http://" + "x" * 70 + ".example.org",
        "http://exa\r\nmple.org",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("command", [[ENTRY], ["today"]], ids=" ".join)
def test_an_address_that_is_none_is_told(computer, command, address):
    done = computer.devlog(*command, **computer.through(address))

    assert done.code in (1, 2, 75)
    assert done.err != ""
    assert done.out == ""
    if command == [ENTRY] and done.code != 2:
        assert kept(computer) == [ENTRY]


def test_an_address_with_a_path_and_a_slash_at_its_end_is_taken(service, computer):
    assert computer.devlog(ENTRY, **computer.through(f"{service.address}/")).code == 0
    assert service.entries(computer.user) == [ENTRY]


@pytest.mark.parametrize("hours", [-3, 3], ids=["behind", "ahead"])
def test_a_clock_that_is_far_from_the_services_is_told(service, computer, hours):
    offset = timedelta(hours=hours)

    def answer(seen):
        said = passed_on(seen, service.server.port)
        date = format_datetime(datetime.now(UTC) - offset, usegmt=True)
        return Said(said.status, said.body, {**said.headers, "Date": date})

    computer.devlog(ENTRY, **computer.through(f"http://127.0.0.1:{free_port()}"))
    with pretending(answer) as other:
        done = computer.devlog("send", **computer.through(other.address))

    assert done.code == 0
    assert "clock" in done.err
    assert service.entries(computer.user) == [ENTRY]


def test_a_time_ahead_of_the_services_clock_is_left_to_the_service(service, computer):
    """As of a computer whose clock was ahead when the entry was written and is right again."""
    computer.devlog(ENTRY, **computer.through(f"http://127.0.0.1:{free_port()}"))
    (path,) = computer.waiting()
    ahead = datetime.now(UTC) + timedelta(days=2)
    stored = json.loads(path.read_text(encoding="utf-8"))
    if "created_at" in stored["body"]:
        stored["body"]["created_at"] = ahead.isoformat()
        path.write_text(json.dumps(stored), encoding="utf-8")
    path.rename(path.with_name(f"{int(ahead.timestamp() * 1e9)}-{path.name.partition('-')[2]}"))

    done = computer.devlog("send")

    assert done.code == 0, done.err
    assert [one.entry for one in service.kept(computer.user)] == [ENTRY]


# -- what is written -----------------------------------------------------------------------------------------------


def test_bytes_that_are_no_text_are_told_and_kept_as_they_are(service, computer):
    content = "Größe der Schlüssel".encode("iso-8859-1")

    done = computer.devlog("-", typed=content)

    assert done.code == 1
    assert "UTF-8" in done.err
    assert str(computer.state / "refused") in done.err
    assert content in [path.read_bytes() for path in computer.refused()]
    assert service.entries(computer.user) == [] == computer.waiting()


def test_an_argument_whose_bytes_are_no_text_is_told(service, computer):
    done = subprocess.run(
        [sys.executable, str(CLIENT), b"Gr\xf6\xdfe"],
        env=computer.with_variables({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode in (1, 2)
    assert b"UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr
    assert service.entries(computer.user) == [] == computer.waiting()


def test_line_ends_of_windows_and_a_mark_at_the_beginning_are_taken_away(service, computer):
    computer.devlog("-", typed=b"\xef\xbb\xbfWrote Flask.\r\n\r\nAnd Django.\r\n")

    assert service.entries(computer.user) == ["Wrote Flask.\n\nAnd Django."]


def test_utf_16_as_windows_writes_it_is_told_and_not_lost(service, computer):
    content = "Wrote Flask.".encode("utf-16")

    done = computer.devlog("-", typed=content)

    assert done.code == 1
    assert content in [path.read_bytes() for path in computer.refused()]
    assert service.entries(computer.user) == []


def test_a_zero_byte_is_refused_and_the_text_not_lost(service, computer):
    done = computer.devlog("-", typed=b"Wrote\x00Flask.")

    assert done.code == 1
    assert str(computer.state / "refused") in done.err
    assert any(b"Flask." in path.read_bytes() for path in computer.refused())
    assert service.entries(computer.user) == [] == computer.waiting()


@pytest.mark.parametrize("typed", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", "\u00a0\u2003".encode()])
def test_nothing_but_white_space_is_no_entry(service, computer, typed):
    done = computer.devlog("-", typed=typed)

    assert done.code in (0, 1, 2)
    assert done.err != ""
    assert service.entries(computer.user) == [] == computer.waiting()


@pytest.mark.parametrize("date", ["tomorrowish", "2026-02-30", "2026-13-01", "28.11.2026", "", "0000-00-00"])
def test_a_date_that_is_none_is_wrong_use(service, computer, date):
    done = computer.devlog("--date", date, ENTRY)

    assert done.code == 2
    assert "date" in done.err.lower()
    assert service.entries(computer.user) == [] == computer.waiting()


@pytest.mark.parametrize("date", ["9999-12-31", (datetime.now(UTC) + timedelta(days=3)).date().isoformat()])
def test_a_date_in_the_future_is_refused(service, computer, date):
    done = computer.devlog("--date", date, ENTRY)

    assert done.code in (1, 2)
    assert "future" in done.err
    assert service.entries(computer.user) == [] == computer.waiting()


def test_a_date_long_ago_is_taken(service, computer):
    assert computer.devlog("--date", "1999-12-31", ENTRY).code == 0
    assert service.kept(computer.user)[0].created_at.startswith("1999-12-31")


@pytest.mark.parametrize("zone", ["<EAST>-14", "<WEST>+12"])
def test_today_is_the_day_where_the_computer_is(service, computer, zone):
    """There it may be tomorrow or yesterday already; the service must take it all the same."""
    offset = timedelta(hours=14 if "EAST" in zone else -12)
    date = (datetime.now(UTC) + offset).date().isoformat()

    done = computer.devlog("--date", date, ENTRY, TZ=zone)

    assert done.code == 0, done.err
    assert service.entries(computer.user) == [ENTRY]


@pytest.mark.parametrize("arguments", [["--no-such-option", "Words"], ["stack", "--format", "xml"], ["hook", "dance"]])
def test_wrong_use_ends_with_two_and_says_what_is_right(service, computer, arguments):
    done = computer.devlog(*arguments)

    assert done.code == 2
    assert "devlog" in done.err
    assert service.entries(computer.user) == []


# -- a computer that is set up wrongly -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b'{"address": 5, "token": []}', b"\xff\xfe\x00", b'{"address": null}'],
    ids=["empty", "half", "list", "text", "wrong types", "no UTF-8", "null"],
)
@pytest.mark.parametrize("command", [[ENTRY], ["today"], ["send"]], ids=" ".join)
def test_a_broken_configuration_is_named_and_loses_no_entry(computer, command, content):
    computer.config.write_bytes(content)

    done = computer.devlog(*command, DEVLOG_URL=None)

    assert done.code in (1, 75)
    assert str(computer.config) in done.err or content == b'{"address": null}'
    if command == [ENTRY]:
        assert ENTRY in computer.waiting_texts() or ENTRY in done.err


def test_a_configuration_that_is_a_folder_is_named(computer):
    computer.config.unlink()
    computer.config.mkdir()

    done = computer.devlog("today")

    assert done.code == 1
    assert str(computer.config) in done.err


def test_a_configuration_that_others_may_read_is_warned_of(service, computer):
    computer.config.chmod(0o644)

    done = computer.devlog(ENTRY)

    assert done.code == 0
    assert str(computer.config) in done.err
    assert service.entries(computer.user) == [ENTRY]


@pytest.mark.parametrize("token", ["tök€n", "two\nlines", "two\r\nX-Evil: yes", " ", "\x00", "x" * 100_000])
def test_a_token_that_can_be_none_is_told_without_being_shown(service, computer, token):
    computer.configure(service.address, token)

    done = computer.devlog(ENTRY)

    assert done.code in (1, 75)
    assert "token" in done.err
    assert token.strip() == "" or token not in done.err
    assert kept(computer) == [ENTRY]


def test_a_folder_that_is_gone_below_ones_feet_is_no_hindrance(service, computer, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'rmdir "{gone}"; "$0" "$1" "{ENTRY}"'

    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, str(CLIENT)],
        cwd=gone,
        env=computer.with_variables({}),
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert service.entries(computer.user) == [ENTRY]


@pytest.mark.parametrize("home", [None, "/dev/null"], ids=["none", "no folder"])
def test_without_a_home_an_entry_is_sent_or_shown(service, computer, home):
    environment = {"HOME": home, "DEVLOG_URL": service.address, "DEVLOG_TOKEN": service.tokens[computer.user]}
    if home is None and os.geteuid() == 0:
        environment |= {
            "XDG_STATE_HOME": str(computer.home / "state"),
            "XDG_CONFIG_HOME": str(computer.home / "config"),
        }

    done = computer.devlog(ENTRY, **environment)

    assert ENTRY in [*service.entries(computer.user), *done.err.splitlines()]
