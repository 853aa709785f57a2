"""A job's steps and what stands afterwards, as a worker would take them."""

from datetime import timedelta

from django.db.models.functions import Now

from tagging.engine import batches
from tagging.extraction.grounding import Mention
from tagging.models import Job


def job_of(devlog):
    return Job.objects.get(pk=devlog.pk)


def claim(limit=10, owner="me", lease_seconds=60):
    return Job.objects.claim(limit, owner=owner, lease_seconds=lease_seconds)


def answer(job, *names):
    found = [Mention(name, f"with {name}", position) for position, name in enumerate(names)]
    attempt = job.new_attempt(outcome="answered", extractor="embedded", answer=[[*mention[:2]] for mention in found])
    attempt.mentions = found
    return attempt


def failure(job, code="timeout"):
    return job.new_attempt(outcome="failed", error_code=code)


def expire_leases():
    Job.objects.running().update(lease_expires_at=Now() - timedelta(seconds=1))


def tags_of(devlog):
    return [tagging.tag.name for tagging in devlog.taggings.all()]


def portions_of(count, monkeypatch):
    """Have work on many rows done in portions of so many."""
    for name in ("FEWEST", "FIRST", "MOST"):
        monkeypatch.setattr(batches, name, count)
