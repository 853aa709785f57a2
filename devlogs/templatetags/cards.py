"""What the card of a dev-log shows beyond its fields."""

from django import template
from django.utils.safestring import SafeString

from devlogs.models import DevLog
from tagging.looks import marks, why

register = template.Library()


@register.filter
def marked(devlog: DevLog) -> SafeString:
    """Return the entry with the words marked that show its tags."""
    return marks.marked(devlog.entry, devlog.shown_tags)  # type: ignore[attr-defined]


@register.filter
def waiting(devlog: DevLog) -> str:
    """Say why a dev-log has no tags yet."""
    return why.waiting(getattr(devlog, "job", None))
