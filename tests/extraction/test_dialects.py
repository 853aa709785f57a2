"""How each provider tells whose fault it is: by a code of its own, in a place of its own, or inside a 200."""

import json

import pytest

from tagging.extraction.base import ErrorCode
from tests.support.model import PROVIDER, RATE_LIMIT, Model, failure
from tests.support.replies import Reply, completion, error, in_200


def told(status, body):
    return Reply(status, json.dumps(body).encode())


EVERYBODYS = {
    "Gemini, key": told(
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
                }
            }
        ],
    ),
    "Anthropic, key": told(400, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}),
    "Groq, model": error(400, "The model `x` has been decommissioned.", code="model_decommissioned"),
    "LiteLLM, budget": error(400, "Budget has been exceeded!", type="budget_exceeded", code="400"),
    "Alibaba, key": told(400, {"code": "InvalidApiKey", "message": "no", "request_id": "r"}),
    "Alibaba, credit": told(400, {"error": {"code": "Arrearage", "message": "no"}}),
    "Moonshot, quota": error(429, "no", type="exceeded_current_quota_error"),
    "Azure, model": told(404, {"error": {"code": "DeploymentNotFound", "message": "no"}}),
    "AWS, key": told(403, {"__type": "ExpiredTokenException", "message": "no"}),
    "AWS, access": told(400, {"__type": "com.amazon.coral.service#AccessDeniedException", "message": "no"}),
    "a gateway, key": told(403, {"detail": {"error": {"code": "invalid_api_key"}}}),
    "a gateway, quota": told(500, {"statusCode": 500, "error": {"innererror": {"code": "insufficient_quota"}}}),
}


@pytest.mark.parametrize("reply", EVERYBODYS.values(), ids=EVERYBODYS)
def test_a_code_tells_that_the_account_is_at_fault_whatever_the_status(extractor, reply):
    refused = failure(extractor(Model(reply)))

    assert (refused.code, refused.permanent, refused.waiting_for) == (ErrorCode.PROVIDER_REFUSED, False, PROVIDER)


UNCLEAR = {
    "Gemini without a reason": told(400, [{"error": {"code": 400, "message": "API key not valid."}}]),
    "Anthropic, credit in words": told(400, {"type": "error", "error": {"type": "invalid_request_error"}}),
    "xAI, key in words": told(400, {"code": "Client specified an invalid argument", "error": "Incorrect API key"}),
    "a field of the entry's": told(422, {"detail": [{"loc": ["body", "messages", 1, "content"], "type": "too_long"}]}),
    "a field that is echoed": told(
        422, {"detail": [{"loc": ["body"], "input": {"param": "store", "code": "Arrearage"}}]}
    ),
    "a code within a sentence": error(400, "code: invalid_api_key", code="see_message"),
    "a page": Reply(400, b"<html>invalid_api_key</html>", content_type="text/html"),
    "nothing": Reply(400, b""),
    "another type": told(400, 7),
    "an abyss": Reply(400, b"[" * 100_000),
}


@pytest.mark.parametrize("reply", UNCLEAR.values(), ids=UNCLEAR)
def test_without_such_a_code_a_400_is_nobodys_until_it_is_compared(extractor, reply):
    refused = failure(extractor(Model(reply)))

    assert (refused.code, refused.permanent, refused.waiting_for) == (ErrorCode.BAD_REQUEST, False, None)


PARAMETERS = {
    "OPENAI_STORE": told(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "store"], "msg": "Extra"}]}),
    "OPENAI_MODEL": error(404, "The model `x` does not exist.", param="model", type="NotFoundError", code=404),
    "OPENAI_REASONING_EFFORT": error(400, "no", param="reasoning_effort.level"),
    "OPENAI_SAFETY_IDENTIFIER": told(422, {"detail": [{"loc": ["safety_identifier"], "msg": "Extra"}]}),
    "OPENAI_MAX_COMPLETION_TOKENS or OPENAI_STORE": told(
        422, {"detail": [{"loc": ["body", "store"]}, {"loc": ["body", "max_completion_tokens"]}]}
    ),
}


@pytest.mark.parametrize("setting, reply", PARAMETERS.items(), ids=PARAMETERS)
def test_a_parameter_that_every_request_carries_names_its_setting(extractor, setting, reply):
    refused = failure(extractor(Model(reply)))

    assert (refused.code, refused.waiting_for) == (ErrorCode.PROVIDER_REFUSED, PROVIDER)
    assert f": change {setting} (HTTP" in refused.detail


def test_a_parameter_that_was_not_sent_is_not_at_fault(extractor):
    refused = failure(extractor(Model(PARAMETERS["OPENAI_STORE"]), store=None))

    assert refused.waiting_for is None


def in_choice(**choice):
    return in_200({"choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, **choice}]})


INSIDE = [
    (in_200({"error": {"message": "free-models-per-day", "code": 429}}), ErrorCode.RATE_LIMITED, RATE_LIMIT),
    (in_200({"error": {"message": "no", "code": "429"}, "choices": []}), ErrorCode.RATE_LIMITED, RATE_LIMIT),
    (in_200({"error": {"type": "rate_limit_error"}}), ErrorCode.RATE_LIMITED, RATE_LIMIT),
    (in_200({"error": {"code": "insufficient_quota", "status": 429}}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"error": {"code": 401, "message": "no"}}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"error": {"code": 402, "message": "no"}}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"error": {"param": "store", "message": "no"}}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"error": {"code": 403, "message": "no"}}), ErrorCode.PROVIDER_REFUSED, None),
    (in_200({"error": {"code": 400, "message": "no"}}), ErrorCode.BAD_REQUEST, None),
    (in_200({"error": {"code": "context_length_exceeded"}}), ErrorCode.ENTRY_TOO_LONG, None),
    (in_200({"error": {"code": 503, "message": "no"}}), ErrorCode.SERVER_ERROR, None),
    (in_200([{"error": {"code": 429, "message": "no"}}]), ErrorCode.RATE_LIMITED, RATE_LIMIT),
    (in_200({"code": "InvalidApiKey", "message": "no"}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"errors": [{"code": 401}], "success": False}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"object": "error", "code": 401, "message": "no"}), ErrorCode.PROVIDER_REFUSED, PROVIDER),
    (in_200({"detail": "Unauthorized"}), ErrorCode.SERVER_ERROR, None),
    (in_200({"error": "upstream"}), ErrorCode.SERVER_ERROR, None),
    (in_200({"error": True, "message": "upstream"}), ErrorCode.SERVER_ERROR, None),
    (in_choice(finish_reason="error", error={"code": 502, "message": "Upstream"}), ErrorCode.SERVER_ERROR, None),
    (in_choice(finish_reason="error", error={"code": 429}), ErrorCode.RATE_LIMITED, RATE_LIMIT),
    (in_choice(finish_reason=None, error={"code": 429}, message=None), ErrorCode.RATE_LIMITED, RATE_LIMIT),
    (in_choice(finish_reason="error"), ErrorCode.SERVER_ERROR, None),
    (
        in_choice(finish_reason="error", message={"content": "half"}, error={"code": 429}),
        ErrorCode.RATE_LIMITED,
        RATE_LIMIT,
    ),
    (in_200({"id": None, "choices": None}), ErrorCode.SERVER_ERROR, None),
    (in_200({"choices": [None]}), ErrorCode.SERVER_ERROR, None),
    (in_200(["no"]), ErrorCode.SERVER_ERROR, None),
    (Reply(200, completion("…")[:-40]), ErrorCode.SERVER_ERROR, None),
    (Reply(200, b"[" * 900_000), ErrorCode.SERVER_ERROR, None),
    (Reply(200, b" <!doctype html><p>Please sign in"), ErrorCode.SERVER_ERROR, None),
    (Reply(204), ErrorCode.SERVER_ERROR, None),
]


@pytest.mark.parametrize("reply, code, waiting_for", INSIDE, ids=lambda value: str(value)[:60])
def test_a_fault_inside_a_200_is_sorted_by_what_it_says_and_asked_about_once(extractor, reply, code, waiting_for):
    model = Model(reply)

    refused = failure(extractor(model))

    assert (refused.code, refused.waiting_for) == (code, waiting_for)
    assert refused.permanent == (code == ErrorCode.ENTRY_TOO_LONG)
    assert len(model.bodies) == 1


def test_a_wait_that_is_asked_for_counts_inside_a_200_too(extractor):
    limited = Reply(200, b'{"error": {"code": 429}}', {"retry-after": "12"})

    assert failure(extractor(Model(limited))).retry_after == 12


@pytest.mark.parametrize("nothing", [None, "", {}, False, {"code": 0}])
def test_an_answer_beside_an_empty_error_is_an_answer(extractor, nothing):
    body = {**json.loads(completion('{"technologies": []}')), "error": nothing}

    assert extractor(Model(in_200(body))).extract("Django").technologies == []


@pytest.mark.parametrize("page", ["html", Reply(200, b"\xef\xbb\xbf\n<!doctype html><p>Please sign in")], ids=str)
def test_a_login_page_says_where_to_look(extractor, page):
    detail = failure(extractor(Model(page))).detail

    assert "a web page" in detail
    assert "OPENAI_BASE_URL" in detail
