"""The admin of tags, jobs and what goes with them; importing it registers all."""

from tagging.admin import jobs, tags, terms  # noqa: F401
