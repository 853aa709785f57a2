"""What is said of the tools, and whether their answers are so."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.support.agents import OLD

pytestmark = pytest.mark.django_db
ENTRY = "Moved our Flask service from Heroku to k8s."


def test_each_tool_says_what_it_does_what_it_takes_and_whether_it_changes_anything(agent):
    tools = {tool["name"]: tool for tool in agent.asked("tools/list")["tools"]}

    assert set(tools) == {
        *("log_work", "set_tag", "remove_tag"),
        *("search_logs", "show_log", "tech_stack", "week"),
    }
    for tool in tools.values():
        assert min(len(tool["description"]), len(tool["title"])) > 0
        assert {"readOnlyHint", "idempotentHint", "openWorldHint"} <= set(tool["annotations"])
        assert all("description" in each for each in tool["inputSchema"]["properties"].values())
    assert [name for name, tool in tools.items() if tool["annotations"].get("destructiveHint")] == ["remove_tag"]


def test_both_revisions_list_the_same_tools(each, agent):
    assert each.asked("tools/list")["tools"] == agent.asked("tools/list")["tools"]


def test_the_text_of_an_answer_is_its_structure(agent):
    result = agent.asked("tools/call", name="log_work", arguments={"entry": ENTRY})

    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


def test_an_unknown_tool_is_an_error(agent):
    agent.revision = OLD

    assert agent.refused("tools/call", name="drop_table", arguments={}) == (-32602, "Unknown tool: 'drop_table'")


def test_each_answer_is_as_its_schema_says(agent, make_devlog, ada):
    devlog = make_devlog(ENTRY, author=ada)
    calls = {
        "log_work": {"entry": "Wrote Rust."},
        "show_log": {"id": devlog.pk},
        "search_logs": {},
        "week": {},
        "set_tag": {"id": devlog.pk, "name": "Rust"},
        "remove_tag": {"id": devlog.pk, "name": "Rust"},
    }
    schemas = {tool["name"]: tool.get("outputSchema") for tool in agent.asked("tools/list")["tools"]}

    for tool, arguments in calls.items():
        Draft202012Validator(schemas[tool]).validate(agent.call(tool, **arguments))
    assert [name for name, schema in schemas.items() if not schema] == ["tech_stack"]
