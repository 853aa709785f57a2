from devlogs.admin import devlogs, people

__all__ = ["devlogs", "people"]
