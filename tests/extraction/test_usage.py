"""What a call cost: as the server tells it, and never nothing where it may have cost something."""

import json

import httpx2
import pytest

from tagging.extraction.openai import prompt
from tests.support.model import ENTRY, Model, failure
from tests.support.replies import Reply, completion, error, in_200
from tests.support.wire import FakeOpenAI

ANSWER = '{"technologies": []}'
# At least two characters make a token, and the entry is sent as a JSON document.
SENT = (len(prompt.SYSTEM) + len(prompt.entry_as_data(ENTRY))) // 2


def tokens(one):
    return one.input_tokens, one.output_tokens


def test_usage_that_is_told_is_believed(extractor):
    assert tokens(extractor(Model("ok")).extract(ENTRY)) == (120, 30)


def test_both_calls_of_a_repaired_answer_are_paid_for(extractor):
    assert tokens(extractor(Model("chatter")).extract(ENTRY)) == (240, 60)


def test_a_repair_that_is_refused_leaves_the_first_call_paid_for(extractor):
    assert tokens(failure(extractor(Model("chatter", "rate_limit")))) == (120, 30)


def test_two_answers_of_no_use_are_paid_for(extractor):
    assert tokens(failure(extractor(Model("cut_off", "cut_off")))) == (240, 60)


@pytest.mark.parametrize(
    "usage",
    [None, {}, [], "120", {"prompt_tokens": None, "completion_tokens": None}]
    + [{"prompt_tokens": odd, "completion_tokens": odd} for odd in (0, -1, 10**30, "120", 1.5, True, [1])],
    ids=str,
)
def test_usage_that_is_not_told_is_estimated_and_the_answer_kept(extractor, usage):
    extraction = extractor(Model(Reply(200, completion(ANSWER, usage=usage)))).extract(ENTRY)

    assert extraction.technologies == []
    assert extraction.input_tokens == SENT
    assert len(ANSWER) // 2 <= extraction.output_tokens < 100


def test_the_number_that_is_told_counts_beside_one_that_is_not(extractor):
    usage = {"prompt_tokens": 120}

    extraction = extractor(Model(Reply(200, completion(ANSWER, usage=usage)))).extract(ENTRY)

    assert extraction.input_tokens == 120
    assert extraction.output_tokens > 0


def test_an_answer_without_the_field_is_estimated_too(extractor):
    body = {"choices": [{"message": {"content": ANSWER}}]}

    assert extractor(Model(in_200(body))).extract(ENTRY).input_tokens == SENT


def test_thoughts_are_estimated_with_the_answer(extractor):
    thinking = [{"type": "thinking", "thinking": "h" * 1000}, {"type": "text", "text": ANSWER}]

    extraction = extractor(Model(Reply(200, completion(thinking, usage=None)))).extract(ENTRY)

    assert 500 < extraction.output_tokens < 700


@pytest.mark.parametrize(
    "limits, answer",
    [
        ({}, 4000),
        ({"max_completion_tokens": None, "max_tokens": 300}, 300),
        ({"max_completion_tokens": None}, 2000),
    ],
)
@pytest.mark.parametrize("name", ["stalled", "hang", "cut_short", "reset", "oversized"])
def test_a_call_whose_answer_never_came_may_have_cost_its_most(on_socket, name, limits, answer):
    with FakeOpenAI(faults=[name]) as server:
        asking = on_socket(server, timeout_seconds=0.4 if name in ("stalled", "hang") else 30, **limits)

        assert tokens(failure(asking)) == (SENT, answer)


@pytest.mark.parametrize(
    "reply",
    [
        *("rate_limit", "unauthorized", "bad_request", "server_error", "bad_gateway", "html", "error_in_200"),
        *("empty_body", "null", "empty_object", "no_choices", "not_json"),
        in_200({"detail": "Unauthorized"}),
        in_200({"errors": [{"code": 401}]}),
        Reply(204),
        error(504, "no"),
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ProxyError("502 Bad Gateway"),
    ],
    ids=str,
)
def test_a_call_that_was_refused_or_never_sent_costs_nothing(extractor, reply):
    assert tokens(failure(extractor(Model(reply)))) == (0, 0)


def test_an_error_that_tells_its_usage_was_paid(extractor):
    broken = in_200({"error": {"code": 502}, "usage": {"prompt_tokens": 900, "completion_tokens": 0}})

    assert tokens(failure(extractor(Model(broken)))) == (900, 0)


def test_a_response_format_that_is_refused_costs_nothing(extractor):
    model = Model("no_json_schema")

    assert tokens(extractor(model).extract(ENTRY)) == (120, 30)
    assert len(model.bodies) == 2


def test_the_whole_of_a_long_entry_is_estimated(extractor):
    entry = json.dumps(list(range(5000)))

    extraction = extractor(Model(Reply(200, completion(ANSWER, usage=None)))).extract(entry)

    assert extraction.input_tokens >= len(entry) // 2
