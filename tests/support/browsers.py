"""What a browser sends, and what a person reads of the answer."""

from html import unescape
from html.parser import HTMLParser

from django.contrib.auth.models import User
from django.test import Client

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PASSWORD = "lovelace-1815"


def browser(**more):
    """Return a client that asks for pages and checks forms, as none of the tests' own does."""
    return Client(headers={"accept": ACCEPT}, **more)


def logged_in(name="ada", **more):
    """Return a browser in which this person, who is made for it, is logged in."""
    client = browser(**more)
    client.force_login(User.objects.create_user(name, password=PASSWORD))
    return client


def log_in(client, name="ada", password=PASSWORD, address="/login/", **more):
    return client.post(address, {"username": name, "password": password, **more})


class Fields(HTMLParser):
    """The values of the fields of a page's own forms, by their names."""

    def __init__(self, html):
        super().__init__()
        self.values = {}
        self.feed(html.partition("<main")[2].partition("</main>")[0])

    def handle_starttag(self, tag, attrs):
        if tag == "input":
            shown = dict(attrs)
            self.values[shown.get("name") or shown.get("id")] = shown.get("value")


def fields(response):
    return Fields(response.content.decode()).values


def words(response):
    """Return the text of a page, with its spaces as one reads them."""
    parts = []
    parser = HTMLParser()
    parser.handle_data = parts.append
    parser.feed(response.content.decode())
    return " ".join(unescape("".join(parts)).split())
