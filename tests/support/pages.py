"""What people read of the project: README, docs and the like."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# The changelog speaks of what is gone, too.
PAGES = [*ROOT.glob("README*.md"), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in sorted(PAGES)}
ALL = "\n".join(TEXTS.values())


def found(pattern: str, text: str = ALL) -> list[str]:
    """Return what a pattern finds, each once, in an order that all test processes share."""
    return sorted(set(re.findall(pattern, text, re.MULTILINE)))
