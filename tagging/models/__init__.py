"""The rows and their transitions: a module for each noun, and here what others import."""

from tagging.models.attempt import Attempt
from tagging.models.author_spending import AuthorSpending
from tagging.models.batch import Batch
from tagging.models.job import Job
from tagging.models.provider_state import ProviderState
from tagging.models.queue_pause import QueuePause
from tagging.models.spending import Spending
from tagging.models.tag import DevLogTag, Removal, Tag
from tagging.models.tag_use import TagUse
from tagging.models.term import Term
from tagging.models.totals import Totals
from tagging.models.worker import Worker

__all__ = [
    "Attempt",
    "AuthorSpending",
    "Batch",
    "DevLogTag",
    "Job",
    "ProviderState",
    "QueuePause",
    "Removal",
    "Spending",
    "Tag",
    "TagUse",
    "Term",
    "Totals",
    "Worker",
]
