"""Who sees what: an author their own, staff all but what others keep private; another's is as if it were not there."""

import re

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, get_resolver
from knox.models import AuthToken
from rest_framework.test import APIClient

from devlog_project.api.models.tokens import make_token
from devlogs.models import DevLog

pytestmark = pytest.mark.django_db
DEVLOGS, TAGS = "/api/v1/devlogs/", "/api/v1/tags/"


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


@pytest.fixture
def chief():
    return User.objects.create_user("chief", is_staff=True)


@pytest.fixture
def devlog(ada, make_tagged):
    return make_tagged("Django", author=ada)


def client_of(user):
    return APIClient(headers={"authorization": f"Bearer {AuthToken.objects.create(user)[1]}"})


def ids(client):
    return [each["id"] for each in client.get(DEVLOGS).json()["results"]]


def test_staff_see_all_and_an_author_their_own(ada, chief, devlog, make_devlog):
    nobodys, chiefs = make_devlog(), make_devlog(author=chief)

    assert ids(client_of(chief)) == [chiefs.pk, nobodys.pk, devlog.pk]
    assert ids(client_of(ada)) == [devlog.pk]


def test_staff_read_edit_tag_and_delete_the_dev_log_of_another(chief, devlog):
    client, address = client_of(chief), f"{DEVLOGS}{devlog.pk}/"

    statuses = [
        client.get(address).status_code,
        client.post(f"{address}retag/").status_code,
        client.put(f"{address}tags/Redis/").status_code,
        client.patch(address, {"entry": "Wrote a Flask app."}).status_code,
    ]

    assert statuses == [200, 202, 201, 200]
    assert client.get(address).json()["author"] == "ada"
    assert client.delete(address).status_code == 204


def test_staff_count_the_tags_of_all(ada, chief, devlog, make_tagged):
    make_tagged("Django")
    counts = [client_of(user).get(TAGS).json()["results"][0]["count"] for user in (ada, chief)]

    assert counts == [1, 2]


def test_what_others_keep_private_is_seen_by_superusers_alone(ada, chief, make_tagged):
    private, own = (make_tagged("Redis", author=author, is_private=True) for author in (ada, chief))
    root = User.objects.create_superuser("root")

    assert ids(client_of(chief)) == [own.pk]
    assert ids(client_of(root)) == [own.pk, private.pk]
    assert client_of(chief).get(f"{DEVLOGS}{private.pk}/").status_code == 404
    assert client_of(chief).get(f"{DEVLOGS}?q=redis").json()["results"][0]["id"] == own.pk


def test_tags_of_what_others_keep_private_are_counted_by_superusers_alone(ada, chief, make_tagged):
    make_tagged("Redis", author=ada, is_private=True)
    make_tagged("Django", author=chief, is_private=True)
    counts = [
        {tag["name"]: tag["count"] for tag in client_of(user).get(TAGS).json()["results"]}
        for user in (chief, User.objects.create_superuser("root"))
    ]

    assert counts == [{"Django": 1}, {"Django": 1, "Redis": 1}]


def test_what_staff_post_is_theirs(chief):
    response = client_of(chief).post(DEVLOGS, {"entry": "Wrote a Django app."})

    assert (response.status_code, response.json()["author"]) == (201, "chief")


def test_who_is_staff_no_more_sees_their_own_from_then_on(chief, devlog):
    client = client_of(chief)
    assert ids(client) == [devlog.pk]

    User.objects.filter(pk=chief.pk).update(is_staff=False)

    assert ids(client) == []


def test_inactive_staff_see_nothing(chief, devlog):
    client = client_of(chief)
    User.objects.filter(pk=chief.pk).update(is_active=False)

    assert client.get(DEVLOGS).status_code == 401


def test_while_the_api_is_open_all_see_all(ada, devlog, make_devlog, settings):
    settings.API_OPEN = True
    nobodys = make_devlog()

    assert ids(client_of(ada)) == ids(APIClient()) == [nobodys.pk, devlog.pk]


# -- another's id ------------------------------------------------------------------------------------------------


def addresses(patterns, prefix=""):
    for each in patterns:
        address = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield address, each.callback
        else:
            yield from addresses(each.url_patterns, address)


def with_an_id():
    """Return each address of the API that names an id, with the methods it knows."""
    found = {}
    for address, view in addresses(get_resolver().url_patterns):
        if address.startswith("api/v1/") and re.search(r"<(int:)?(id|pk)>|\(\?P<(id|pk)>", address):
            methods = getattr(view, "actions", None) or [
                name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name)
            ]
            found.setdefault(address, set()).update(methods)
    return sorted((address, method) for address, methods in found.items() for method in methods)


def filled(address, pk):
    path = re.sub(r"\(\?P<(id|pk)>[^)]*\)|<(?:int:)?(?:id|pk)>", str(pk), address)
    path = re.sub(r"<(str:|path:|slug:)?name>|\(\?P<name>[^)]*\)", "django", path)
    return "/" + path.replace("^", "").replace("$", "")


def test_addresses_with_an_id_are_found():
    found = {address for address, _ in with_an_id()}

    assert len(found) >= 4, found


@pytest.mark.parametrize("address, method", with_an_id())
def test_anothers_id_is_as_unknown_as_one_that_there_is_not(address, method, ada, devlog):
    details, _ = make_token(ada, "laptop", None)
    foreign = details.pk if "auth/tokens" in address else devlog.pk
    client = client_of(User.objects.create_user("eve"))
    answers = []
    for pk in (foreign, 999_999):
        path = filled(address, pk)
        body = {"entry": "Wrote a Redis client."} if method in ("put", "patch") and "tags" not in path else None
        answers.append(getattr(client, method)(path, body))

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"].replace("999999", str(foreign))
    assert DevLog.objects.filter(pk=devlog.pk, entry=devlog.entry).exists()
    assert AuthToken.objects.filter(details=details).exists()
