"""Say how good an extractor is on a gold file: what it finds and misses, what it costs and how long it takes.

The daily budget and the ledger of answers are left out of it: nothing is read from the database or written to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from tagging.evaluation import perfect
from tagging.evaluation.scoring import Evaluated, Gold, GoldError, Score, percentile, ratio, read_gold
from tagging.evaluation.together import evaluate_together
from tagging.extraction.base import Extractor
from tagging.management.arguments import at_least, between, positive, share
from tagging.management.progress import draw_bar
from tagging.models.spending import Price

SHOWN_TEXT = 200


class Command(BaseCommand):
    help = (
        "Run an extractor over a gold file, one JSON object a line, and print precision, recall, F1, the worst "
        "entries, cost and time. An extractor that is paid for runs TAGGING_CONCURRENCY calls at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("gold", type=Path, metavar="GOLD.jsonl")
        parser.add_argument(
            "--extractor",
            help=f"{', '.join(settings.EXTRACTORS)} or a dotted path; else TAGGING_EXTRACTOR. {perfect.NAME}: the "
            "gold's own tags, which shows what grounding costs",
        )
        parser.add_argument(
            "--worst", type=at_least(0), default=10, metavar="N", help="show so many of the worst entries"
        )
        parser.add_argument("--limit", type=positive, metavar="N", help="only the first so many entries")
        parser.add_argument(
            "--entries-per-call",
            type=between(1, settings.MOST_ENTRIES_PER_CALL),
            default=1,
            metavar="N",
            help="ask them one by one, then up to so many in a call, and say what that costs in quality",
        )
        parser.add_argument("--min-f1", type=share, metavar="X", help="exit with 1 if the F1 overall is below")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gold = read_gold(options["gold"])[: options["limit"]]
        except GoldError as error:
            raise CommandError(str(error)) from error
        name = options["extractor"] or settings.TAGGING_EXTRACTOR
        extractor = perfect.PerfectExtractor(gold) if name == perfect.NAME else extractor_named(name)
        most_in_call = options["entries_per_call"]
        try:
            if most_in_call > 1 and not extractor.shares_calls:
                raise CommandError(f"The extractor {extractor.name!r} answers one entry in a call.")
            alone = self.run(extractor, gold)
            results = self.run(extractor, gold, most_in_call) if most_in_call > 1 else alone
        finally:
            extractor.close()
        for part in (figures(results), errors(results), worst(results, options["worst"]), spent(extractor, results)):
            for line in part:
                self.stdout.write(line)
        if results is not alone:
            self.stdout.write(compared(alone, results, most_in_call))
        f1 = Score.of([result.marked for result in results]).f1
        if all(result.error for result in results):
            raise CommandError("There was not one answer.")
        if options["min_f1"] is not None and f1 < options["min_f1"]:
            raise CommandError(f"F1 {f1:.3f} is below {options['min_f1']:g}.")

    def run(self, extractor: Extractor, gold: Sequence[Gold], most_in_call: int = 1) -> list[Evaluated]:
        """Evaluate all entries, in the order of the file, with a progress bar on a terminal."""
        results = []
        for result in evaluate_all(extractor, gold, most_in_call):
            results.append(result)
            draw_bar(self.stderr, len(results), len(gold))
        order = {entry.id: number for number, entry in enumerate(gold)}
        return sorted(results, key=lambda result: order[result.gold.id])


def extractor_named(name: str) -> Extractor:
    path = settings.EXTRACTORS.get(name, name)
    try:
        extractor: Extractor = import_string(path).from_settings(settings)
    except (ImportError, AttributeError, ValueError) as error:
        raise CommandError(f"The extractor {name!r} cannot be used: {error}") from error
    return extractor


def evaluate_all(extractor: Extractor, gold: Sequence[Gold], most_in_call: int) -> Iterator[Evaluated]:
    """Yield the results as they come: calls that are paid for wait side by side, the others would only compete."""
    calls = [gold[begin : begin + most_in_call] for begin in range(0, len(gold), most_in_call)]
    if not extractor.is_paid:
        for entries in calls:
            yield from evaluate_together(extractor, entries)
        return
    pool = ThreadPoolExecutor(settings.TAGGING_CONCURRENCY)
    try:
        for future in as_completed([pool.submit(evaluate_together, extractor, entries) for entries in calls]):
            yield from future.result()
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C no further call is paid for


def figures(results: Sequence[Evaluated]) -> Iterator[str]:
    """Yield the table of scores by group, and how the kinds of names and entries fared that are hardest."""
    yield f"{'':20}{'entries':>8}{'tags':>7}{'precision':>11}{'recall':>9}{'F1':>8}{'clean':>8}"
    groups: dict[str, list[Evaluated]] = {"all": list(results)}
    for result in results:
        groups.setdefault(f"language {result.gold.lang}", []).append(result)
    for category in sorted({category for result in results for category in result.gold.categories}):
        groups[f"category {category}"] = [result for result in results if category in result.gold.categories]
    for name, group in groups.items():
        score = Score.of([result.marked for result in group])
        by_tag = (
            f"{score.precision:11.3f}{score.recall:9.3f}{score.f1:8.3f}"
            if score.tags
            else f"{'-':>11}{'-':>9}{'-':>8}"
        )
        yield f"{name:20}{score.entries:8}{score.tags:7}{by_tag}{ratio(score.clean, score.entries):8.3f}"
    yield from fraction("entries without technology left clean", [r.is_clean for r in results if not r.gold.tags])
    for kind in ("rare", "invented"):
        yield from fraction(
            f"{kind} names found", [tag in r.marked.found for r in results for tag in getattr(r.gold, kind)]
        )


def fraction(what: str, hits: Sequence[bool]) -> Iterator[str]:
    if hits:
        yield f"{what}: {sum(hits)} of {len(hits)} ({ratio(sum(hits), len(hits)):.3f})"


def errors(results: Sequence[Evaluated]) -> Iterator[str]:
    """Yield how many entries got no answer, and the first detail of each kind."""
    failed = [result.error for result in results if result.error]
    if failed:
        yield f"\nNO ANSWER for {len(failed)} of {len(results)} entries, marked as if nothing had been found:"
    for code, times in Counter(error.code for error in failed).most_common():
        yield f"  {times} x {code}: {next(error.detail for error in failed if error.code == code)}"


def worst(results: Sequence[Evaluated], most: int) -> Iterator[str]:
    """Yield the entries with the lowest F1, of equal ones those with more mistakes first."""
    flawed = [result for result in results if result.marked.missed or result.marked.wrong]

    def badness(result: Evaluated) -> tuple[float, int, str]:
        marked = result.marked
        return Score.of([marked]).f1, -len(marked.missed) - len(marked.wrong), result.gold.id

    shown = sorted(flawed, key=badness)[:most]
    if shown:
        yield f"\nThe worst {len(shown)} of {len(flawed)} entries that are not exactly right:"
    for result in shown:
        marked = result.marked
        text = " ".join(result.gold.text.split())
        yield (
            f"  {result.gold.id}  F1 {Score.of([marked]).f1:.2f}"
            + (f"  missed: {', '.join(marked.missed)}" if marked.missed else "")
            + (f"  wrong: {', '.join(marked.wrong)}" if marked.wrong else "")
            + (f"  no answer: {result.error.code}" if result.error else "")
        )
        yield f"    {text if len(text) <= SHOWN_TEXT else text[: SHOWN_TEXT - 1] + '…'}"


def spent(extractor: Extractor, results: Sequence[Evaluated]) -> Iterator[str]:
    """Yield who answered, for what price by the settings, and how long an entry took."""
    who = [extractor.name] if extractor.model == extractor.name else [extractor.name, extractor.model]
    if extractor.is_paid:
        who.append(f"prompt {extractor.prompt_version}")
    price = paid(results)
    seconds = [result.seconds for result in results]
    yield (
        f"\n{', '.join(who)}: {price.tokens} tokens, {price.cost:.6f} $; "
        f"an entry took {duration(percentile(seconds, 0.5))} (median), {duration(percentile(seconds, 0.95))} (p95)"
    )


def paid(results: Sequence[Evaluated]) -> Price:
    return sum((Price.of(result.input_tokens, result.output_tokens) for result in results), Price())


def compared(alone: Sequence[Evaluated], together: Sequence[Evaluated], most_in_call: int) -> str:
    """Return what it costs in quality to ask several entries in a call, and what it saves."""

    def told(results: Sequence[Evaluated]) -> str:
        price = paid(results)
        return f"{round(sum(result.calls for result in results))} calls, {price.tokens} tokens, {price.cost:.6f} $"

    before, after = (Score.of([result.marked for result in results]).f1 for results in (alone, together))
    return (
        f"one by one: F1 {before:.3f}, {told(alone)}\n"
        f"up to {most_in_call} in a call: F1 {after:.3f} ({after - before:+.3f}), {told(together)}"
    )


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
