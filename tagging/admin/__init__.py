from tagging.admin import tags  # noqa: F401 - registers them
