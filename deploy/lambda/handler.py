"""The worker as a function: records from SQS in, results to the service out. It knows no Django and no database.

The call itself is the `openai` extractor's, with its prompt, schema and redaction; `build.py` puts that code beside
this file. Each record ends in one of two ways: its result was taken (or is no longer wanted), and SQS deletes it; or
it is named in the answer, and SQS brings it again, until its redrive policy puts it among the dead letters.
"""

from __future__ import annotations

import json
import logging
import os
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any

from tagging.extraction.base import Extraction, ExtractionError
from tagging.extraction.contract import Result
from tagging.extraction.openai.client import OpenAIExtractor

logger = logging.getLogger()
logger.setLevel(logging.INFO)
# It logs each request's address; one line a record says enough.
logging.getLogger("httpx2").setLevel(logging.WARNING)

POST_SECONDS = 10.0
# An answer is paid for, so posting it is tried more than once, with so many seconds between.
PAUSES_SECONDS = (0.0, 0.5, 2.0)
# Kept back from the function's time, to name what is not done: else SQS would bring the whole batch again.
MARGIN_SECONDS = 3.0


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on all records side by side; return which of them SQS is to bring again."""
    records = event["Records"]
    seconds = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    pool = ThreadPoolExecutor(max(1, len(records)))
    futures = [pool.submit(is_settled, record) for record in records]
    finished, _ = wait(futures, timeout=max(seconds, 0.1))
    pool.shutdown(wait=False)
    failed = [
        record["messageId"]
        for record, future in zip(records, futures, strict=True)
        if not (future in finished and future.result())
    ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def is_settled(message: dict[str, Any]) -> bool:
    """Work on one record; say whether its message may go. Never raises."""
    try:
        record = json.loads(message["body"])
        return post(record["id"], result_of(record))
    except Exception as error:
        # Its type only: what it says may quote the entry.
        logger.error("message=%s raised %s", message.get("messageId"), type(error).__name__)
        return False


def result_of(record: dict[str, Any]) -> Result:
    """Call the model for one record; return what is posted: technologies, or what went wrong."""
    outcome: Extraction | ExtractionError
    entry, taught = record["entry"], record.get("taught", [])
    try:
        outcome = extractor().extract(entry, safety_identifier=record["safety_identifier"], taught=taught)
    except ExtractionError as error:
        outcome = error
    version = extractor().prompt_version_for(entry, taught)
    sealed = {"entry_digest": record["entry_digest"], "claim": record["claim"]}
    return Result.of(outcome, extractor(), prompt_version=version, **sealed)


@cache
def extractor() -> OpenAIExtractor:
    """Return the one extractor of this process, set up by the same variables as the service's."""
    env = os.environ
    return OpenAIExtractor(
        api_key=env.get("OPENAI_API_KEY", ""),
        base_url=env.get("OPENAI_BASE_URL", ""),
        model=env.get("OPENAI_MODEL", "gpt-6-luna"),
        timeout_seconds=float(env.get("OPENAI_TIMEOUT_SECONDS", "30")),
        response_format=env.get("OPENAI_RESPONSE_FORMAT", "json_schema"),
        reasoning_effort=env.get("OPENAI_REASONING_EFFORT", "none"),
        service_tier=env.get("OPENAI_SERVICE_TIER", ""),
        extra_instructions=env.get("OPENAI_EXTRA_INSTRUCTIONS", ""),
    )


# -- posting -----------------------------------------------------------------------------------------------------


class StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to a host that is not configured."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


opener = urllib.request.build_opener(StayHere)


def post(devlog_id: int, result: Result) -> bool:
    """Post one result; say whether the service took it, or wants it no more."""
    status = 0
    for pause in PAUSES_SECONDS:
        time.sleep(pause)
        status = status_of(devlog_id, result)
        if 0 < status < 500:
            break
    logger.info("devlog=%s %s HTTP %s", devlog_id, "error" if result.error else "answer", status)
    return 200 <= status < 300 or status == 409


def status_of(devlog_id: int, result: Result) -> int:
    """Return the status of the service's answer, 0 if there was none."""
    request = urllib.request.Request(  # noqa: S310 - the address is the deployment's own
        f"{os.environ['RESULTS_URL'].rstrip('/')}/devlogs/{int(devlog_id)}/tags/",
        data=result.model_dump_json(exclude_none=True).encode(),
        headers={"Authorization": f"Bearer {os.environ['RESULTS_TOKEN']}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with opener.open(request, timeout=POST_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0
