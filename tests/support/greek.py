"""A site whose data is all Greek, with a row of each model: fixtures for tests that look for words of ours."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from django.utils.translation import trans_real
from knox.models import AuthToken

from devlog_project.api.models.tokens import TokenDetails
from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import Attempt, AuthorSpending, Batch, Job, ProviderState, Spending, Tag, Term, Worker
from tests.support.extractors import Scripted
from tests.support.pseudo import pseudo_german


@pytest.fixture
def german(monkeypatch):
    """Have all that is translated to German stand in marks."""
    monkeypatch.setitem(trans_real._translations, "de", pseudo_german())


@pytest.fixture
def ada(client):
    """Log in an author who may do all, called in Greek."""
    user = User.objects.create_superuser("Αδα", password="λέξη-κλειδί")
    client.force_login(user)
    client.defaults |= {"HTTP_ACCEPT_LANGUAGE": "de", "HTTP_ACCEPT": "text/html"}
    return user


@pytest.fixture
def written(ada, make_devlog, run_jobs):
    """Have dev-logs that are tagged, failed and waiting; return one row of each model, by the model."""
    tagged = make_devlog("Έγραψα Ωμέγα και Δέλτα", author=ada, external_id="α-1")
    run_jobs(Scripted(["Ωμέγα", "Δέλτα"]))
    failed = make_devlog("Έγραψα πάλι", author=ada)
    Job.objects.filter(pk=failed.pk).update(state="failed", run_after=None, error_code="refused", error_detail="όχι")
    waiting = make_devlog("Έγραψα και κάτι ιδιωτικό", author=ada, is_private=True)
    Job.objects.filter(pk=waiting.pk).update(waiting_for="budget")
    Attempt.objects.update(extractor="εξαγωγέας", model="μοντέλο", entry_digest="0")
    Worker.objects.all().delete()  # whose names are this machine's
    batch = Batch.objects.begin("devlogs.devlog", "Dev-logs deleted", 5, ada.pk)
    Batch.objects.filter(pk=batch.pk).update(done=3)
    rows = [tagged, tagged.job, tagged.job.timeline.get(), ada, *of_the_vocabulary(), *of_the_queue(ada)]
    rows += [Group.objects.create(name="Ομάδα"), token_of(ada)]
    return {type(row): row for row in rows}


def of_the_vocabulary():
    """Return a tag and a term; beside the tag is one of nearly the same name, an alias and a blocked one."""
    tag = Tag.objects.get(name="Ωμέγα")
    Tag.objects.create(name="Ωμέγκα", slug="ωμέγκα")
    Tag.objects.create(name="Ωμεγάλο", slug="ωμεγάλο", alias_of=tag)
    Tag.objects.create(name="Βήτα", slug="βήτα", is_blocked=True)
    return tag, Term.objects.create(name="Ωμέγα", aliases="Ω", kind="ai")


def of_the_queue(ada):
    ProviderState.objects.pause(ExtractionError(ErrorCode.UNREACHABLE, "όχι", waiting_for=WaitingFor.PROVIDER))
    now = timezone.now()
    worker = Worker.objects.create(name="Εργάτης", host="Σπίτι", pid=1, seen_at=now - timedelta(hours=1))
    spending, _ = Spending.objects.get_or_create(day=date.today(), defaults={"tokens": 1, "cost": 1})
    of_author, _ = AuthorSpending.objects.get_or_create(day=date.today(), author_id=ada.pk, defaults={"tokens": 1})
    return ProviderState.objects.get(), worker, spending, of_author


def token_of(ada):
    token, _ = AuthToken.objects.create(ada)
    details, _ = TokenDetails.objects.update_or_create(token=token, defaults={"name": "Κλειδί"})
    return details
