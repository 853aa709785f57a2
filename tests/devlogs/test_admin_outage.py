"""An outage of the provider, as the admin tells of it: what to do, whom it concerns, and a button to try again."""

import re

import pytest
from django.contrib.auth.models import Permission, User

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor
from tagging.models import ProviderState, QueuePause
from tests.devlogs.admin_pages import DEVLOGS, LIMITED, message_of, words

pytestmark = pytest.mark.django_db

QUEUE = "/admin/queue/"
TRY = "/admin/tagging/providerstate/resume/"
AWAY = ExtractionError(
    ErrorCode.UNREACHABLE, "No route.", permanent=False, waiting_for=WaitingFor.PROVIDER, retry_after=600
)


@pytest.fixture
def staff(client):
    def log_in(*codenames):
        user = User.objects.create(username="staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def said(page):
    return words(page.content.decode().replace("<", " <"))


def test_an_outage_is_told_with_what_to_do(admin_client):
    ProviderState.objects.pause(AWAY)

    page = said(admin_client.get(QUEUE))

    assert "The provider could not be reached. Look at the network and at OPENAI_BASE_URL." in page
    assert "unreachable No route." in page


def test_the_provider_is_named_by_its_model_and_host_and_without_what_lets_one_in(admin_client, settings):
    settings.TAGGING_EXTRACTOR = "tagging.extraction.openai.client.OpenAIExtractor"
    settings.OPENAI_BASE_URL = "https://user:secret@model.example:8443/v1"
    settings.OPENAI_MODEL = "gpt-x"
    ProviderState.objects.pause(AWAY)

    page = said(admin_client.get(QUEUE))

    assert ("gpt-x at model.example:8443" in page, "secret" in page) == (True, False)


@pytest.mark.parametrize("extra, is_offered", [("change_providerstate", True), ("view_devlog", False)])
def test_who_may_resume_the_provider_has_a_button_for_it(staff, extra, is_offered):
    ProviderState.objects.pause(AWAY)

    page = staff("view_job", extra).get(QUEUE).content.decode()

    assert (f'action="{TRY}"' in page) == is_offered


def test_the_button_has_the_provider_tried_and_leads_back(staff):
    ProviderState.objects.pause(AWAY)

    answer = staff("view_job", "change_providerstate").post(TRY, {"back": "queue"}, follow=True)

    assert answer.redirect_chain[-1][0] == QUEUE
    assert "One probe goes out at once." in message_of(answer)
    assert not ProviderState.objects.current().is_paused


@pytest.mark.parametrize("error", [AWAY, LIMITED.error])
def test_who_resumes_the_queue_hears_that_the_provider_still_is_to_be_waited_for(admin_client, error):
    ProviderState.objects.pause(error)
    QueuePause.objects.pause()

    answer = admin_client.post(f"{QUEUE}resume/", follow=True)

    assert re.fullmatch(
        r"No longer paused; it still waits for the provider('s rate limit)? until (\S+ )?\d\d:\d\d\.",
        message_of(answer),
    )


def test_or_that_a_probe_is_waited_for(admin_client):
    ProviderState.objects.pause(AWAY)
    ProviderState.objects.probe_now()
    QueuePause.objects.pause()

    answer = admin_client.post(f"{QUEUE}resume/", follow=True)

    assert message_of(answer) == "No longer paused; it still waits for the provider."


# -- the link on every page --------------------------------------------------------------------------------------


def link(page):
    [text] = re.findall(rf'<a href="{QUEUE}" class="queue-link">([^<]*)</a>', page.content.decode())
    return text


def test_every_page_links_to_the_queue(staff):
    client = staff("view_job", "view_devlog")

    assert [link(client.get(address)) for address in (DEVLOGS, "/admin/", QUEUE)] == ["Queue"] * 3


def test_who_may_not_see_jobs_has_no_link(staff):
    assert QUEUE not in staff("view_devlog").get(DEVLOGS).content.decode()


def test_the_link_says_that_the_queue_is_paused(admin_client):
    ProviderState.objects.pause(AWAY)
    QueuePause.objects.pause()

    assert link(admin_client.get(DEVLOGS)) == "Queue: paused"


def test_the_link_says_that_the_queue_waits_for_the_provider(admin_client):
    ProviderState.objects.pause(AWAY)

    assert link(admin_client.get(DEVLOGS)) == "Queue: waits for the provider"


def test_the_link_says_that_the_queue_waits_for_the_budget(admin_client):
    ProviderState.objects.pause_for_budget()

    assert link(admin_client.get(DEVLOGS)) == "Queue: waits for the budget"


def test_the_link_is_not_read_anew_by_each_page(admin_client, monkeypatch):
    admin_client.get(DEVLOGS)
    monkeypatch.setattr("tagging.models.shown_pause.SHOWN_SECONDS", 3600)
    QueuePause.objects.pause()

    assert link(admin_client.get(DEVLOGS)) == "Queue"
