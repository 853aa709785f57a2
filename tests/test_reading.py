"""The reading of the source itself, on small trees: what the rules of the architecture would see, and what not."""

import ast

import pytest

from tests.support.imports import Tree
from tests.support.source import Classes, names_read, private_names, private_names_reached, sentences


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes files, their names without `.py`, and reads them."""

    def write(files: dict[str, str]) -> Tree:
        for name, source in files.items():
            path = tmp_path / "house" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        return Tree(tmp_path, "house")

    return write


def edges(tree: Tree) -> list[tuple[str, str]]:
    return [(one.importer, one.imported) for one in tree.imports()]


def test_a_module_of_a_package_is_told_from_a_name_in_it(tree):
    source = "from house.rooms import one, Name\nimport django.db"
    found = tree({"a": source, "rooms/__init__": "", "rooms/one": ""})

    assert edges(found) == [
        ("house/a.py", "house/rooms/__init__.py"),
        ("house/a.py", "house/rooms/one.py"),
        ("house/a.py", "django.db"),
    ]


def test_a_relative_import_is_seen_as_what_it_means(tree):
    source = "from . import two\nfrom ..top import name\nfrom .two import name"

    assert edges(tree({"rooms/one": source, "rooms/two": "", "top": ""})) == [
        ("house/rooms/one.py", "house/rooms/two.py"),
        ("house/rooms/one.py", "house/top.py"),
        ("house/rooms/one.py", "house/rooms/two.py"),
    ]


def test_a_circle_that_a_lazy_import_closes_is_found(tree):
    lazy = "def later():\n    from house.a import name"
    found = tree({"a": "import house.b", "b": "from house import c", "c": lazy})

    assert found.circles() == ["house/a.py <-> house/b.py <-> house/c.py"]
    assert [one.is_lazy for one in found.imports()] == [False, False, True]


def test_what_only_leads_into_a_circle_is_no_part_of_it(tree):
    found = tree({"a": "import house.b", "b": "import house.c", "c": "import house.b"})

    assert found.circles() == ["house/b.py <-> house/c.py"]


def test_an_import_for_types_alone_does_not_count_but_its_else_does(tree):
    guarded = "if TYPE_CHECKING:\n    import house.b\nelse:\n    import house.c\n"

    assert edges(tree({"a": guarded, "b": "import house.a", "c": ""})) == [
        ("house/a.py", "house/c.py"),
        ("house/b.py", "house/a.py"),
    ]


def test_an_import_under_any_other_condition_counts(tree):
    found = tree({"a": "try:\n    import house.b\nexcept ImportError:\n    pass", "b": ""})

    assert edges(found) == [("house/a.py", "house/b.py")]


@pytest.mark.parametrize("base", ["Base", "Again", "base.Base"])
def test_a_private_method_overridden_from_another_room_is_found_by_any_name_of_its_class(tree, base):
    imports = "from house.below import Base\nfrom house.below import Base as Again\nfrom house.below import base\n"
    found = tree(
        {
            "below/__init__": "from house.below.base import Base",
            "below/base": "class Base:\n    def _step(self): ...\n    def run(self): ...",
            "above/mine": f"{imports}class Mine({base}):\n    def _step(self): ...\n    def run(self): ...",
        }
    )

    assert Classes(found).overridden_from_afar() == [
        "house/above/mine.py: Mine._step overrides Base._step of house/below/base.py"
    ]


def test_a_private_method_may_be_overridden_in_its_room(tree):
    base = "class Base:\n    def _step(self): ...\n"
    found = tree(
        {"room/base": base, "room/mine": "from .base import Base\nclass Mine(Base):\n    def _step(self): ..."}
    )

    assert Classes(found).overridden_from_afar() == []


def test_private_names_are_told_from_ones_own():
    product = ast.parse("_state = 0\nclass _Row:\n    def _key(self): self._value = 1\n    def __len__(self): ...")
    reader = (
        "from x import _Row\nself._key()\nrow._value = row._key()\npatch('house.x._state')\n'a sentence about _state'"
    )

    assert private_names(product) == {"_state", "_Row", "_key", "_value"}
    assert private_names_reached(ast.parse(reader)) == {"_state", "_Row", "_key", "_value"}
    assert private_names_reached(ast.parse("self._key()\n_value = 1")) == set()


def test_sentences_are_read_and_docstrings_are_not():
    source = 'def f():\n    """Wait for a turn."""\n    logger.info("The slot %s", f"is {free} again", extra="free")'

    assert set(sentences(ast.parse(source))) == {"The slot %s", "is ", " again"}


def test_a_call_is_seen_by_its_whole_name():
    read = names_read(ast.parse("os.getpid()\nwith connection.cursor() as cursor: cursor.execute()"))

    assert read == {"os", "os.getpid", "connection", "connection.cursor", "cursor.execute"}
