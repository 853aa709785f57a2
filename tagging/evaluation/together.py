"""Entries of a gold file asked several in a call, as the worker does it with bulk work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from tagging.evaluation.scoring import Evaluated, Gold, evaluate, mark
from tagging.extraction.base import ExtractionError, Extractor
from tagging.extraction.shared import OwnAnswer, own_answers, parts


def evaluate_together(extractor: Extractor, golds: Sequence[Gold]) -> list[Evaluated]:
    """Have these entries extracted by one call, as the worker does it; who gets no answer there is asked alone."""
    if len(golds) == 1:
        return [evaluate(extractor, golds[0])]
    began = time.perf_counter()
    texts = [gold.text for gold in golds]
    answers: Sequence[OwnAnswer | None] = [None] * len(golds)
    paid = 0, 0
    try:
        shared = extractor.extract_together(texts)
        answers = own_answers(shared, texts)
        paid = (0, 0) if any(answers) else (shared.input_tokens, shared.output_tokens)
    except ExtractionError as error:
        paid = error.input_tokens, error.output_tokens
    seconds = (time.perf_counter() - began) / len(golds)
    wasted = [parts(tokens, [len(text) for text in texts]) for tokens in paid]
    return [
        Evaluated(
            gold,
            mark(gold, [mention.name for mention in answer.grounded.mentions]),
            seconds,
            answer.extraction.input_tokens,
            answer.extraction.output_tokens,
            calls=1 / len(golds),
        )
        if answer
        else _alone(evaluate(extractor, gold), seconds, more_input, more_output, 1 / len(golds))
        for gold, answer, more_input, more_output in zip(golds, answers, *wasted, strict=True)
    ]


def _alone(evaluated: Evaluated, seconds: float, input_tokens: int, output_tokens: int, calls: float) -> Evaluated:
    """Add to what an entry came to alone its part of the shared call that brought it nothing."""
    return replace(
        evaluated,
        seconds=evaluated.seconds + seconds,
        input_tokens=evaluated.input_tokens + input_tokens,
        output_tokens=evaluated.output_tokens + output_tokens,
        calls=evaluated.calls + calls,
    )
