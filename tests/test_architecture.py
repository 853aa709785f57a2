"""The rules that keep the house in order: each says what to do when it is broken."""

import re

import pytest

from devlog_project.conf.page import GROUPS
from tests.support.imports import Tree
from tests.support.servers import ROOT
from tests.support.source import (
    Classes,
    functions,
    length,
    names_read,
    private_names,
    private_names_reached,
    sentences,
)

PRODUCT = Tree(ROOT, "devlog_project", "devlogs", "tagging")
DELIVERED = Tree(ROOT, "devlog_project", "devlogs", "tagging", "deploy")
TESTS = Tree(ROOT, "tests")

# From the ground up. The longest name that fits a module says on which floor it is.
FLOORS = [
    [
        "devlogs.models",
        "devlogs.search",
        "devlogs.migrations",
        "tagging.extraction",
        "devlog_project.api",
        "tagging.__init__",
    ],
    ["tagging.models", "tagging.migrations"],
    ["tagging.engine", "tagging.curation", "tagging.stack", "tagging.looks"],
    ["tagging.queues"],
    ["tagging.transports", "tagging.remote", "tagging.api", "tagging.admin"],
    ["devlogs", "tagging.management", "tagging.evaluation", "tagging.simulation"],
    ["devlog_project", "tagging.apps", "tagging.checks", "tagging.urls"],
]
BESIDE_FOLDERS = {"__init__.py", "apps.py", "checks.py", "queues.py", "urls.py"}
LAZY = re.compile(r"#.*\b(slow import|optional package|app ready)\b")
# Which of our own files each of these may import.
GROUNDS = {
    "tagging/extraction/": "tagging/extraction/",
    "devlogs/models.py": "nothing",
    "devlog_project/api/": "devlog_project/api/",
}
# Where alone each of these may be named.
HOMES = {
    "connection.cursor": ("tagging/models/",),
    "threading.Thread": ("tagging/engine/guard.py", "tagging/engine/slots.py"),
    "os.getpid": ("tagging/engine/fork.py",),
    "os.register_at_fork": ("tagging/engine/fork.py",),
}
MAX_FILE, MAX_FUNCTION = 250, 40
# Both may only fall. Who needs one more setting says in docs/decisions.md why.
ANYS, SETTINGS = 58, 60
HOUSE_WORDS = re.compile(r"\b(rings?|rung|turns?|slots?|fences?)\b", re.IGNORECASE)

# Private names of the product that tests use: a list that may only shrink.
PRIVATE_NAMES = {
    "tests/engine/test_sqlite.py: _turns",
    "tests/engine/test_sqlite.py: _waiting",
    "tests/extraction/test_simulated.py: _attempts",
    "tests/load/chaos/points.py: _call",
    "tests/load/chaos/points.py: _settle",
    "tests/load/chaos/points.py: _worker",
}


def hold(broken: set[str], way_out: str) -> None:
    assert not broken, way_out


def fall(what: str, count: int, limit: int, name: str) -> None:
    assert count <= limit, f"{what} may only fall; there are {count}."
    assert count == limit, f"{what} have fallen: set {name} to {count}."


def floor(path: str) -> int:
    module = path.removesuffix(".py").replace("/", ".")
    fitting = [
        (len(name), at) for at, names in enumerate(FLOORS) for name in names if f"{module}.".startswith(f"{name}.")
    ]
    assert fitting, f"{path} has no floor: name its room in FLOORS, and in docs/architecture.md."
    return max(fitting)[1]


# -- who may import whom -----------------------------------------------------------------------------------------


def test_an_import_goes_down_or_stays_on_its_floor():
    ours = [one for one in PRODUCT.imports() if one.imported in PRODUCT.sources]

    upward = {str(one) for one in ours if floor(one.imported) > floor(one.importer)}

    hold(upward, "Move what is needed down to where both can reach it, or pass it in as an argument.")


def test_no_files_import_each_other_not_even_lazily():
    hold(set(PRODUCT.circles()), "Give what both sides need a module of its own, below them.")


def test_an_import_inside_a_function_says_why():
    silent = {str(one) for one in DELIVERED.imports() if one.is_lazy and not LAZY.search(one.lines)}

    hold(silent, "Import it at the top, or say on its line: slow import, optional package, app ready.")


def test_tagging_holds_five_modules_and_rooms():
    modules = {path.name for path in (ROOT / "tagging").glob("*.py")}

    assert modules == BESIDE_FOLDERS, "A new module belongs into a room: engine, models, curation, api and so on."


def test_the_ground_stands_alone():
    """The extraction is copied to where there is nothing else of ours; all may import the other two."""
    above = {
        str(one)
        for one in PRODUCT.imports()
        for ground, allowed in GROUNDS.items()
        if one.importer.startswith(ground) and not re.match(allowed, one.imported) and one.imported in PRODUCT.sources
    }

    hold(above, "Pass it in as an argument; for the extraction, in `from_settings`.")


def test_the_extraction_runs_without_django():
    users = {
        str(one)
        for one in PRODUCT.imports()
        if one.importer.startswith("tagging/extraction/") and re.match(r"(django|rest_framework)\b", one.imported)
    }

    hold(users, "Pass it in as an argument, in `from_settings`.")


@pytest.mark.parametrize("name", HOMES)
def test_what_needs_care_has_one_home(name):
    ending = re.compile(rf"(.*\.)?{name.rpartition('.')[2]}")
    users = {
        path
        for path, module in PRODUCT.parsed.items()
        if not path.startswith(HOMES[name]) and any(map(ending.fullmatch, names_read(module)))
    }

    hold(users, f"Only {' and '.join(HOMES[name])} may use {name}: call what is there.")


def test_no_class_overrides_a_private_method_of_another_room():
    hold(set(Classes(PRODUCT).overridden_from_afar()), "Pass a function or an object in instead.")


# -- sizes -------------------------------------------------------------------------------------------------------


def test_files_and_functions_are_short():
    files = {path for path, source in DELIVERED.sources.items() if source.count("\n") > MAX_FILE}
    long = {
        f"{path}: {function.name}"
        for path, module in DELIVERED.parsed.items()
        for function in functions(module)
        if length(function) > MAX_FUNCTION
    }

    hold(files | long, f"A file has at most {MAX_FILE} lines, a function {MAX_FUNCTION}: find its second noun.")


def test_fewer_and_fewer_values_may_be_anything():
    count = sum(len(re.findall(r"(?::|->) Any\b", source)) for source in DELIVERED.sources.values())

    fall("Values annotated as Any", count, ANYS, "ANYS")


def test_the_settings_read_from_the_environment_grow_fewer():
    fall("Settings", sum(len(env.settings) for env in GROUPS), SETTINGS, "SETTINGS")


# -- words -------------------------------------------------------------------------------------------------------


def test_what_is_logged_or_answered_holds_no_word_of_the_house():
    """All texts of the source are read, also those that are neither: they are for people too."""
    texts = {
        f"{path}: {text}"
        for path, module in DELIVERED.parsed.items()
        for text in sentences(module)
        if HOUSE_WORDS.search(text)
    }

    hold(texts, "Say it in words that need no guide: notification, process, call, claim.")


# -- the tests themselves ----------------------------------------------------------------------------------------


def test_no_test_module_is_imported():
    imported = {str(one) for one in TESTS.imports() if re.search(r"(^|/)(test_\w+|conftest)\.py$", one.imported)}

    hold(imported, "Move what both need to tests/support.")


def test_tests_reach_for_fewer_and_fewer_private_names():
    private = set().union(*map(private_names, PRODUCT.parsed.values()))
    reached = {
        f"{path}: {name}"
        for path, module in TESTS.parsed.items()
        for name in (private_names_reached(module) & private) - private_names(module)
    }

    hold(reached - PRIVATE_NAMES, "Test what it leads to, or make the name public.")
    hold(PRIVATE_NAMES - reached, "Delete these from PRIVATE_NAMES: no test uses them any more.")
