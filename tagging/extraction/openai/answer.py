"""The answer in a completion's text: the last JSON of the shape asked for, whatever stands around it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tagging.extraction.base import ErrorCode, ExtractionError, Technology
from tagging.extraction.openai.response import Completion

# So many objects are tried, from the end: so many times the key, and so many opening braces before each; and so many
# characters are read for that. A long text of nothing else would be read as often as it has any.
MAX_KEYS, MAX_BRACES = 10, 40
MAX_READ = 4_000_000
KEY = '"technologies"'
END_OF_THOUGHTS = re.compile(r"</think(?:ing)?>|\[/THINK\]")
CUT_OFF = {"length", "max_tokens", "model_length"}
FILTERED = {"content_filter", "safety"}

# Not strict: a line break within a string is forgiven.
_decoder = json.JSONDecoder(strict=False)


def read_answer(completion: Completion) -> list[Technology]:
    """Return the technologies that an answer names; what is odd among them is left out.

    Raises ExtractionError: refused, answer_cut_off or bad_answer.
    """
    refuse_what_is_no_answer(completion)
    technologies = _last_answer(completion.text)
    if technologies is None:
        raise ExtractionError(ErrorCode.BAD_ANSWER, "The model's answer is not the JSON object it was asked for.")
    return technologies


def refuse_what_is_no_answer(completion: Completion) -> None:
    """Raise ExtractionError if the model declined, or was cut off."""
    if completion.refusal or completion.finish_reason in FILTERED:
        raise ExtractionError(ErrorCode.REFUSED, "The model declined to answer.", permanent=True)
    if completion.finish_reason in CUT_OFF:
        raise ExtractionError(ErrorCode.ANSWER_CUT_OFF, "The model's answer was cut off at its token limit.")


def _last_answer(text: str) -> list[Technology] | None:
    """Return what the last fitting object names, or else a bare list; None if there is neither."""
    text = text.strip()
    named = _last_named(text, KEY, "{")
    return _last_named(text, '"name"', "[") if named is None else named


def _last_named(text: str, key: str, opening: str) -> list[Technology] | None:
    """Return the last list that names any, or an empty one; what is only a draft among the thoughts does not count."""
    left = MAX_READ
    end_of_thoughts = max((end.end() for end in END_OF_THOUGHTS.finditer(text)), default=0)
    last = None
    for start in _openings(text, key, opening):
        left -= len(text) - start
        if left < 0:
            break
        try:
            value, end = _decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            technologies = usable(value.get("technologies"))
        else:  # bare words may list anything
            technologies = usable([each for each in value if isinstance(each, dict)] or None)
        if technologies is not None:
            if end < end_of_thoughts < len(text):
                break
            last = technologies
            if technologies:
                break
    return last


def _openings(text: str, key: str, opening: str) -> Iterator[int]:
    """Return where the brackets open that may hold the key, from the end of the text."""
    at = len(text)
    for _ in range(MAX_KEYS):
        start = at = text.rfind(key, 0, at)
        for _ in range(MAX_BRACES):
            if start < 0 or (start := text.rfind(opening, 0, start)) < 0:
                break
            yield start
        if at < 0:
            return


def usable(items: object) -> list[Technology] | None:
    """Return the usable ones of a list; None if it is no list, or has items and none is usable."""
    if not isinstance(items, list):
        return None
    pairs = [(each.get("name"), each.get("evidence")) if isinstance(each, dict) else (each, "") for each in items]
    # A name must have letters: the form itself, quoted, has dots in its place. Grounding does without evidence.
    named = [
        Technology(name, evidence if isinstance(evidence, str) else "")
        for name, evidence in pairs
        if isinstance(name, str) and any(map(str.isalnum, name))
    ]
    return named if named or not items else None
