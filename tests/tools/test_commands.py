"""Every command in README and docs is run by a test or by CI, or stands here with the reason why not."""

import re
import shlex

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from tests.support.pages import ROOT, found

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
# Of an app that comes with the transport `django`.
NOT_HERE = {"db_worker", "prune_db_task_results"}
# Targets that neither CI nor a test runs as they are, and what does instead, or why nothing does.
BY_HAND = {
    "bench": "tests/tools holds docs to the figures it wrote; it takes an hour, and its marks are no tests",
    "chaos": "tests/tools/test_chaos.py runs its parts for seconds; the whole takes 40 minutes",
    "soak": "tests/tools/test_soak.py judges made-up runs; a run takes minutes or hours",
    "fuzz": "tests/devlogs runs its cases by the hundred; thousands take minutes",
    "test-llm": "it downloads a model",
    "install": "`make demo` begins with what it does",
    "release": "tests/tools/test_release.py calls its parts",
    "licences": "tests/security/test_licences.py holds the file that it writes",
    "schema": "tests/tools/test_contract.py holds the file that it writes",
    "messages": "tests/pages/test_translations.py holds the file that it writes",
    "run": "it serves until it is stopped; tests serve by the same command",
    "lock": "it asks a package index for the newest",
    "secrets": "tests/tools/test_compose.py runs it where there is make",
}


def runs(target: str) -> list[str]:
    """Return a target of the Makefile and all that it asks for first."""
    asked = re.search(rf"^{target}:([^#\n]*)", MAKEFILE, re.MULTILINE)
    return [target, *(name for part in (asked[1].split() if asked else []) for name in runs(re.escape(part)))]


IN_CI = {name for target in re.findall(r"make ([\w-]+)", CI) for name in runs(target)}


@pytest.mark.parametrize("target", found(r"^([a-z-]+):", MAKEFILE))
def test_each_target_is_run_by_ci_or_a_test_or_says_why_not(target):
    program = re.search(rf"^{target}:.*\n\t.*(?:-m|manage\.py) ([\w.]+)", MAKEFILE, re.MULTILINE)
    is_tested = f'"make", "{target}"' in TESTS or bool(program and f'"{program[1]}"' in TESTS)

    assert target in IN_CI or is_tested or target in BY_HAND or target == "help"


def commands() -> list[str]:
    """Return each line that calls manage.py, as it stands in the pages."""
    return found(r"manage\.py ([a-z_]+(?: [^`\n#|&;)]*)?)(?=[`\n#|&;). ])")


@pytest.mark.parametrize("line", commands())
def test_a_command_takes_the_options_it_is_shown_with(line, capsys):
    name, *arguments = shlex.split(line.rstrip(".,: "))
    if name in NOT_HERE:
        pytest.skip(f"{name} comes with an extra")
    options = [argument for argument in arguments if argument.startswith("--")]
    command = load_command_class(get_commands()[name], name)
    known = {
        option for action in command.create_parser("manage.py", name)._actions for option in action.option_strings
    }

    assert {option.partition("=")[0] for option in options} <= known


@pytest.mark.parametrize("name", sorted({line.split()[0] for line in commands()} - NOT_HERE))
def test_a_command_of_the_pages_is_run_by_a_test(name):
    assert re.search(rf'"{name}"|manage\.py {name}\b', TESTS + MAKEFILE)


def test_an_unknown_option_would_be_noticed():
    with pytest.raises((CommandError, SystemExit)):
        load_command_class("tagging", "resume").create_parser("manage.py", "resume").parse_args(["--never"])
