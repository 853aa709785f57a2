"""Lists in pages: they end, whatever the keys, and lead back again."""

import base64
import json

import pytest
from rest_framework.utils.urls import replace_query_param

from devlogs.models import DevLog
from tagging.models import DevLogTag, Tag

pytestmark = pytest.mark.django_db
DEVLOGS, TAGS = "/api/v1/devlogs/", "/api/v1/tags/"
MADE_UP = [
    "",
    "x",
    "ü",
    "bz0xMTAw",
    *(
        base64.urlsafe_b64encode(text.encode()).decode()
        for text in ("[]", "1", "null", "{}", "[0]", '[0, "a"]', "[0, 1.5]", "[0, true]", f"[0, {2**63}]", "[" * 5000)
    ),
]


def follow(api, address, link="next"):
    """Return the pages from this address on, as long as there is a link to one more."""
    pages = []
    while address and len(pages) < 50:
        page = api.get(address).json()
        pages.append(page["results"])
        address = page[link]
    assert not address, "The pages do not end."
    return pages


def slugs(pages):
    return [tag["slug"] for page in pages for tag in page]


@pytest.fixture
def equal_tags():
    """Return the slugs of 2,300 tags, all but one on one dev-log each, in the order in which they are listed."""
    devlogs = DevLog.objects.bulk_create([DevLog(entry="One."), DevLog(entry="Two.")])
    tags = Tag.objects.bulk_create(Tag(name=f"T {number}", slug=f"t-{number:04}") for number in range(2300))
    rows = [DevLogTag(devlog=devlogs[0], tag=tag) for tag in tags] + [DevLogTag(devlog=devlogs[1], tag=tags[7])]
    DevLogTag.objects.bulk_create(rows)
    return [tags[7].slug, *(tag.slug for tag in tags if tag != tags[7])]


def test_pages_of_thousands_of_equal_counts_end_and_hold_each_once(api, equal_tags):
    assert slugs(follow(api, TAGS)) == equal_tags


def test_the_way_back_leads_through_the_same_pages(api, equal_tags):
    pages = follow(api, TAGS)
    address = TAGS
    while further := api.get(address).json()["next"]:
        address = further

    back = follow(api, address, "previous")

    # The last page is short, and so the way back begins with it.
    assert slugs(back[::-1]) == equal_tags
    assert len(back) == len(pages)


def test_a_devlog_that_is_written_or_deleted_meanwhile_moves_no_other(api, make_devlog):
    made = [make_devlog(f"No. {number}").pk for number in range(120)][::-1]

    first = api.get(DEVLOGS).json()
    make_devlog("Just now.")
    DevLog.objects.filter(pk__in=[made[3], made[49], made[60]]).delete()
    rest = [devlog["id"] for page in follow(api, first["next"]) for devlog in page]

    assert rest == [pk for pk in made[50:] if pk != made[60]]


def test_a_tag_that_becomes_more_used_meanwhile_makes_no_page_repeat(api, equal_tags):
    first = api.get(TAGS).json()
    DevLogTag.objects.create(devlog=DevLog.objects.get(entry="Two."), tag=Tag.objects.get(slug=equal_tags[50]))

    rest = slugs(follow(api, first["next"]))

    assert rest == equal_tags[100:]


def test_a_page_that_was_emptied_leads_to_none(api, make_devlog):
    made = [make_devlog(f"No. {number}").pk for number in range(51)]
    last = api.get(DEVLOGS).json()["next"]
    DevLog.objects.filter(pk=made[0]).delete()

    assert api.get(last).json() == {"next": None, "previous": None, "results": []}


def test_before_the_first_there_is_nothing_and_from_there_on_all(api, make_devlog):
    made = [make_devlog(f"No. {number}").pk for number in range(51)]
    second = api.get(api.get(DEVLOGS).json()["next"]).json()
    before_second = second["previous"]
    DevLog.objects.exclude(pk=made[0]).delete()

    page = api.get(before_second).json()

    assert (page["results"], page["previous"]) == ([], None)
    assert [devlog["id"] for devlog in api.get(page["next"]).json()["results"]] == [made[0]]


@pytest.mark.parametrize("path", [DEVLOGS, TAGS])
@pytest.mark.parametrize("cursor", MADE_UP, ids=lambda cursor: cursor[:12])
def test_a_cursor_that_is_none_of_this_list_is_refused_with_the_way_out(api, path, cursor):
    response = api.get(path, {"cursor": cursor})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["cursor"])


@pytest.mark.parametrize("slug", ["\0", "\ud800", "a\nb", 7, None])
def test_a_cursor_of_tags_with_what_is_no_slug_is_refused(api, slug):
    cursor = base64.urlsafe_b64encode(json.dumps([0, 1, slug]).encode()).decode()

    assert api.get(TAGS, {"cursor": cursor}).status_code == 400


def test_the_cursor_of_another_list_is_refused(api, make_devlog, equal_tags):
    for number in range(51):
        make_devlog(f"No. {number}")

    of_devlogs, of_tags = (api.get(path).json()["next"].rpartition("cursor=")[2] for path in (DEVLOGS, TAGS))

    assert api.get(f"{TAGS}?cursor={of_devlogs}").status_code == 400
    assert api.get(f"{DEVLOGS}?cursor={of_tags}").status_code == 400


def test_the_links_keep_every_other_parameter(api, make_tagged):
    for _ in range(51):
        make_tagged("Django", "Redis")

    link = api.get(f"{DEVLOGS}?tag=django&tag=redis&state=done").json()["next"]

    wanted = f"http://testserver{DEVLOGS}?state=done&tag=django&tag=redis"
    assert replace_query_param(link, "cursor", "x") == replace_query_param(wanted, "cursor", "x")
