"""What is too much or makes no sense is refused by its own status, by the real servers; and others go on."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from devlog_project.api import parsers
from devlog_project.ops.csp import HEADERS
from devlog_project.ops.serving.incoming import MAX_BODY_BYTES, MAX_BULK_BODY_BYTES
from tests.support.servers import Server
from tests.support.site import Site

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="gunicorn is not for Windows")
DEVLOGS = "/api/v1/devlogs/"
ENTRY = '"entry": "Wrote a Django app."'
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=x"
FILE = '--x\r\nContent-Disposition: form-data; name="entry"; filename="a"\r\n\r\n' + 300_000 * "x" + "\r\n--x--\r\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("limits")) as site:
        site.migrate()
        yield site


@pytest.fixture(scope="module")
def gunicorn(site) -> Server:
    return site.serve("gunicorn").wait_until_it_answers()


@pytest.fixture(scope="module")
def uvicorn(site) -> Server:
    return site.serve("uvicorn").wait_until_it_answers()


def sent(server: Server, line: str, *headers: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send this as it is; return the status, the headers and the body of the answer."""
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""])
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while part := connection.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(one.split(": ", 1) for one in lines), body


def posted(server: Server, body: str, *headers: str, path: str = DEVLOGS) -> tuple[int, dict[str, str], bytes]:
    data = body.encode()
    return sent(server, f"POST {path}", *headers, f"Content-Length: {len(data)}", body=data)


def nested(depth: int) -> str:
    return f"{{{ENTRY}, " + '"more": ' + depth * "[" + depth * "]" + "}"


# -- the head ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "headers", "status", "said"),
    [
        (f"GET /{5000 * 'a'}", [], 414, "at most 4,094 bytes"),
        (f"GET {DEVLOGS}?q={30_000 * 'a'}", [], 414, "ask for less at a time"),
        (f"GET {DEVLOGS}", [f"X-{number}: a" for number in range(150)], 431, "At most 100 headers"),
        (f"GET {DEVLOGS}", [f"X: {9000 * 'a'}"], 431, "of 8,190 bytes each"),
        (f"GET {DEVLOGS}", [f"X: {70_000 * 'a'}"], 431, "of 8,190 bytes each"),
        (f"GET {DEVLOGS}", ["Host: evil.example"], 400, "no valid HTTP request"),
        (f"GET {DEVLOGS}", ["X: a\nHost: evil.example"], 400, "no valid HTTP request"),
        (f"GET {DEVLOGS}", [" folded: a"], 400, "no valid HTTP request"),
        (f"POST {DEVLOGS}", ["Content-Length: 0", "Content-Length: 2"], 400, "no valid HTTP request"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_head_that_is_too_much_or_means_two_things_is_refused_with_the_reason(gunicorn, line, headers, status, said):
    answered, told, body = sent(gunicorn, line, *headers)

    assert (answered, told["Content-Type"]) == (status, "application/problem+json")
    assert said in json.loads(body)["detail"]
    assert {name: told.get(name) for name in HEADERS} == HEADERS
    assert gunicorn.get("/healthz").status == 200


def test_a_query_of_many_parameters_is_refused_in_a_moment(gunicorn):
    many = "&".join(f"a{number}" for number in range(800))

    status, _, body = sent(gunicorn, f"GET {DEVLOGS}?{many[:4000]}")

    assert (status, "Unknown parameter" in body.decode()) == (400, True)


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_no_server_says_which_version_it_is(request, server):
    _, told, _ = sent(request.getfixturevalue(server), "GET /healthz")

    assert {name.lower(): value for name, value in told.items()}["server"] == server


# -- the body ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (nested(parsers.MAX_DEPTH), "nested too deeply: at most 20"),
        (nested(5000), "nested too deeply: at most 20"),
        (nested(100_000), "nested too deeply: at most 20"),
        ('{"a": ' * 30 + "1" + 30 * "}", "nested too deeply: at most 20"),
        (f'{{{ENTRY}, "n": {41 * "9"}}}', "a number is too large or too long"),
        (f'{{{ENTRY}, "n": {200_000 * "9"}}}', "a number is too large or too long"),
        (f'{{{ENTRY}, "n": 1e400}}', "a number is too large or too long: 1e400"),
        (f'{{{ENTRY}, "external_id": -1E999}}', "a number is too large or too long"),
        (f'{{{ENTRY}, "n": NaN}}', "NaN is no JSON value"),
        (f"{{{ENTRY}, {ENTRY.replace('Django', 'Flask')}}}", "this name stands more than once: entry"),
        ("{" + ", ".join(f'"{number}": 1' for number in range(1001)) + "}", "an object has 1,001 names"),
    ],
    ids=lambda value: value[:30],
)
def test_json_that_is_too_much_or_cannot_be_meant_is_refused_with_the_reason(gunicorn, body, said):
    status, _, answer = posted(gunicorn, body, "Content-Type: application/json")

    assert (status, json.loads(answer)["status"]) == (400, 400)
    assert said in json.loads(answer)["detail"]


@pytest.mark.parametrize("body", [nested(parsers.MAX_DEPTH - 1), f'{{{ENTRY}, "n": {40 * "9"}}}'])
def test_what_is_just_not_too_much_is_read(gunicorn, body):
    status, _, answer = posted(gunicorn, body, "Content-Type: application/json")

    assert (status, list(json.loads(answer)["errors"])) == (400, [list(json.loads(body))[-1]])


def test_brackets_within_an_entry_are_no_nesting(gunicorn):
    status, _, answer = posted(gunicorn, json.dumps({"entry": 500 * "[{"}), "Content-Type: application/json")

    assert (status, json.loads(answer)["entry"]) == (201, 500 * "[{")


@pytest.mark.parametrize(
    ("path", "header", "body", "status"),
    [
        (DEVLOGS, FORM, "entry=x", 415),
        (DEVLOGS, MULTIPART, FILE, 415),
        (DEVLOGS, "Content-Type: text/plain", f"{{{ENTRY}}}", 415),
        (DEVLOGS, "Content-Type: application/json", json.dumps({"entry": 300_000 * "x"}), 413),
        ("/login/", MULTIPART, 600_000 * "x", 413),
        ("/login/", FORM, "&".join(f"a{number}=1" for number in range(2000)), 403),
    ],
    ids=["form", "file", "text", "json", "large file", "many fields"],
)
def test_a_body_of_another_kind_or_size_is_refused_by_its_status(gunicorn, path, header, body, status):
    answered, told, answer = posted(gunicorn, body, header, path=path)

    assert (answered, told["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(answer)["status"] == status


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
@pytest.mark.parametrize(
    ("path", "size"),
    [(DEVLOGS, MAX_BODY_BYTES), ("/login/", MAX_BODY_BYTES), (f"{DEVLOGS}bulk/", MAX_BULK_BODY_BYTES)],
)
def test_a_body_is_read_no_further_than_it_may_be_long(request, server, path, size):
    line, header = f"POST {path}", f"Content-Length: {1000 * size}"

    status, told, answer = sent(request.getfixturevalue(server), line, MULTIPART, header, body=(size + 1) * b"x")

    assert (status, json.loads(answer)["status"]) == (413, 413)
    told = {name.lower(): value for name, value in told.items()}
    assert told["x-content-type-options"] == "nosniff"
    assert told["x-request-id"]


# -- slow clients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
@pytest.mark.parametrize(
    "half", [b"POST /api/v1/dev", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1"]
)
def test_beside_a_hundred_half_requests_others_are_answered(request, server, half):
    server = request.getfixturevalue(server)
    with ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            connection.sendall(half)

        statuses = [server.get(path).status for path in ("/healthz", "/readyz", DEVLOGS)]

    assert statuses == [200] * 3
