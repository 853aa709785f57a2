from devlogs.admin import devlogs, groups, people

__all__ = ["devlogs", "groups", "people"]
