"""What people call the kinds of technology and the states of a tagging."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tagging.extraction.kinds import Kind
from tagging.models import Job

KINDS: dict[str, Promise] = {
    Kind.LANGUAGE: _("language"),
    Kind.FRAMEWORK: _("framework"),
    Kind.LIBRARY: _("library"),
    Kind.DATABASE: _("database"),
    Kind.MESSAGING: _("messaging"),
    Kind.CLOUD: _("cloud"),
    Kind.DEVOPS: _("DevOps"),
    Kind.TESTING: _("testing"),
    Kind.TOOL: _("tool"),
    Kind.OS_HARDWARE: _("system or hardware"),
    Kind.PROTOCOL_FORMAT: _("protocol or format"),
    Kind.AI: _("AI"),
}
STATES: dict[str, Promise] = {
    Job.State.PENDING: _("waiting"),
    Job.State.RUNNING: _("being tagged"),
    Job.State.DONE: _("tagged"),
    Job.State.FAILED: _("failed"),
}
