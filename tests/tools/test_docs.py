"""What the README says is so."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "devlog_project" / "settings.py").read_text()
READ = sorted(set(re.findall(r'(?:env\.\w+|number|whole|switch|choice)\(\s*"(\w+)"', SETTINGS)))


def test_settings_are_read_at_all():
    assert {"SECRET_KEY", "DATABASE_URL", "TAGGING_CONCURRENCY"} <= set(READ)


@pytest.mark.parametrize("name", READ)
def test_each_setting_is_in_the_readme(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:TAGGING|OPENAI|SQLITE|DATABASE)_\w+)`", README))))
def test_each_setting_in_the_readme_exists(name):
    assert name in READ


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`| {4})make (\w+)", README))))
def test_each_make_target_in_the_readme_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


FILES = re.findall(r"(?:tagging|devlogs|devlog_project|tests)/[\w/]+\.py", README)


@pytest.mark.parametrize("path", sorted(set(FILES)))
def test_each_file_in_the_readme_exists(path):
    assert (ROOT / path).exists()


FIGURES = README.partition("\n## Figures\n")[2].partition("\n## ")[0]
MEASURED = {
    one["figure"]: one.get("median") for one in json.loads((ROOT / "docs" / "benchmarks.json").read_text())["figures"]
}
ROWS = re.findall(r"^\| ([^|]+?) \| (-?[\d.]+) \| -?[\d.]+ … ", FIGURES, re.MULTILINE)


def test_there_are_figures_in_the_readme():
    assert len(ROWS) > 10


@pytest.mark.parametrize("figure, value", ROWS)
def test_each_figure_in_the_readme_is_what_the_benchmark_wrote(figure, value):
    assert f"{MEASURED[figure]:.2f}" == value
