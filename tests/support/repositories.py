"""Repositories as a developer has them, made by git itself, with an identity and times of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.devlog_client import Computer

ADA, BOB = "Ada <ada@example.org>", "Bob <bob@example.org>"


class Repository:
    """A repository of Ada's on her computer."""

    def __init__(self, computer: Computer, folder: Path, *arguments: str) -> None:
        self.computer = computer
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main", *arguments)
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.org")

    def git(self, *arguments: str | bytes, typed: str | bytes = "", **environment: str | None) -> str:
        """Run git and return all that it prints; it fails where git does."""
        done = self.run(*arguments, typed=typed, **environment)
        shown = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, shown
        return shown

    def run(
        self, *arguments: str | bytes, typed: str | bytes = "", **environment: str | None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.computer.with_variables({"GIT_EDITOR": "true", **environment}),
            input=typed.encode() if isinstance(typed, str) else typed,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def commit(
        self,
        message: str | bytes,
        *arguments: str,
        at: str | None = None,
        author: str = ADA,
        files: Mapping[str, str] | None = None,
        **environment: str | None,
    ) -> str:
        """Commit these files, by default one of its own, with this message as it is; return what git prints."""
        for name, text in (files or {f"file{self.count()}.txt": "A line.\n"}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
        command = ["commit", "--quiet", "--author", author, "--cleanup", "verbatim", "--file", "-", *arguments]
        return self.git(*command, typed=message, **{**dates, **environment})

    def count(self) -> int:
        return len(self.git("rev-list", "--all").split())

    def hook(self) -> Path:
        """Return where git looks for what is to run after a commit."""
        path = self.git("rev-parse", "--git-path", "hooks/post-commit").strip()
        return self.folder / path
