"""What counts as an answer: the last object that fits, without what is odd in it."""

import json
import time

import pytest

from tagging.extraction.base import ErrorCode, Technology
from tests.support.model import ENTRY, Model, failure
from tests.support.replies import Reply, completion, in_200

DJANGO = {"name": "Django", "evidence": "Heute Django"}
GOOD = json.dumps({"technologies": [DJANGO]})
TAGGED = [Technology("Django", "Heute Django")]


def answered(content, **more):
    return Reply(200, completion(content, **more))


# --- what stands around it -------------------------------------------------------------------------------------------

AROUND = {
    "a code block": "```json\n%s\n```",
    "prose": "Here you are:\n\n%s\n\nAnything else?",
    "thoughts": '<think>\nThe form is {"technologies": [...]}, so I list Django.\n</think>\n\n%s',
    "thoughts without their beginning": "I use a dict {name} here.\n</think>\n%s",
    "thoughts with a draft": '<think>first {"technologies": []}? no.</think>```json\n%s\n```',
    "thoughts of another name": '[THINK]{"technologies": []}[/THINK]%s',
    "thoughts that never end": '<think>{"technologies": []}? no: %s',
    "nothing but thoughts": "<think>%s</think>\n",
    "an empty one behind it": '%s or {"technologies": []}',
    "a draft": '{"technologies": []}\n%s',
    "the same twice": f"%s\n{GOOD}",
    "the form quoted behind it": '%s\n\nThe form was {"technologies": [{"name": "...", "evidence": "..."}]}.',
    "braces behind it": "%s\n\nNote: I used {} for nothing else. {{",
    "the key behind it": '%s\n\nI listed "technologies" only.',
    "an object around it": '{"answer": %s}',
    "a list around it": "[%s]",
    "a byte order mark": "\ufeff%s",
    "a megabyte before it": "{" * 300_000 + '{"technologies": ' * 20_000 + "%s",
    "a megabyte behind it": "%s" + " \n" * 300_000,
}


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_an_answer_is_read_at_once_whatever_stands_around_it(extractor, around):
    model = Model(answered(around.replace("%s", GOOD)))

    extraction = extractor(model).extract(ENTRY)

    assert extraction.technologies == TAGGED
    assert len(model.bodies) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"notes": "I {think}", "technologies": [DJANGO]},
        {"steps": [{"step": number} for number in range(30)], "technologies": [DJANGO]},
        {"technologies": [DJANGO], "notes": {"technologies": "none"}},
        {"technologies": [{**DJANGO, "version": None}]},
    ],
)
def test_further_fields_are_left_alone(extractor, answer):
    assert extractor(Model(answered(json.dumps(answer)))).extract(ENTRY).technologies == TAGGED


def test_a_line_break_within_a_string_is_forgiven(extractor):
    broken = '{"technologies": [{"name": "Django", "evidence": "Heute\nDjango"}]}'

    assert extractor(Model(answered(broken))).extract(ENTRY).technologies == [Technology("Django", "Heute\nDjango")]


UNUSABLE = {
    "no object": "I would say Django.",
    "only a draft": f"<think>{GOOD}? yes.</think>It is Django.",
    "a draft of another answer": f'<think>{GOOD}</think>{{"technologies": [7]}}',
    "a bare list among the thoughts": f"<think>{json.dumps([DJANGO])}</think>It is Django.",
    "a list of other things": '["name", "evidence"]',
    "a bare list cut off": json.dumps([DJANGO])[:-1],
    "lists without end": '["name", ' * 80_000,
    "half an object": GOOD[:-2],
    "another key": '{"tags": ["Django"]}',
    "no list": '{"technologies": {"name": "Django"}}',
    "null": '{"technologies": null}',
    "an abyss": '{"technologies":' * 40_000,
    "lists in lists": '{"technologies": ' + "[" * 100_000,
    "a list without end": '{"technologies": [' + "1," * 400_000,
    "nests without end": '{"technologies": {"a": {"b": [' * 10 + "1," * 400_000,
    "keys without end": '{"technologies": 1, ' * 45_000,
    "braces without end": '{"' * 300_000 + '"technologies"',
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_answer_is_found_out_in_time(extractor, content):
    asking = extractor(Model(answered("?"), answered(content)))
    began_at = time.process_time()

    assert failure(asking).code == ErrorCode.BAD_ANSWER

    assert time.process_time() - began_at < 3  # mostly the import of the SDK; a square would be minutes


# --- odd items -------------------------------------------------------------------------------------------------------

ODD = [
    None,
    7,
    ["Redis"],
    {},
    {"name": None, "evidence": "Redis"},
    {"name": 7, "evidence": "7"},
    {"name": ["Redis"], "evidence": "Redis"},
    {"name": "", "evidence": "Redis"},
    {"name": "…", "evidence": "Redis"},
    {"evidence": "Redis"},
    "…",
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_an_odd_item_is_left_out_and_the_others_stay(extractor, odd):
    model = Model(answered(json.dumps({"technologies": [odd, DJANGO, odd]})))

    assert extractor(model).extract(ENTRY).technologies == TAGGED
    assert len(model.bodies) == 1


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_an_answer_of_nothing_but_odd_items_is_none(extractor, odd):
    bad = answered(json.dumps({"technologies": [odd]}))

    assert failure(extractor(Model(bad, bad))).code == ErrorCode.BAD_ANSWER


@pytest.mark.parametrize(
    "item", ["Django", {"name": "Django"}, *({"name": "Django", "evidence": odd} for odd in ("", None, 7))], ids=str
)
def test_a_name_without_evidence_is_left_to_the_entry(extractor, item):
    model = Model(answered(json.dumps({"technologies": [item]})))

    assert extractor(model).extract(ENTRY).technologies == [Technology("Django")]
    assert len(model.bodies) == 1


@pytest.mark.parametrize("around", ["%s", "```json\n%s\n```", '<think>[{"name": "Redis"}]?</think>%s'])
def test_a_bare_list_is_an_answer(extractor, around):
    model = Model(answered(around.replace("%s", json.dumps([DJANGO]))))

    assert extractor(model).extract(ENTRY).technologies == TAGGED
    assert len(model.bodies) == 1


def test_a_second_choice_answers_where_the_first_is_empty(extractor):
    choices = [{"message": {"content": each}, "finish_reason": "stop"} for each in ("", GOOD)]
    model = Model(in_200({"choices": choices}))

    assert extractor(model).extract(ENTRY).technologies == TAGGED
    assert len(model.bodies) == 1


# --- where it stands -------------------------------------------------------------------------------------------------


def call(arguments):
    return {"id": "1", "type": "function", "function": {"name": "json", "arguments": arguments}}


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": '{"technologies": []}'}]}
PLACES = {
    "a part": {"content": [{"type": "text", "text": GOOD}]},
    "a part behind thoughts": {"content": [THINKING, {"type": "text", "text": GOOD}]},
    "a part before thoughts": {"content": [{"type": "text", "text": GOOD}, THINKING]},
    "two parts": {"content": [{"type": "text", "text": GOOD[:20]}, {"type": "text", "text": GOOD[20:]}]},
    "a part of another type": {
        "content": [{"type": "output_text", "text": GOOD}, {"type": "image", "url": "x"}, None]
    },
    "a part that is a string": {"content": [GOOD]},
    "a lone part": {"content": {"type": "text", "text": GOOD}},
    "an object": {"content": json.loads(GOOD)},
    "reasoning_content": {"content": None, "reasoning_content": GOOD},
    "reasoning": {"content": "\n", "reasoning": GOOD},
    "a tool call": {"content": None, "tool_calls": [call(GOOD)]},
    "a tool call behind words": {"content": "I call the tool.", "tool_calls": [call(GOOD)]},
    "a tool call beside thoughts": {"content": "", "reasoning_content": "{}", "tool_calls": [call(GOOD)]},
    "a tool call with an object": {"content": None, "tool_calls": [call(json.loads(GOOD))]},
    "content beside thoughts": {"content": GOOD, "reasoning_content": '{"technologies": []}'},
    "content beside odd calls": {"content": GOOD, "tool_calls": [None, {}, {"function": None}, call(None)]},
}


@pytest.mark.parametrize("message", PLACES.values(), ids=PLACES)
def test_an_answer_is_found_wherever_a_server_puts_it(extractor, message):
    model = Model(answered(**message))

    assert extractor(model).extract(ENTRY).technologies == TAGGED
    assert len(model.bodies) == 1


@pytest.mark.parametrize("content", [None, [], [{}], {}, 7, [{"type": "text", "text": None}], [THINKING]], ids=str)
def test_a_message_that_says_nothing_is_asked_for_once_more(extractor, content):
    model = Model(answered(content))

    assert len(extractor(model).extract(ENTRY).technologies) == 2
    assert len(model.bodies) == 2


def test_thoughts_are_no_answer_beside_a_content_that_is_none(extractor):
    bad = answered("I cannot tell.", reasoning_content=GOOD)

    assert failure(extractor(Model(bad, bad))).code == ErrorCode.BAD_ANSWER


# --- how it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["length", "LENGTH", "max_tokens", "model_length"])
def test_no_half_answer_is_taken_even_where_it_looks_whole(extractor, reason):
    cut = answered(GOOD, finish_reason=reason)

    assert failure(extractor(Model(cut, cut))).code == ErrorCode.ANSWER_CUT_OFF


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "eos", None, 7])
def test_any_other_end_of_an_answer_is_well(extractor, reason):
    assert extractor(Model(answered(GOOD, finish_reason=reason))).extract(ENTRY).technologies == TAGGED


@pytest.mark.parametrize(
    "refusing",
    [
        answered(None, refusal="I cannot help with that."),
        answered([{"type": "refusal", "refusal": "I cannot help with that."}]),
        answered(GOOD, finish_reason="content_filter"),
        answered("", finish_reason="SAFETY"),
    ],
)
def test_a_model_that_declines_twice_would_decline_again(extractor, refusing):
    error = failure(extractor(Model(refusing, refusing)))

    assert (error.code, error.permanent, error.waiting_for) == (ErrorCode.REFUSED, True, None)
