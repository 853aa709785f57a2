import gzip
import json
import logging
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import httpx2
import openai
import pytest

from tagging.extraction.base import MAX_RETRY_AFTER_SECONDS, ErrorCode, ExtractionError, Technology, WaitingFor
from tagging.extraction.openai import prompt
from tagging.extraction.openai.client import OpenAIExtractor
from tagging.extraction.openai.faults import retry_after
from tests.support.replies import REPLIES, Reply, completion, error, reply_named
from tests.support.wire import FakeOpenAI

KEY = "sk-test-0123456789abcdefghij"
ENTRY = "Heute Django mit Redis verbunden, geheimes Projekt Nachtfalke."
PROVIDER, RATE_LIMIT = WaitingFor.PROVIDER, WaitingFor.RATE_LIMIT


class Model:
    """A model behind a mock transport: gives the named replies in turn, then good answers, and keeps the bodies."""

    def __init__(self, *names):
        self.names = list(names)
        self.bodies = []

    def __call__(self, request):
        self.bodies.append(json.loads(request.content))
        name = self.names.pop(0) if self.names else "ok"
        if isinstance(name, Exception):
            raise name
        reply = reply_named(name, self.bodies[-1], request.headers["authorization"])
        # As a stream, for the extractor to read as it does over a socket.
        headers = {"content-type": reply.content_type, **reply.headers}
        return httpx2.Response(reply.status, stream=httpx2.ByteStream(reply.body), headers=headers)

    @property
    def formats(self):
        return [body.get("response_format", {}).get("type") for body in self.bodies]


@pytest.fixture
def extractor():
    """Build extractors whose wire is cut at a mock transport, and close them afterwards."""
    built = []

    def build(model, /, **options):
        http_client = openai.DefaultHttpx2Client(transport=httpx2.MockTransport(model))
        built.append(OpenAIExtractor(api_key=KEY, http_client=http_client, **options))
        return built[-1]

    yield build
    for each in built:
        each.close()


@pytest.fixture
def on_socket():
    """Build extractors with the real client, for a server on a loopback socket."""
    built = []

    def build(server, **options):
        built.append(OpenAIExtractor(api_key=KEY, base_url=server.base_url, **options))
        return built[-1]

    yield build
    for each in built:
        each.close()


def failure(extractor, entry=ENTRY):
    with pytest.raises(ExtractionError) as caught:
        extractor.extract(entry)
    return caught.value


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_names_technologies_with_their_evidence(extractor):
    extraction = extractor(Model("ok")).extract(ENTRY)

    assert extraction.technologies == [Technology("Django", "Django"), Technology("Redis", "Redis")]


def test_an_answer_tells_the_configured_model_the_prompt_and_the_tokens(extractor):
    asking = extractor(Model("ok"), model="gpt-6-luna")

    extraction = asking.extract(ENTRY)

    assert (asking.model, asking.prompt_version) == ("gpt-6-luna", prompt.VERSION)
    assert (extraction.input_tokens, extraction.output_tokens) == (120, 30)


def test_an_entry_without_technologies_has_an_honest_empty_answer(extractor):
    assert extractor(Model("ok")).extract("Nur Besprechungen.").technologies == []


def test_an_answer_without_usage_counts_no_tokens(extractor):
    body = json.loads(completion('{"technologies": []}'))
    del body["usage"]

    extraction = extractor(Model(Reply(200, json.dumps(body).encode()))).extract(ENTRY)

    assert (extraction.input_tokens, extraction.output_tokens) == (0, 0)


@pytest.mark.parametrize("tokens", [-1, 10**30])
def test_impossible_usage_is_not_passed_on_to_the_books(extractor, tokens):
    body = json.loads(completion('{"technologies": []}'))
    body["usage"]["prompt_tokens"] = tokens

    assert failure(extractor(Model(Reply(200, json.dumps(body).encode())))).code == ErrorCode.BAD_ANSWER


@pytest.mark.parametrize("name", ["fenced", "prose"])
def test_a_wrapped_answer_is_read_at_once(extractor, name):
    model = Model(name)

    extraction = extractor(model).extract(ENTRY)

    assert [technology.name for technology in extraction.technologies] == ["Django", "Redis"]
    assert len(model.bodies) == 1


UNUSABLE = {
    "two_objects": ErrorCode.BAD_ANSWER,
    "chatter": ErrorCode.BAD_ANSWER,
    "null_content": ErrorCode.BAD_ANSWER,
    "wrong_schema": ErrorCode.BAD_ANSWER,
    "names_only": ErrorCode.BAD_ANSWER,
    "half_an_item": ErrorCode.BAD_ANSWER,
    "cut_off": ErrorCode.ANSWER_CUT_OFF,
    "complete_but_cut_off": ErrorCode.ANSWER_CUT_OFF,
    "refusal": ErrorCode.REFUSED,
    "content_filter": ErrorCode.REFUSED,
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_answer_is_asked_for_once_more(extractor, name):
    extraction = extractor(Model(name)).extract(ENTRY)

    assert [technology.name for technology in extraction.technologies] == ["Django", "Redis"]


def test_both_calls_of_a_repaired_answer_are_paid_for(extractor):
    extraction = extractor(Model("chatter")).extract(ENTRY)

    assert (extraction.input_tokens, extraction.output_tokens) == (240, 60)


@pytest.mark.parametrize("name, code", UNUSABLE.items())
def test_a_second_unusable_answer_costs_an_attempt(extractor, name, code):
    model = Model(name, name)

    error = failure(extractor(model))

    assert (error.code, error.permanent, error.waiting_for) == (code, False, None)
    assert len(model.bodies) == 2


def test_the_repair_shows_the_model_its_answer_and_keeps_the_turns_alternating(extractor):
    model = Model("chatter")

    extractor(model).extract(ENTRY)

    turns = model.bodies[1]["messages"]
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[2]["content"] == "I would say Django and Redis."


# --- the request -----------------------------------------------------------------------------------------------------


def test_the_request_asks_for_the_strict_schema_and_for_nothing_to_be_stored(extractor):
    model = Model()

    extractor(model).extract(ENTRY)

    body = model.bodies[0]
    assert body["messages"] == prompt.messages(ENTRY)
    assert body["response_format"]["json_schema"] == {
        "name": "technologies",
        "strict": True,
        "schema": prompt.SCHEMA,
    }
    assert {key: body[key] for key in body.keys() - {"messages", "response_format"}} == {
        "model": "gpt-6-luna",
        "reasoning_effort": "none",
        "store": False,
        "max_completion_tokens": 4000,
    }


def test_optional_parameters_are_left_out_when_empty(extractor):
    model = Model()

    extractor(
        model, reasoning_effort="", service_tier="", store=None, max_completion_tokens=None, response_format="text"
    ).extract(ENTRY)

    assert model.bodies[0].keys() == {"model", "messages"}


def test_optional_parameters_are_sent_when_set(extractor):
    model = Model()

    extractor(model, service_tier="flex", max_tokens=500, store=True).extract(ENTRY)

    assert {key: model.bodies[0][key] for key in ("service_tier", "max_tokens", "store")} == {
        "service_tier": "flex",
        "max_tokens": 500,
        "store": True,
    }


def test_settings_become_the_extractor():
    class Settings:
        OPENAI_API_KEY = KEY
        OPENAI_BASE_URL = ""
        OPENAI_MODEL = "local-model"
        OPENAI_TIMEOUT_SECONDS = 5.0
        OPENAI_RESPONSE_FORMAT = "json_object"
        OPENAI_REASONING_EFFORT = ""
        OPENAI_SERVICE_TIER = ""
        OPENAI_STORE = None
        OPENAI_SAFETY_IDENTIFIER = False
        OPENAI_MAX_COMPLETION_TOKENS = None
        OPENAI_MAX_TOKENS = 300

    with FakeOpenAI() as server:
        Settings.OPENAI_BASE_URL = server.base_url
        asking = OpenAIExtractor.from_settings(Settings)
        asking.extract(ENTRY, safety_identifier="hash-of-ada")
        asking.close()

    body = server.requests[0].body
    assert {key: body[key] for key in body.keys() - {"messages"}} == {
        "model": "local-model",
        "max_tokens": 300,
        "response_format": {"type": "json_object"},
    }


def test_an_unknown_response_format_is_told_at_once_with_its_setting():
    with pytest.raises(ValueError, match="OPENAI_RESPONSE_FORMAT must be one of json_schema, json_object, text"):
        OpenAIExtractor(response_format="yaml")


# --- response formats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusing, tried",
    [
        ("no_json_schema", ["json_schema", "json_object", "json_object"]),
        ("no_response_format", ["json_schema", "json_object", None, None]),
    ],
)
def test_a_refused_response_format_is_stepped_down_and_remembered(extractor, refusing, tried):
    model = Model(*[refusing] * 5)
    asking = extractor(model)

    asking.extract(ENTRY)
    asking.extract(ENTRY)

    assert model.formats == tried


def test_a_complaint_that_no_plainer_format_cures_is_not_remembered(extractor):
    complaint = error(400, "messages[1]: 'heute response_format json_schema getestet' is invalid")
    model = Model(complaint, complaint, complaint)
    asking = extractor(model)

    refused = failure(asking)
    asking.extract(ENTRY)

    assert (refused.code, refused.permanent) == (ErrorCode.BAD_REQUEST, True)
    assert model.formats == ["json_schema", "json_object", None, "json_schema"]


# --- faults ----------------------------------------------------------------------------------------------------------

FAULTS = [
    # reply, code, permanent, waiting_for, retry_after
    ("rate_limit", ErrorCode.RATE_LIMITED, False, RATE_LIMIT, 7.0),
    ("rate_limit_ms", ErrorCode.RATE_LIMITED, False, RATE_LIMIT, 0.25),
    ("rate_limit_silent", ErrorCode.RATE_LIMITED, False, RATE_LIMIT, None),
    ("insufficient_quota", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("unauthorized", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("forbidden", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("model_not_found", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("unknown_parameter", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("context_length", ErrorCode.ENTRY_TOO_LONG, True, None, None),
    ("context_size", ErrorCode.ENTRY_TOO_LONG, True, None, None),
    (error(400, "no", code="context_length_exceeded"), ErrorCode.ENTRY_TOO_LONG, True, None, None),
    (error(400, "no", type="exceed_context_size_error"), ErrorCode.ENTRY_TOO_LONG, True, None, None),
    (error(413, "no"), ErrorCode.ENTRY_TOO_LONG, True, None, None),
    ("bad_request", ErrorCode.BAD_REQUEST, True, None, None),
    ("unprocessable", ErrorCode.BAD_REQUEST, True, None, None),
    ("content_policy", ErrorCode.REFUSED, True, None, None),
    ("request_timeout", ErrorCode.SERVER_ERROR, False, None, None),
    ("conflict", ErrorCode.SERVER_ERROR, False, None, None),
    ("server_error", ErrorCode.SERVER_ERROR, False, None, None),
    ("bad_gateway", ErrorCode.SERVER_ERROR, False, None, None),
    ("overloaded", ErrorCode.SERVER_ERROR, False, None, 3.0),
    (httpx2.ConnectError("refused"), ErrorCode.UNREACHABLE, False, None, None),
    (httpx2.RemoteProtocolError("hung up"), ErrorCode.UNREACHABLE, False, None, None),
    (httpx2.ReadTimeout("slow"), ErrorCode.TIMEOUT, False, None, None),
    (httpx2.ConnectTimeout("slow"), ErrorCode.TIMEOUT, False, None, None),
    ("not_json", ErrorCode.BAD_ANSWER, False, None, None),
    ("html", ErrorCode.BAD_ANSWER, False, None, None),
    ("empty_object", ErrorCode.BAD_ANSWER, False, None, None),
    ("empty_body", ErrorCode.BAD_ANSWER, False, None, None),
    ("null", ErrorCode.BAD_ANSWER, False, None, None),
    ("no_choices", ErrorCode.BAD_ANSWER, False, None, None),
    ("error_in_200", ErrorCode.BAD_ANSWER, False, None, None),
    ("oversized", ErrorCode.BAD_ANSWER, False, None, None),
]


@pytest.mark.parametrize("reply, code, permanent, waiting_for, seconds", FAULTS, ids=str)
def test_a_fault_is_sorted_by_whose_it_is(extractor, reply, code, permanent, waiting_for, seconds):
    error = failure(extractor(Model(reply)))

    assert (error.code, error.permanent, error.waiting_for, error.retry_after) == (
        code,
        permanent,
        waiting_for,
        seconds,
    )


@pytest.mark.parametrize("reply", [row[0] for row in FAULTS], ids=str)
def test_a_fault_is_never_asked_about_twice(extractor, reply):
    model = Model(reply)

    failure(extractor(model))

    assert len(model.bodies) == 1


@pytest.mark.parametrize("status", [302, 402, 405])
def test_a_status_that_speaks_of_the_address_or_the_account_pauses_the_queue(extractor, status):
    assert failure(extractor(Model(error(status, "no")))).waiting_for == PROVIDER


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens.",
        "Requested tokens (2285) exceed context window of 2048",
        "The number of tokens to keep is greater than the context length",
        "Context size has been exceeded.",
    ],
)
@pytest.mark.parametrize("status", [400, 500])
def test_servers_without_a_code_say_in_words_that_the_entry_is_too_long(extractor, message, status):
    assert failure(extractor(Model(error(status, message)))).code == ErrorCode.ENTRY_TOO_LONG


TOO_LONG = "This model's maximum context length is {} tokens. However, {}"
COUNTED = "you requested 4600 tokens (600 in the messages, 4000 in the completion)."
COUNTED_TOO = "you requested 4000 output tokens and your prompt contains at least 600 input tokens."
TOO_LARGE = (
    "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is {} tokens and "
    "your request has 600 input tokens (4000 > {} - 600)."
)


@pytest.mark.parametrize("limit", ["max_completion_tokens", "max_tokens"])
@pytest.mark.parametrize(
    "message", [TOO_LONG.format(4096, COUNTED), TOO_LONG.format(4096, COUNTED_TOO), TOO_LARGE.format(2048, 2048)]
)
def test_an_answers_limit_that_leaves_no_entry_any_room_pauses_the_queue_and_is_named(extractor, message, limit):
    asking = extractor(Model(error(400, message)), **{"max_completion_tokens": None, limit: 4000})

    refused = failure(asking)

    assert (refused.code, refused.waiting_for) == (ErrorCode.PROVIDER_REFUSED, PROVIDER)
    assert f"lower OPENAI_{limit.upper()} (HTTP 400" in refused.detail


@pytest.mark.parametrize(
    "message",
    [
        TOO_LONG.format(8192, COUNTED),  # a shorter entry has room
        TOO_LONG.format(4096, "your messages resulted in 9000 tokens."),  # the answer is not counted
        f"Cannot parse this: {TOO_LONG.format(4096, COUNTED)}",  # perhaps an entry
    ],
)
def test_an_entry_that_others_would_fit_beside_fails_alone_and_both_ways_out_are_told(extractor, message):
    refused = failure(extractor(Model(error(400, message))))

    assert (refused.code, refused.permanent) == (ErrorCode.ENTRY_TOO_LONG, True)
    assert "shorten it, or lower OPENAI_MAX_COMPLETION_TOKENS (HTTP 400" in refused.detail


def test_a_limit_that_was_not_sent_is_not_named(extractor):
    detail = failure(extractor(Model("context_size"), max_completion_tokens=None)).detail

    assert detail == "The entry is too long for the model: shorten it (HTTP 400, code 400, request req_fake)."


def test_an_error_names_status_code_and_request_but_nothing_the_provider_wrote(extractor):
    error = failure(extractor(Model("unauthorized")))

    assert error.detail == "The provider refuses us (HTTP 401, code invalid_api_key, request req_fake)."


@pytest.mark.parametrize(
    "reply",
    [
        error(400, "no", code=f"bad_{KEY}"),
        error(400, "no", code=ENTRY),
        error(400, "no", headers={"x-request-id": KEY}),
    ],
)
def test_a_code_or_request_id_that_is_no_plain_word_is_left_out(extractor, reply):
    detail = failure(extractor(Model(reply))).detail

    assert KEY not in detail
    assert "Nachtfalke" not in detail


@pytest.mark.parametrize("odd", [{"a": 1}, ["x"], 7])
@pytest.mark.parametrize("status, code", [(503, ErrorCode.SERVER_ERROR), (400, ErrorCode.BAD_REQUEST)])
def test_an_error_body_with_odd_types_is_sorted_like_any_other(extractor, odd, status, code):
    assert failure(extractor(Model(error(status, "no", code=odd, type=odd, param=odd)))).code == code


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "60"}, 60.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "999999999"}, MAX_RETRY_AFTER_SECONDS),
        ({"retry-after": "inf"}, MAX_RETRY_AFTER_SECONDS),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, MAX_RETRY_AFTER_SECONDS),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Sat, 99 Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_every_notation_and_bounded(headers, seconds):
    assert retry_after(httpx2.Headers(headers), datetime(2026, 11, 21, 12, 0, tzinfo=UTC)) == seconds


def test_a_date_without_a_zone_is_utc_on_every_machine(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    headers = httpx2.Headers({"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"})

    seconds = retry_after(headers, datetime(2026, 11, 21, 12, 0, tzinfo=UTC))

    monkeypatch.undo()
    time.tzset()
    assert seconds == 30


# --- what must not leave ---------------------------------------------------------------------------------------------

PLANTED = "hunter2-Nachtfalke"


@pytest.mark.parametrize("name", sorted(REPLIES.keys() - {"hang", "reset", "stalled", "dripping", "cut_short"}))
def test_secrets_stay_out_of_bodies_logs_and_errors_whatever_the_server_does(extractor, caplog, name):
    caplog.set_level(logging.DEBUG)
    model = Model(name, name)
    told = []

    try:
        extractor(model).extract(f"Django deployed, password={PLANTED}")
    except ExtractionError as error:
        told = [error.detail, str(error), repr(error), repr(error.__cause__)]

    bodies = [json.dumps(body) for body in model.bodies]
    here = [*told, caplog.text]
    assert "Django deployed" in bodies[0]
    assert [text for text in [*bodies, *here] if PLANTED in text] == []
    assert [text for text in here if KEY in text or "Django deployed" in text or prompt.RULES[:60] in text] == []


@pytest.mark.django_db
def test_what_was_kept_back_is_counted_on_a_failed_attempt_too(extractor, make_devlog, run_jobs):
    devlog = make_devlog(f"Django deployed, password={PLANTED}")

    run_jobs(extractor(Model("server_error")))

    attempt = devlog.job.timeline.get()
    assert (attempt.error_code, attempt.redacted) == ("server_error", {"password": 1})


def test_a_traceback_of_an_error_shows_nothing_the_provider_wrote(extractor, caplog):
    try:
        extractor(Model("unauthorized")).extract(ENTRY)
    except ExtractionError:
        logging.getLogger("test").exception("Job failed.")

    assert "HTTP 401" in caplog.text
    assert KEY not in caplog.text


# --- over a socket, with the real client -----------------------------------------------------------------------------


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
        ("html", ErrorCode.BAD_ANSWER),
        ("empty_body", ErrorCode.BAD_ANSWER),
        ("oversized", ErrorCode.BAD_ANSWER),
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
        (400, ErrorCode.TIMEOUT, None),  # whose fault it is would stand in the body
    ],
)
def test_an_error_that_drips_for_ever_ends_in_time_and_is_what_its_status_says(on_socket, status, code, waiting_for):
    dripping = Reply(status, b" " * 10_000, {"retry-after": "30"}, how="dripping")  # takes 200 seconds
    began_at = time.monotonic()

    with FakeOpenAI(faults=[dripping]) as server:
        error = failure(on_socket(server, timeout_seconds=0.5))

    assert (error.code, error.permanent, error.waiting_for) == (code, False, waiting_for)
    assert error.retry_after == (None if status == 400 else 30)
    assert time.monotonic() - began_at < 20


@pytest.mark.parametrize("status, code", [(400, ErrorCode.BAD_REQUEST), (200, ErrorCode.BAD_ANSWER)])
def test_a_flood_is_not_read_to_its_end(on_socket, status, code):
    with FakeOpenAI(faults=[Reply(status, b"x" * 50_000_000, how="flooding")]) as server:
        error = failure(on_socket(server))

        assert error.code == code
        assert server.flooded < 25_000_000  # of which most lies in the buffers of the loopback


def test_whose_fault_it_is_stands_at_the_beginning_of_an_oversized_error(extractor):
    refusing = reply_named("unauthorized", {})
    endless = Reply(refusing.status, refusing.body + b" " * 50_000_000)

    assert failure(extractor(Model(endless))).waiting_for == PROVIDER


def test_a_packed_body_is_neither_asked_for_nor_unpacked(on_socket):
    packed = Reply(200, gzip.compress(completion('{"technologies": []}')), {"content-encoding": "gzip"})

    with FakeOpenAI(faults=[packed]) as server:
        error = failure(on_socket(server))

    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert error.code == ErrorCode.BAD_ANSWER


def test_a_redirect_is_not_followed_to_a_host_that_is_not_configured(on_socket):
    with FakeOpenAI() as elsewhere:
        moved = Reply(307, headers={"location": f"{elsewhere.base_url}/chat/completions"})
        with FakeOpenAI(faults=[moved]) as server:
            error = failure(on_socket(server))

    assert error.waiting_for == PROVIDER
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


def test_a_failed_call_says_what_was_paid_all_the_same(extractor):
    model = Model("cut_off", "cut_off")

    with pytest.raises(ExtractionError) as caught:
        extractor(model).extract(ENTRY)

    assert caught.value.input_tokens > 0
    assert caught.value.output_tokens > 0
