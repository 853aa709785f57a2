from devlog_project.api.models.counter import Counter
from devlog_project.api.models.tokens import TokenDetails

__all__ = ["Counter", "TokenDetails"]
