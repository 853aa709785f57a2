"""What stands in the source besides its imports: classes, functions, sentences, private names."""

import ast
import re
from collections.abc import Iterator

from tests.support.imports import Tree, absolute

Function = ast.FunctionDef | ast.AsyncFunctionDef


def room_of(path: str) -> str:
    """Return the folder that a file's neighbours share: two levels of tagging and devlog_project, one of others."""
    folders = path.split("/")[:-1]
    return "/".join(folders[:2]) or path


def functions(module: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def length(function: Function) -> int:
    return function.end_lineno - function.lineno + 1


def names_read(module: ast.AST) -> set[str]:
    """Return each name that is read and not given, dotted where it is: `os.getpid`."""
    nodes = [node for node in ast.walk(module) if isinstance(node, (ast.Attribute, ast.Name))]
    given = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {ast.unparse(node) for node in nodes if isinstance(node.ctx, ast.Load)} - given


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def private_names(module: ast.AST) -> set[str]:
    """Return the private names that a file gives: functions, methods, classes, variables, attributes of self."""
    given = {node.name for node in ast.walk(module) if isinstance(node, (Function, ast.ClassDef))}
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            given.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            given.add(node.attr)
    return {name for name in given if is_private(name)}


def private_names_reached(module: ast.AST) -> set[str]:
    """Return the private names that a file reads of others: `x._name`, `import _name`, "_name" and "a.b._name"."""
    reached = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
            reached.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            reached |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.]+", node.value):
            reached.add(node.value.rpartition(".")[2])
    return {name for name in reached if is_private(name)}


def sentences(module: ast.AST) -> Iterator[str]:
    """Return the texts in the source that have a blank and are no docstring."""
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if is_text and " " in node.value:
            yield node.value


class Classes:
    """The classes of a tree, and what each inherits from."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._classes = {
            (path, node.name): node
            for path, module in tree.parsed.items()
            for node in ast.walk(module)
            if isinstance(node, ast.ClassDef)
        }

    def overridden_from_afar(self) -> list[str]:
        """Return each private method that overrides one of a class in another room."""
        return [
            f"{path}: {node.name}.{name} overrides {base}.{name} of {home}"
            for (path, _), node in self._classes.items()
            for home, base in self._ancestors(path, node)
            if room_of(home) != room_of(path)
            for name in sorted(methods(node) & methods(self._classes[home, base]))
            if is_private(name)
        ]

    def _ancestors(self, path: str, node: ast.ClassDef) -> Iterator[tuple[str, str]]:
        for base in node.bases:
            module, _, name = ast.unparse(base).partition("[")[0].rpartition(".")
            found = self._imported(path, module, name) if module else self._find(path, name)
            if found in self._classes and self._classes[found] is not node:
                yield found
                yield from self._ancestors(found[0], self._classes[found])

    def _find(self, path: str, name: str) -> tuple[str, str] | None:
        """Return where a class is written that a file knows by this name."""
        if (path, name) in self._classes:
            return path, name
        for imported, alias in self._from_imports(path):
            home = self._tree.file_of(imported)
            if home and home != path and name == (alias.asname or alias.name):
                return self._find(home, alias.name)
        return None

    def _imported(self, path: str, module: str, name: str) -> tuple[str, str] | None:
        """Likewise for `module.name`."""
        for imported, alias in self._from_imports(path):
            home = self._tree.file_of(f"{imported}.{alias.name}")
            if home and module == (alias.asname or alias.name):
                return self._find(home, name)
        return None

    def _from_imports(self, path: str) -> Iterator[tuple[str, ast.alias]]:
        for node in ast.walk(self._tree.parsed[path]):
            if isinstance(node, ast.ImportFrom):
                yield from ((absolute(path, node), alias) for alias in node.names)


def methods(node: ast.ClassDef) -> set[str]:
    return {item.name for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))}
