"""The kinds of technologies, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tagging.extraction.kinds import Kind

NAMES: dict[str, Promise] = {
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
NONE = _("other")


def name_of(kind: str) -> str:
    """Return what a kind is called; a tag of no kind is of the others."""
    return str(NAMES.get(kind, NONE))
