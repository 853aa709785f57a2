"""Does the model's server take our key, and what does that cost?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from django.conf import settings

from devlog_project.conf.model import PRICES_OF, env
from devlog_project.ops.doctor import Finding
from devlog_project.ops.doctor.database import skew
from tagging.engine.attempting import configured_extractor
from tagging.extraction.base import ExtractionError, Extractor
from tagging.extraction.openai.environment import DEFAULT_BASE_URL, find_mistake, proxy_for
from tagging.models.spending import Price

if TYPE_CHECKING:
    import httpx2

SECONDS = 10.0
DAYS_OF_A_PRICE = 365
DEFAULTS = {one.name: one.default for one in env.settings}
LOOK = "Look at OPENAI_BASE_URL and the way there."
PAY = "Run manage.py doctor --paid, which asks for the tags of a short entry."


def key_and_model() -> Iterator[Finding]:
    """Ask for the list of models, which costs nothing and shows whether the key is good."""
    if settings.EXTRACTORS["openai"] != settings.TAGGING_EXTRACTOR:
        yield Finding("model", "ok", f"No model is asked: TAGGING_EXTRACTOR is {extractor_word()}.")
        return
    if mistake := find_mistake(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL):
        yield Finding("model", "fail", "No request can be sent.", mistake)
        return
    import httpx2  # slow import

    try:
        response = list_of_models()
    except httpx2.HTTPError as error:
        yield Finding("model", "fail", f"The model's server does not answer ({type(error).__name__}).", LOOK)
        return
    yield judged(response)
    with suppress(KeyError, ValueError):
        seconds = (datetime.now(UTC) - parsedate_to_datetime(response.headers["date"])).total_seconds()
        yield skew("clock", seconds, "the model server's")


def extractor_word() -> str:
    words = {path: word for word, path in settings.EXTRACTORS.items()}
    return words.get(settings.TAGGING_EXTRACTOR, settings.TAGGING_EXTRACTOR)


def list_of_models() -> httpx2.Response:
    import httpx2  # slow import

    from tagging.extraction.openai.wire import Transport  # slow import

    base_url = settings.OPENAI_BASE_URL or DEFAULT_BASE_URL
    headers = {"Authorization": f"Bearer {settings.OPENAI_API_KEY or 'unset'}"}
    for header, name in (("OpenAI-Organization", "OPENAI_ORG_ID"), ("OpenAI-Project", "OPENAI_PROJECT_ID")):
        if value := os.environ.get(name):
            headers[header] = value
    transport = Transport(seconds=SECONDS, proxy=proxy_for(base_url))
    with httpx2.Client(transport=transport, follow_redirects=False) as client:
        return client.get(f"{base_url.rstrip('/')}/models", headers=headers)


def judged(response: httpx2.Response) -> Finding:
    """Return what the answer to the question for models says of key and model."""
    if response.status_code in (401, 403):
        says = f"The model's server refuses our key (HTTP {response.status_code})."
        return Finding("model", "fail", says, "Set OPENAI_API_KEY anew, or look at its account and its rights.")
    try:
        listed = {one["id"] for one in response.json()["data"]} if response.status_code == 200 else None
    except (ValueError, KeyError, TypeError):
        listed = None
    if listed is None:
        says = f"The model's server answers, but lists no models (HTTP {response.status_code})."
        return Finding("model", "warn", says, PAY)
    if settings.OPENAI_MODEL not in listed:
        says = f"The key is taken, but {settings.OPENAI_MODEL} is not among the {len(listed)} models of the server."
        return Finding("model", "warn", says, f"Correct OPENAI_MODEL, if it is no second name. {PAY}")
    return Finding(
        "model", "ok", f"The key is taken and {settings.OPENAI_MODEL} is there: its list was read, for nothing."
    )


def paid_call() -> Iterator[Finding]:
    """Have the tags of a short entry found."""
    extractor = configured_extractor()
    try:
        answer = extractor.extract(Extractor.canary)
    except ExtractionError as error:
        do = "docs/operations.md says what to do about each code. What was sent may have been paid."
        yield Finding("call", "fail", f"A real call failed: {error.code}, {error.detail}", do)
        return
    finally:
        extractor.close()
    names = ", ".join(one.name for one in answer.technologies) or "nothing"
    price = Price.of(answer.input_tokens, answer.output_tokens)
    cost = f"{price.tokens} tokens, {price.cost} dollars" if extractor.is_paid else "for nothing"
    yield Finding("call", "ok", f"A real call found {names} in “{Extractor.canary}” ({cost}; no budget counts it).")


def prices() -> Iterator[Finding]:
    """Look at what a day's cost is counted with, and whether it has an end."""
    if settings.EXTRACTORS["openai"] != settings.TAGGING_EXTRACTOR:
        return
    is_default = all(os.environ.get(name, "") == "" for name in ("OPENAI_INPUT_PRICE", "OPENAI_OUTPUT_PRICE"))
    age = (datetime.now(UTC).date() - PRICES_OF).days
    do = "Set OPENAI_INPUT_PRICE and OPENAI_OUTPUT_PRICE to what its price list says today."
    if is_default and DEFAULTS["OPENAI_MODEL"] != settings.OPENAI_MODEL:
        says = f"Costs are counted with the prices of {DEFAULTS['OPENAI_MODEL']}, not of {settings.OPENAI_MODEL}."
        yield Finding("prices", "warn", says, do)
    elif is_default and age > DAYS_OF_A_PRICE:
        yield Finding("prices", "warn", f"Costs are counted with prices of {PRICES_OF:%B %Y}.", do)
    else:
        says = f"of {PRICES_OF:%B %Y}" if is_default else "set here"
        yield Finding("prices", "ok", f"Costs are counted with prices {says}.")
    if not (settings.TAGGING_DAILY_TOKENS or settings.TAGGING_DAILY_COST):
        do = "Set TAGGING_DAILY_COST or TAGGING_DAILY_TOKENS: what is beyond it waits for the next day."
        yield Finding("budget", "warn", "No limit bounds what a day may cost.", do)
    else:
        yield Finding("budget", "ok", "What a day may cost has a limit.")
