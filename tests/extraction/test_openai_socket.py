"""The real client of the SDK over a socket."""

import gzip
import json
import logging
import subprocess
import sys
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tagging.extraction import lexicon
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.extraction.openai import prompt
from tagging.extraction.openai.client import OpenAIExtractor
from tests.support.model import ENTRY, KEY, PLANTED, PROVIDER, Model, failure
from tests.support.replies import Reply, completion, error, reply_named
from tests.support.wire import FakeOpenAI


def test_the_founding_example_is_tagged_over_the_wire(on_socket):
    with FakeOpenAI() as server:
        extraction = on_socket(server).extract(prompt.EXAMPLES[0][0])

    assert [technology.name for technology in extraction.technologies] == [
        "Django",
        "Elasticsearch",
        "ImaginaryNoneExistence Cloud",
    ]
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "name, code",
    [
        ("rate_limit", ErrorCode.RATE_LIMITED),
        ("insufficient_quota", ErrorCode.PROVIDER_REFUSED),
        ("unauthorized", ErrorCode.PROVIDER_REFUSED),
        ("server_error", ErrorCode.SERVER_ERROR),
        ("bad_gateway", ErrorCode.SERVER_ERROR),
        ("context_size", ErrorCode.ENTRY_TOO_LONG),
        ("html", ErrorCode.SERVER_ERROR),
        ("empty_body", ErrorCode.SERVER_ERROR),
        ("oversized", ErrorCode.SERVER_ERROR),
        ("hang", ErrorCode.TIMEOUT),
        ("stalled", ErrorCode.TIMEOUT),
        ("dripping", ErrorCode.TIMEOUT),
        ("reset", ErrorCode.UNREACHABLE),
        ("cut_short", ErrorCode.UNREACHABLE),
    ],
)
def test_a_fault_over_the_wire_is_sorted_alike_and_the_next_call_works(on_socket, name, code):
    with FakeOpenAI(faults=[name]) as server:
        asking = on_socket(server, timeout_seconds=0.5 if code == ErrorCode.TIMEOUT else 30)

        error = failure(asking)

        assert error.code == code
        assert len(asking.extract(ENTRY).technologies) == 2


@pytest.mark.parametrize(
    "status, code, waiting_for",
    [
        (500, ErrorCode.SERVER_ERROR, None),
        (429, ErrorCode.RATE_LIMITED, WaitingFor.RATE_LIMIT),
        (401, ErrorCode.PROVIDER_REFUSED, WaitingFor.PROVIDER),
        (400, ErrorCode.BAD_REQUEST, None),
    ],
)
def test_an_error_that_drips_for_ever_ends_in_time_and_is_what_its_status_says(on_socket, status, code, waiting_for):
    dripping = Reply(status, b" " * 10_000, {"retry-after": "30"}, how="dripping")  # takes 200 seconds
    began_at = time.monotonic()

    with FakeOpenAI(faults=[dripping]) as server:
        error = failure(on_socket(server, timeout_seconds=0.5))

    assert (error.code, error.permanent, error.waiting_for) == (code, False, waiting_for)
    assert error.retry_after == 30
    assert time.monotonic() - began_at < 20


@pytest.mark.parametrize("status, code", [(400, ErrorCode.BAD_REQUEST), (200, ErrorCode.SERVER_ERROR)])
def test_a_flood_is_not_read_to_its_end(on_socket, status, code):
    with FakeOpenAI(faults=[Reply(status, b"x" * 50_000_000, how="flooding")]) as server:
        error = failure(on_socket(server))

        assert error.code == code
        assert server.flooded < 25_000_000  # of which most lies in the buffers of the loopback


def test_whose_fault_it_is_stands_at_the_beginning_of_an_oversized_error(extractor):
    refusing = reply_named("unauthorized", {})
    endless = Reply(refusing.status, refusing.body + b" " * 50_000_000)

    assert failure(extractor(Model(endless))).waiting_for == PROVIDER


def packed(reply, encoding="gzip"):
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    return Reply(reply.status, pack(reply.body), {"content-encoding": encoding})


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packed_answer_is_not_asked_for_but_read(on_socket, encoding):
    with FakeOpenAI(faults=[packed(Reply(200, completion('{"technologies": ["Django"]}')), encoding)]) as server:
        extraction = on_socket(server).extract(ENTRY)

    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert [technology.name for technology in extraction.technologies] == ["Django"]


def test_a_packed_error_is_sorted_by_its_code(extractor):
    assert failure(extractor(Model(packed(error(400, "no", code="invalid_api_key"))))).waiting_for == PROVIDER


@pytest.mark.parametrize("status, code", [(400, ErrorCode.BAD_REQUEST), (200, ErrorCode.SERVER_ERROR)])
def test_a_packed_giant_is_not_unpacked_to_its_end(extractor, status, code):
    bomb = packed(Reply(status, b" " * 50_000_000))
    asking = extractor(Model("ok", bomb))
    asking.extract(ENTRY)  # the first import takes memory too
    tracemalloc.start()

    refused = failure(asking)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert refused.code == code
    assert peak < 20_000_000


def test_what_only_says_that_it_is_packed_is_read_as_it_is(extractor):
    plain = Reply(200, completion('{"technologies": []}'), {"content-encoding": "gzip"})

    assert extractor(Model(plain)).extract(ENTRY).technologies == []


def test_a_redirect_is_not_followed_to_a_host_that_is_not_configured(on_socket):
    with FakeOpenAI() as elsewhere:
        moved = Reply(307, headers={"location": f"{elsewhere.base_url}/chat/completions"})
        with FakeOpenAI(faults=[moved]) as server:
            error = failure(on_socket(server))

    assert error.code == ErrorCode.PROVIDER_REFUSED
    assert elsewhere.requests == []


@pytest.mark.parametrize("name", ["ok", "unauthorized", "cut_short"])
def test_secrets_stay_out_of_the_wire_and_its_logs(on_socket, caplog, name):
    caplog.set_level(logging.DEBUG)

    with FakeOpenAI(faults=[name]) as server, suppress(ExtractionError):
        on_socket(server).extract(f"Django deployed, password={PLANTED}")

    assert "Django deployed" in json.dumps(server.requests[0].body)
    assert PLANTED not in json.dumps([server.requests[0].body, server.requests[0].headers])
    assert [word for word in (KEY, PLANTED, "Django deployed", prompt.RULES[:60]) if word in caplog.text] == []


def test_a_port_without_a_listener_is_unreachable(on_socket):
    with FakeOpenAI() as server:
        asking = on_socket(server)

    assert failure(asking).code == ErrorCode.UNREACHABLE


def test_a_server_that_needs_no_key_is_asked_without_one():
    with FakeOpenAI() as server:
        asking = OpenAIExtractor(base_url=server.base_url)
        extraction = asking.extract(ENTRY)
        asking.close()

    assert len(extraction.technologies) == 2


def test_many_threads_share_one_extractor(on_socket):
    with FakeOpenAI() as server, ThreadPoolExecutor(8) as pool:
        asking = on_socket(server)

        extractions = list(pool.map(asking.extract, [ENTRY] * 40))

    assert [len(extraction.technologies) for extraction in extractions] == [2] * 40


def test_closing_an_unused_extractor_is_nothing():
    OpenAIExtractor(api_key=KEY).close()


def test_the_sdk_is_imported_by_the_first_call_only():
    script = (
        "import sys; from tagging.extraction.openai.client import OpenAIExtractor; OpenAIExtractor(api_key='x'); "
        "print(sorted({'openai', 'httpx2', 'django'} & set(sys.modules)))"
    )

    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert out.strip() == "[]"


def test_the_hash_of_the_author_goes_along(extractor):
    model = Model()

    extractor(model).extract(ENTRY, safety_identifier="hash-of-ada")

    assert model.bodies[0]["safety_identifier"] == "hash-of-ada"


def test_a_taught_name_is_sent_only_with_an_entry_it_stands_in_and_behind_the_static_part(on_socket):
    lexicon.teach(['Zor"base = zb'])
    try:
        with FakeOpenAI() as server:
            asking = on_socket(server)
            for entry in ("Moved zb to Django.", "Moved on to Django."):
                asking.extract(entry)
            versions = [asking.prompt_version_for(entry) for entry in ("Moved zb.", "Moved on.")]
    finally:
        lexicon.teach(())
    first, second = (request.body["messages"][0]["content"] for request in server.requests)

    assert second == prompt.SYSTEM
    assert first.startswith(prompt.SYSTEM)
    assert json.loads(first.splitlines()[-1]) == [{"name": 'Zor"base', "also": ["zb"]}]
    assert versions[0] != versions[1] == prompt.VERSION


def test_the_names_taught_for_several_entries_are_sent_once(on_socket):
    lexicon.teach(["Zorbase = zb", "Quiddle"])
    try:
        with FakeOpenAI() as server, suppress(ExtractionError):
            on_socket(server).extract_together(["Moved zb.", "Zorbase and Quiddle.", "Django."])
    finally:
        lexicon.teach(())

    system = server.requests[0].body["messages"][0]["content"]
    assert [taught["name"] for taught in json.loads(system.splitlines()[-1])] == ["Zorbase", "Quiddle"]


def test_the_rule_of_the_house_follows_the_static_part_and_makes_another_version(on_socket):
    with FakeOpenAI() as server:
        asking = on_socket(server, extra_instructions="Name no internal tools.")
        asking.extract(ENTRY)
    system = server.requests[0].body["messages"][0]["content"]

    assert system.startswith(prompt.SYSTEM)
    assert "Name no internal tools." in system
    assert asking.prompt_version_for(ENTRY) not in (prompt.VERSION, on_socket(server).prompt_version_for(ENTRY))
