"""The pages of the admin, as tests read them."""

import re
from contextlib import AbstractContextManager
from unittest.mock import patch

from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import trans_real

from tagging.extraction.base import ErrorCode, Extraction, ExtractionError, Extractor, Technology, WaitingFor
from tagging.models import Job, Tag

DEVLOGS = "/admin/devlogs/devlog/"
TAGS = "/admin/tagging/tag/"
JOBS = "/admin/tagging/job/"
ATTEMPTS = "/admin/tagging/attempt/"
PROVIDERS = "/admin/tagging/providerstate/"
CHANGELISTS = [DEVLOGS, TAGS, JOBS, ATTEMPTS]
SCRIPT = "<script>alert(1)</script>"
NO_SUCH_TAG = "There is no such tag. Choose one of the names suggested, or look it up in the list of tags."
GERMAN = {"accept-language": "de"}


class Answer(Extractor):
    """An extractor with one answer to every entry: names, or an exception to raise; a canary it answers."""

    name = "answer"
    model = "model-1"

    def __init__(self, *names, error=None):
        self.names, self.error = names, error

    def extract(self, entry, *, safety_identifier=""):
        if self.error and entry != self.canary:
            raise self.error
        return Extraction([Technology(name) for name in self.names])


REFUSED = Answer(error=ExtractionError(ErrorCode.REFUSED, "The model declined.", permanent=True))
LIMITED = Answer(
    error=ExtractionError(ErrorCode.RATE_LIMITED, "Too many.", waiting_for=WaitingFor.RATE_LIMIT, retry_after=60)
)


def in_german(texts: dict[str, str]) -> AbstractContextManager[object]:
    """Have German say this meanwhile, whatever its catalogue says."""
    return patch.dict(trans_real.translation("de")._catalog._catalogs[0], texts)


def change_page(instance):
    meta = instance._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[instance.pk])


def words(html):
    return " ".join(strip_tags(html.replace("</p><p", "</p> <p")).replace("&#x27;", "'").split())


def inline(html):
    """Return what a strict Content-Security-Policy would not let run or show."""
    return re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\b(?:src|type=\"application/json\"))", html)


def column(response, name):
    """Return the words in one column of a list, row by row."""
    cells = re.findall(rf'<t[dh] class="field-{name}[^"]*"[^>]*>(.*?)</t[dh]>', response.content.decode(), re.DOTALL)
    return [words(cell) for cell in cells]


def fact(response, name):
    """Return the words of one read-only field of a page."""
    return words(fact_html(response, name))


def fact_html(response, name):
    field = response.content.decode().partition(f'form-row field-{name}"')[2]
    return (
        field.partition('<div class="readonly">')[2].partition('<div class="form-row')[0].partition("</fieldset>")[0]
    )


def cells(html):
    """Return the words in a table's cells, row by row, without its head."""
    rows = re.findall("<tr>(.*?)</tr>", html, re.DOTALL)
    return [[words(cell) for cell in re.findall("<td.*?>(.*?)</td>", row, re.DOTALL)] for row in rows if "<td" in row]


def save(client, devlog, **changed):
    """Save a dev-log's form as a browser does, with CRLF for every newline."""
    form = {"entry": devlog.entry, "author": devlog.author_id or ""} | changed
    form["entry"] = re.sub("\r\n?|\n", "\r\n", form["entry"])
    return client.post(change_page(devlog), form)


def act(client, action, devlogs, query="", **more):
    form = {"action": action, "_selected_action": [devlog.pk for devlog in devlogs], **more}
    return client.post(DEVLOGS + query, form, follow=True)


def act_on_tags(client, action, *names, **more):
    chosen = Tag.objects.filter(name__in=names).values_list("pk", flat=True)
    form = {"action": action, "_selected_action": list(chosen), **more}
    return client.post(TAGS, form, follow=True)


def states():
    return dict(Job.objects.order_by("pk").values_list("pk", "state"))


def message_of(response):
    (message,) = response.context["messages"]
    return str(message)
