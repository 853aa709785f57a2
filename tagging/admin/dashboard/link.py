"""The link to the queue's page that stands on every page of the admin, with what the queue waits for."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tagging.extraction.base import WaitingFor
from tagging.models.shown_pause import shown_pause

register = template.Library()


@register.simple_tag
def queue_link() -> SafeString:
    return format_html('<a href="{}" class="queue-link">{}</a>', reverse("queue:dashboard"), state())


def state() -> str:
    """Say in a few words how the queue fares, as it was at most a second ago: no page reads it anew."""
    if shown_pause.queue():
        return _("Queue: paused")
    provider = shown_pause.provider()
    if not provider:
        return _("Queue")
    if provider.waiting_for == WaitingFor.BUDGET:
        return _("Queue: waits for the budget")
    return _("Queue: waits for the provider")
