"""`devlog login`: the address and the token are tried, and then kept for their owner alone."""

import json

import pytest

from tests.support.devlog_client import mode
from tests.support.pretenders import pretending, saying
from tests.support.servers import free_port


def kept(computer):
    return json.loads(computer.config.read_text())


@pytest.fixture
def newcomer(service, computer):
    """Return a computer on which nobody has logged in yet."""
    computer.token = kept(computer)["token"]
    computer.config.unlink()
    computer.config.parent.rmdir()
    return computer


def test_address_and_token_are_kept_for_their_owner_alone(service, newcomer):
    done = newcomer.devlog("login", service.address, typed=f"{newcomer.token}\n")

    assert (done.code, done.out) == (0, "")
    assert kept(newcomer) == {"address": service.address, "token": newcomer.token}
    assert (mode(newcomer.config), mode(newcomer.config.parent)) == (0o600, 0o700)
    assert newcomer.token not in done.err


@pytest.mark.parametrize("form", ["{}/", "{}/api/v1/", "{}/api"])
def test_an_address_is_taken_as_a_browser_or_the_api_shows_it(service, newcomer, form):
    newcomer.devlog("login", form.format(service.address), typed=newcomer.token)

    assert kept(newcomer)["address"] == service.address


def test_who_never_logged_in_is_told_how_where_nothing_answers(newcomer):
    done = newcomer.devlog("today")

    assert "Where is yours? devlog login" in done.err or done.code != 75  # somebody may serve at port 8000


def test_an_address_of_this_machine_needs_no_scheme(service, newcomer):
    newcomer.devlog("login", service.address.removeprefix("http://"), typed=newcomer.token)

    assert kept(newcomer)["address"] == service.address


def test_at_a_terminal_both_are_asked_for_and_the_token_is_not_shown(service, newcomer):
    with newcomer.at_terminal("login") as terminal:
        terminal.wait_for("Address of the service")
        terminal.type(f"{service.address}\n")
        terminal.wait_for("Token: ")
        terminal.type(f"{newcomer.token}\n")

        assert terminal.wait_for_end() == 0, terminal.screen
        assert newcomer.token not in terminal.screen
    assert kept(newcomer) == {"address": service.address, "token": newcomer.token}


def test_a_token_that_is_refused_is_not_kept(service, newcomer):
    done = newcomer.devlog("login", service.address, typed="0" * 64)

    assert done.code == 1
    assert f"{service.address}/account/" in done.err
    assert not newcomer.config.exists()


def test_a_login_that_fails_leaves_the_one_before(service, computer):
    before = kept(computer)

    assert computer.devlog("login", f"http://127.0.0.1:{free_port()}", typed="other").code == 75
    assert kept(computer) == before


def test_what_is_no_dev_log_service_is_told(newcomer):
    with pretending(saying(200, b"{}")) as other:
        done = newcomer.devlog("login", other.address, typed="x")

    assert "is no dev-log service" in done.err
    assert not newcomer.config.exists()


def test_a_token_that_could_be_read_on_its_way_is_warned_of(newcomer):
    done = newcomer.devlog("login", "http://devlog.invalid", typed="x")

    assert "Without https://" in done.err


def test_a_login_sends_what_was_kept_before_it(service, newcomer):
    newcomer.devlog("Wrote Flask.", DEVLOG_URL=service.address)

    newcomer.devlog("login", service.address, typed=newcomer.token)

    assert service.entries(newcomer.user) == ["Wrote Flask."]
