import json
import logging

import pytest

from tagging.extraction.base import ErrorCode, ExtractionError, Technology
from tagging.extraction.openai import prompt
from tagging.extraction.openai.client import OpenAIExtractor
from tests.support.model import ENTRY, KEY, PLANTED, Model, failure
from tests.support.replies import REPLIES, Asked, error
from tests.support.wire import FakeOpenAI

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


UNUSABLE = {
    "chatter": ErrorCode.BAD_ANSWER,
    "null_content": ErrorCode.BAD_ANSWER,
    "wrong_schema": ErrorCode.BAD_ANSWER,
    "cut_off": ErrorCode.ANSWER_CUT_OFF,
    "complete_but_cut_off": ErrorCode.ANSWER_CUT_OFF,
    "refusal": ErrorCode.REFUSED,
    "content_filter": ErrorCode.REFUSED,
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_answer_is_asked_for_once_more(extractor, name):
    extraction = extractor(Model(name)).extract(ENTRY)

    assert [technology.name for technology in extraction.technologies] == ["Django", "Redis"]


@pytest.mark.parametrize("name, code", UNUSABLE.items())
def test_a_second_unusable_answer_is_told_by_its_kind(extractor, name, code):
    model = Model(name, name)

    error = failure(extractor(model))

    assert (error.code, error.waiting_for) == (code, None)
    assert error.permanent == (code == ErrorCode.REFUSED)
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
        OPENAI_EXTRA_INSTRUCTIONS = ""
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

    assert (refused.code, refused.permanent) == (ErrorCode.BAD_REQUEST, False)
    assert model.formats == ["json_schema", "json_object", None, "json_schema"]


# --- what must not leave ---------------------------------------------------------------------------------------------


def told_by_bytes(name):
    """Say whether a reply is told by its bytes, and not by what becomes of the connection."""
    return REPLIES[name](Asked({}, "")).how == "at once"


@pytest.mark.parametrize("name", sorted(filter(told_by_bytes, REPLIES)))
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
