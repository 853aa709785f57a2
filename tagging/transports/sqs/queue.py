"""One queue at Amazon SQS, or at any server that speaks its API (AWS_ENDPOINT_URL_SQS names it)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from tagging.transports.sender import BrokerDownError

# What SQS takes in one request.
MAX_MESSAGES = 10
MAX_BYTES = 1024 * 1024
CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
REGION = re.compile(r"^https?://sqs\.([a-z0-9-]+)\.amazonaws\.")


class Sent(NamedTuple):
    """The jobs whose messages SQS took, and why it did not take all; empty if it did."""

    taken: set[int]
    problem: str


class Queue:
    """Sends, receives and deletes."""

    def __init__(self, url: str, *, read_seconds: float = READ_SECONDS) -> None:
        self.url = url
        self._read_seconds = read_seconds

    @cached_property
    def client(self) -> Any:
        import boto3  # optional package
        from botocore.config import Config  # optional package

        region = REGION.match(self.url)
        return boto3.session.Session().client(
            "sqs",
            region_name=region[1] if region else None,
            # A second try would only hold up what comes behind; the sweep is the second try.
            config=Config(
                connect_timeout=CONNECT_SECONDS, read_timeout=self._read_seconds, retries={"total_max_attempts": 1}
            ),
        )

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return SQS's answer, or raise BrokerDownError; what it refused in a 200 is under `Failed`."""
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(QueueUrl=self.url, **parameters)
        except Exception as error:
            raise BrokerDownError(f"{type(error).__name__}: {error}") from error
        return answer

    def send(self, bodies: Mapping[int, str]) -> Sent:
        """Send these messages, each for a job, as far as SQS takes them."""
        taken: set[int] = set()
        problem = ""
        for batch in batches(bodies):
            entries = [{"Id": str(job_id), "MessageBody": body} for job_id, body in batch.items()]
            try:
                answer = self.call("send_message_batch", Entries=entries)
            except BrokerDownError as error:
                return Sent(taken, str(error))
            taken |= {int(entry["Id"]) for entry in answer.get("Successful", ())}
            if failed := answer.get("Failed"):
                problem = f"it refused {len(failed)} messages, the first as {failed[0].get('Code')}"
        return Sent(taken, problem)


def batches(bodies: Mapping[int, str]) -> Iterator[dict[int, str]]:
    """Split messages into what one request may carry."""
    batch: dict[int, str] = {}
    size = 0
    for job_id, body in bodies.items():
        length = len(body.encode())
        if batch and (len(batch) == MAX_MESSAGES or size + length > MAX_BYTES):
            yield batch
            batch, size = {}, 0
        batch[job_id] = body
        size += length
    if batch:
        yield batch
