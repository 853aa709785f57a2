"""Whose fault a failed call is, as the status, the code or the exception tells it."""

import time
from datetime import UTC, datetime

import httpx2
import pytest

from tagging.extraction.base import MAX_RETRY_AFTER_SECONDS, ErrorCode
from tagging.extraction.openai.refusals import retry_after
from tests.support.model import ENTRY, KEY, PROVIDER, RATE_LIMIT, Model, failure
from tests.support.replies import Reply, error

FAULTS = [
    # reply, code, permanent, waiting_for, retry_after
    ("rate_limit", ErrorCode.RATE_LIMITED, False, RATE_LIMIT, 7.0),
    ("rate_limit_ms", ErrorCode.RATE_LIMITED, False, RATE_LIMIT, 0.25),
    ("rate_limit_silent", ErrorCode.RATE_LIMITED, False, RATE_LIMIT, None),
    ("insufficient_quota", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("unauthorized", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("model_not_found", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("unknown_parameter", ErrorCode.PROVIDER_REFUSED, False, PROVIDER, None),
    ("forbidden", ErrorCode.PROVIDER_REFUSED, False, None, None),
    (error(404, "no"), ErrorCode.PROVIDER_REFUSED, False, None, None),
    (error(302, "no"), ErrorCode.PROVIDER_REFUSED, False, None, None),
    ("bad_request", ErrorCode.BAD_REQUEST, False, None, None),
    ("unprocessable", ErrorCode.BAD_REQUEST, False, None, None),
    (error(405, "no"), ErrorCode.BAD_REQUEST, False, None, None),
    (error(451, "no", headers={"retry-after": "9"}), ErrorCode.BAD_REQUEST, False, None, 9.0),
    ("context_length", ErrorCode.ENTRY_TOO_LONG, True, None, None),
    ("context_size", ErrorCode.ENTRY_TOO_LONG, True, None, None),
    (error(400, "no", code="context_length_exceeded"), ErrorCode.ENTRY_TOO_LONG, True, None, None),
    (error(400, "no", type="exceed_context_size_error"), ErrorCode.ENTRY_TOO_LONG, True, None, None),
    (error(413, "no"), ErrorCode.ENTRY_TOO_LONG, True, None, None),
    ("content_policy", ErrorCode.REFUSED, True, None, None),
    ("request_timeout", ErrorCode.SERVER_ERROR, False, None, None),
    ("conflict", ErrorCode.SERVER_ERROR, False, None, None),
    ("server_error", ErrorCode.SERVER_ERROR, False, None, None),
    ("bad_gateway", ErrorCode.SERVER_ERROR, False, None, None),
    ("overloaded", ErrorCode.SERVER_ERROR, False, None, 3.0),
    (
        error(529, "no", type="overloaded_error", headers={"retry-after": "4"}),
        ErrorCode.SERVER_ERROR,
        False,
        None,
        4.0,
    ),
    (httpx2.ConnectError("refused"), ErrorCode.UNREACHABLE, False, None, None),
    (httpx2.RemoteProtocolError("hung up"), ErrorCode.UNREACHABLE, False, None, None),
    (httpx2.ProxyError("502 Bad Gateway"), ErrorCode.UNREACHABLE, False, None, None),
    (httpx2.ReadTimeout("slow"), ErrorCode.TIMEOUT, False, None, None),
    (httpx2.ConnectTimeout("slow"), ErrorCode.TIMEOUT, False, None, None),
    ("not_json", ErrorCode.SERVER_ERROR, False, None, None),
    ("html", ErrorCode.SERVER_ERROR, False, None, None),
    ("empty_object", ErrorCode.SERVER_ERROR, False, None, None),
    ("empty_body", ErrorCode.SERVER_ERROR, False, None, None),
    ("null", ErrorCode.SERVER_ERROR, False, None, None),
    ("no_choices", ErrorCode.SERVER_ERROR, False, None, None),
    ("error_in_200", ErrorCode.SERVER_ERROR, False, None, None),
    ("oversized", ErrorCode.SERVER_ERROR, False, None, None),
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


@pytest.mark.parametrize("status", [401, 402, 407])
def test_a_status_that_speaks_of_the_account_pauses_the_queue(extractor, status):
    refused = failure(extractor(Model(error(status, "no"))))

    assert (refused.code, refused.waiting_for) == (ErrorCode.PROVIDER_REFUSED, PROVIDER)


@pytest.mark.parametrize("reply", [error(407, "no"), httpx2.ProxyError("407 Proxy Authentication Required")])
def test_a_proxy_that_wants_a_password_is_named(extractor, reply):
    refused = failure(extractor(Model(reply)))

    assert refused.waiting_for == PROVIDER
    assert "user and password in HTTPS_PROXY" in refused.detail


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens.",
        "Requested tokens (2285) exceed context window of 2048",
        "The number of tokens to keep is greater than the context length",
        "Context size has been exceeded.",
    ],
)
def test_servers_without_a_code_say_in_words_that_the_entry_is_too_long(extractor, message):
    assert failure(extractor(Model(error(400, message)))).code == ErrorCode.ENTRY_TOO_LONG


QUOTED = "Heute gelernt: the prompt exceeds the context."


@pytest.mark.parametrize(
    "reply",
    [
        error(500, QUOTED),
        error(400, "no", body=QUOTED),
        error(400, f"We could not parse this body: {'x' * 200} {QUOTED}"),
        Reply(400, f'{{"messages": [{{"content": "{QUOTED}"}}]}}'.encode()),
        Reply(400, QUOTED.encode()),
    ],
    ids=str,
)
def test_an_entry_that_is_quoted_does_not_say_that_it_is_too_long(extractor, reply):
    refused = failure(extractor(Model(reply)))

    assert (refused.code == ErrorCode.ENTRY_TOO_LONG, refused.permanent) == (False, False)


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
