"""What a function elsewhere posts for a record."""

from tagging.models import Job
from tagging.remote import records as remote

DJANGO = {"name": "Django", "evidence": "eine Anwendung mit Django geschrieben"}


def result_for(job: Job, **fields) -> dict:
    record = remote.record_of(job)
    return {
        "entry_digest": record["entry_digest"],
        "claim": record["claim"],
        "extractor": "openai",
        "model": "gpt-6-luna",
        "prompt_version": 1,
        "usage": {"input_tokens": 1000, "output_tokens": 100},
        **({} if "error" in fields else {"technologies": [DJANGO]}),
        **fields,
    }
