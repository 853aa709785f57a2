"""How a list of the admin is laid out, at a desk and on a phone."""

import re

import pytest

from tests.devlogs.admin_pages import DEVLOGS, JOBS, TAGS, column

pytestmark = pytest.mark.django_db


def test_a_cell_has_its_value_in_one_box_beside_the_head_of_its_column(admin_client, make_tagged):
    make_tagged("Redis", "Django")

    html = admin_client.get(DEVLOGS).content.decode()

    cell = re.search(r'<td class="field-tag_links"(.*?)</td>', html, re.DOTALL)[1]
    assert re.fullmatch(r' data-label="Tags"><div class="cell"><a .*</a> · <a .*</a></div>', cell)


def test_a_date_in_a_list_is_short_and_stays_on_one_line(admin_client, make_devlog):
    devlog = make_devlog()
    type(devlog).objects.update(created_at="2026-11-29T09:11:00Z")

    response = admin_client.get(DEVLOGS)

    assert column(response, "created") == ["11/29/2026 9:11 a.m."]
    assert '<span class="moment">11/29/2026 9:11 a.m.</span>' in response.content.decode()


def test_dev_logs_are_sorted_by_their_date(admin_client, make_devlog):
    first, second = make_devlog("First."), make_devlog("Second.")
    type(first).objects.filter(pk=first.pk).update(created_at="2026-01-01T00:00:00Z")

    sort = re.search(r'column-created".*?href="(\?o=[^"]*)"', admin_client.get(DEVLOGS).content.decode(), re.DOTALL)[1]
    listed = [devlog.pk for devlog in admin_client.get(DEVLOGS + sort).context["cl"].result_list]

    assert listed == [first.pk, second.pk]


@pytest.mark.parametrize("url", [DEVLOGS, JOBS, TAGS])
def test_a_phone_opens_the_filters_by_a_box_before_them(admin_client, url):
    html = admin_client.get(url).content.decode()

    assert re.search(
        r'<input type="checkbox" id="filters-shown">.*?<(nav|search) id="changelist-filter"', html, re.DOTALL
    )


def test_filters_in_use_are_open(admin_client):
    html = admin_client.get(f"{JOBS}?state__exact=failed").content.decode()

    assert '<input type="checkbox" id="filters-shown" checked>' in html


def test_a_list_without_filters_has_no_such_box(admin_client):
    assert "filters-shown" not in admin_client.get("/admin/tagging/spending/").content.decode()
