"""Which file imports which, read from the source; nothing is run."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    importer: str  # "tagging/engine/worker.py"
    imported: str  # likewise, or a dotted name where it is not one of the tree's files
    lines: str  # the statement, with its comments
    is_lazy: bool  # inside a function

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}"


class Tree:
    """The Python files of some folders, by their path from the root."""

    def __init__(self, root: Path, *folders: str) -> None:
        paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
        self.sources = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        self.parsed = {path: ast.parse(source) for path, source in self.sources.items()}

    def file_of(self, module: str) -> str | None:
        """Return the file of a module of this tree, None for any other."""
        stem = module.replace(".", "/")
        return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self.sources), None)

    def imports(self) -> list[Import]:
        """Return what runs an import, now or later: TYPE_CHECKING never does."""
        found = []
        for path, module in self.parsed.items():
            lines = self.sources[path].splitlines()
            for node, is_lazy in import_statements(module):
                statement = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                found += [Import(path, name, statement, is_lazy) for name in self.imported_by(path, node)]
        return found

    def imported_by(self, path: str, node: ast.Import | ast.ImportFrom) -> list[str]:
        """Return files for what is in the tree, `from package import module` as the module's; else dotted names."""
        if isinstance(node, ast.Import):
            return [self.file_of(alias.name) or alias.name for alias in node.names]
        module = absolute(path, node)
        names = [f"{module}.{alias.name}" for alias in node.names]
        return sorted({self.file_of(name) or self.file_of(module) or name for name in names})

    def circles(self) -> list[str]:
        """Return the files of each circle of imports."""
        edges: dict[str, set[str]] = {path: set() for path in self.sources}
        for one in self.imports():
            edges[one.importer] |= {one.imported} & edges.keys()
        reach = {path: reachable(path, edges) for path in edges}
        in_circles = {path for path in edges if path in reach[path]}
        return sorted({" <-> ".join(sorted(o for o in reach[p] if p in reach[o])) for p in in_circles})


def absolute(path: str, node: ast.ImportFrom) -> str:
    """Return the module that a `from` names, also where it says so from its own place."""
    folders = path.split("/")[:-1]
    here = folders[: len(folders) - node.level + 1] if node.level else []
    return ".".join([*here, *filter(None, [node.module])])


def import_statements(node: ast.AST, *, is_lazy: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Return each import statement that may run, and whether it waits for a call."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, is_lazy
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from import_statements(ast.Module(child.orelse, []), is_lazy=is_lazy)
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from import_statements(child, is_lazy=is_lazy or is_function)


def reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    """Return all that can be reached from here by at least one step."""
    found: set[str] = set()
    waiting: Iterable[str] = edges[start]
    while waiting:
        found |= set(waiting)
        waiting = {after for path in waiting for after in edges[path]} - found
    return found
