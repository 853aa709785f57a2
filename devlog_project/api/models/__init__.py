"""What the API itself keeps: a module for each noun."""

from devlog_project.api.models.counter import Counter
from devlog_project.api.models.idempotency import IdempotencyKey
from devlog_project.api.models.tokens import TokenDetails

__all__ = ["Counter", "IdempotencyKey", "TokenDetails"]
