"""What the threat model says is held is held by a test that exists."""

import ast
import re

import pytest

from tests.support.servers import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| |")]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_test_that_is_named_exists(file, name):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:30])
def test_each_threat_is_held_by_a_test(row):
    assert "::test_" in row.rpartition(" | ")[2]


def test_all_ten_of_the_list_are_there():
    assert re.findall(r"^\| LLM(\d\d) ", PAGE, re.MULTILINE) == [f"{number:02}" for number in range(1, 11)]
