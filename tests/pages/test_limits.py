"""The writes of a minute are limited on the pages as at the API, whatever one changes."""

from html import unescape

import pytest
from django.urls import reverse
from knox.models import AuthToken

from devlogs.models import AuthorSettings, DevLog
from devlogs.pages.urls import urlpatterns
from tests.support.jobs import job_of, tags_of

FRAGMENT = {"X-Fragment": "1"}
SAID = "That was too much in one minute. Nothing was saved; try again in"
TYPED = "Wrote it again in Rust."
CHANGES = {
    "home": {"entry": TYPED},
    "entry-edit": {"entry": TYPED},
    "entry-private": {"private": "true"},
    "entry-retag": {},
    "entry-delete": {},
    "entry-restore": {},
    "entry-tags": {"name": "Kafka"},
    "entry-tags-remove": {"name": "celery"},
    "tokens": {"name": "laptop"},
    "settings": {"private_by_default": "on"},
}
# What keeps an account safe is never refused for what else one wrote; guesses at passwords are counted on their own.
NOT_COUNTED = {"login", "logout", "password", "removal", "revoke", "revoke-all"}
OF_AN_ENTRY = {"entry-edit", "entry-private", "entry-retag", "entry-delete", "entry-tags", "entry-tags-remove"}


@pytest.fixture
def devlog(make_tagged, ada):
    return make_tagged("Django", "Celery", author=ada)


@pytest.fixture
def kept(page, make_devlog, ada):
    """What the form to bring another entry back holds."""
    return page.post(f"/entries/{make_devlog(author=ada).pk}/delete/").context["kept"]


@pytest.fixture
def spent(page, devlog, kept, settings):
    """Have the one write of this minute be used up."""
    settings.API_POSTS_PER_MINUTE = 1
    page.post(f"/entries/{devlog.pk}/tags/", {"name": "Rust"})


def sent(page, name, devlog, kept, **options):
    address = reverse(f"pages:{name}", args=[devlog.pk] if name in OF_AN_ENTRY else [])
    opened = page.get(f"/entries/{devlog.pk}/edit/").context["opened"]
    return page.post(address, {**CHANGES[name], "kept": kept, "opened": opened}, **options)


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize("name", CHANGES)
def test_one_write_too_many_changes_nothing_and_says_so(page, devlog, kept, name):
    answer = sent(page, name, devlog, kept, follow=True)

    assert SAID in unescape(answer.content.decode())
    entry = DevLog.objects.get()
    assert (entry.pk, entry.entry, entry.is_private) == (devlog.pk, devlog.entry, False)
    assert (tags_of(devlog), job_of(devlog).state) == (["Django", "Celery", "Rust"], "done")
    assert not AuthToken.objects.exists()
    assert not AuthorSettings.objects.exists()


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize("name", [name for name in CHANGES if name not in ("tokens", "settings")])
def test_a_script_is_told_so_by_a_429(page, devlog, kept, name):
    answer = sent(page, name, devlog, kept, headers=FRAGMENT)

    assert (answer.status_code, SAID in unescape(answer.content.decode())) == (429, True)


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize("name, typed", [("home", TYPED), ("entry-edit", TYPED), ("entry-tags", "Kafka")])
def test_what_was_typed_stays(page, devlog, kept, name, typed):
    assert typed in sent(page, name, devlog, kept).content.decode()


@pytest.mark.usefixtures("spent")
def test_an_undo_that_is_refused_may_be_pressed_again(page, devlog, kept):
    assert sent(page, "entry-restore", devlog, kept).context["kept"] == kept


@pytest.mark.parametrize("name", CHANGES)
def test_each_is_done_where_it_is_not_too_much(page, devlog, kept, settings, name):
    settings.API_POSTS_PER_MINUTE = 100

    answer = sent(page, name, devlog, kept, follow=True)

    assert answer.status_code == 200
    assert SAID not in unescape(answer.content.decode())


@pytest.mark.usefixtures("spent")
def test_no_page_that_takes_a_post_was_forgotten(page, devlog):
    """A new one is to be counted and named above."""
    args = {pattern.name: [1] if "<int:pk>" in str(pattern.pattern) else [] for pattern in urlpatterns}
    args["export"] = ["csv"]
    looked_at = {"account", "export"}  # whatever the method

    taking = {name for name in args if page.post(reverse(f"pages:{name}", args=args[name])).status_code != 405}

    assert taking - looked_at == set(CHANGES) | NOT_COUNTED
