"""The words, German and English, by which sentences about a secret are read."""

from __future__ import annotations

import re
from pathlib import Path


def _read(path: Path) -> dict[str, frozenset[str]]:
    """Return the sections of a file: [name], and words below it."""
    sections: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            words += line.split()
    return {name: frozenset(words) for name, words in sections.items()}


WORDS = _read(Path(__file__).with_name("words.txt"))

# What leads to a secret.
IS = WORDS["is"]
TO = WORDS["to"]
FROM = {"from", "von"}
FILLERS = WORDS["fillers"]
CHANGED = re.compile(
    r"(?i:\b(?:ge(?:ändert|aendert|setzt|stellt|wechselt|ändert)|umgestellt|(?:zurück|zurueck)gesetzt|umgesetzt|festgelegt"
    r"|vergeben|eingestellt|gelegt|erneuert|rotiert|angepasst|abgeändert|aktualisiert|change[ds]?|set|reset|updated?|rotated?"
    r"|switched|setze|ändere|ändern|setzen|using|used|verwende[nt]?|benutze[nt]?|genommen|gewählt|chose|chosen|picked))\b"
)
# Words that say something about a secret, and are none.
PLAIN = WORDS["plain"]
PARTICIPLE = re.compile(
    r"(?:ge\w{3,}[tn]|\w{3,}(?:ed|ing|iert|able|bar|lich|ig|los|isch|ungen|ung|tion|ly))", re.IGNORECASE
)
BEFORE_A_TOOL = WORDS["before-a-tool"]
NO_SECRETS = PLAIN | FILLERS | IS | TO
# The end of a clause, or a word that begins the next.
CLAUSE_END = re.compile(
    r"""["'`)]{0,2}(?:\s*(?:[.,;!?()\n]|\Z|-\s)|\s+(?:und|and|oder|or|but|aber|for|für|on|auf|beim?|at|am|im|in|damit|so|last"""
    r"""|this|today|yesterday|now|again|heute|gestern|jetzt)\b)"""
)
# What speaks of a login, and who is no person: "admin / x".
PAIR_HINTS = WORDS["login-hints"]
ORDINARY_USERS = WORDS["ordinary-users"]
