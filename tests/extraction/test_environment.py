"""What is set up wrong on our side: named before anything is sent, and the way that proxies and certificates lay."""

import sys
from pathlib import Path

import pytest

from tagging.extraction.base import ErrorCode
from tagging.extraction.openai.client import OpenAIExtractor
from tagging.extraction.openai.environment import find_mistake, proxy_for
from tests.support.certificates import certificate
from tests.support.model import ENTRY, KEY, PROVIDER, failure
from tests.support.wire import FakeOpenAI

URL = "http://model.example:8080/v1"
SECRET = "hunter2-Nachtfalke"


def assert_misconfigured(error, name):
    assert (error.code, error.waiting_for, error.permanent) == (ErrorCode.MISCONFIGURED, PROVIDER, False)
    assert name in error.detail
    assert [word for word in (SECRET, KEY) if word in f"{error.detail}{error!r}"] == []
    assert (error.input_tokens, error.output_tokens) == (0, 0)


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f"{KEY}\r\n", f" {KEY}", f"{KEY} ", f"{KEY}\x00", f"{KEY}é", f"{KEY}ключ", "„k“"]
)
def test_a_key_that_no_header_can_carry_is_named(key):
    with FakeOpenAI() as server:
        error = failure(OpenAIExtractor(api_key=key, base_url=server.base_url))

    assert_misconfigured(error, "OPENAI_API_KEY")
    assert server.requests == []


@pytest.mark.parametrize(
    "base_url",
    [
        "127.0.0.1:8080/v1",
        "localhost:11434/v1",
        "model.example/v1",
        "//model.example/v1",
        "ftp://model.example/v1",
        "http://",
        "http:///v1",
        "https:/v1",
        f"http://u:{SECRET}@model.example:port/v1",
        f"http://u:{SECRET}@model.example:99999/v1",
        "http://[::1/v1",
        "http://model example/v1",
        "http://model.example/v1\n",
        "http://model..example/v1",
        f"http://{'m' * 64}.example/v1",
    ],
)
def test_a_base_url_that_is_no_address_is_named(base_url):
    error = failure(OpenAIExtractor(api_key=KEY, base_url=base_url))

    assert_misconfigured(error, "OPENAI_BASE_URL")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"])
@pytest.mark.parametrize(
    "proxy", ["foo://proxy.example:1", "socks://p:1", "http://", f"http://u:{SECRET}@p:port", "p:port"]
)
def test_a_proxy_that_is_no_address_is_named(monkeypatch, name, proxy):
    monkeypatch.setenv(name, proxy)
    base_url = URL if name == "HTTP_PROXY" else "https://model.example/v1"

    assert_misconfigured(failure(OpenAIExtractor(api_key=KEY, base_url=base_url)), name.upper())


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_is_not_used_may_be_anything(monkeypatch, name):
    monkeypatch.setenv(name, "foo://proxy.example:1")
    with FakeOpenAI() as server:
        asking = OpenAIExtractor(api_key=KEY, base_url=server.base_url)

        assert len(asking.extract(ENTRY).technologies) == 2
        asking.close()


def test_a_proxy_that_needs_a_package_that_is_missing_says_which(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", f"socks5://u:{SECRET}@proxy.example:1080")
    monkeypatch.setitem(sys.modules, "socksio", None)

    assert_misconfigured(failure(OpenAIExtractor(api_key=KEY, base_url=URL)), "install socksio")


def no_such_path(folder: Path) -> Path:
    return folder / "missing"


def a_folder(folder: Path) -> Path:
    return folder


def no_certificates(folder: Path) -> Path:
    file = folder / "empty.pem"
    file.write_text("no certificate")
    return file


@pytest.mark.parametrize(
    "name, path",
    [
        ("SSL_CERT_FILE", no_such_path),
        ("SSL_CERT_FILE", a_folder),
        ("SSL_CERT_FILE", no_certificates),
        ("SSL_CERT_DIR", no_such_path),
        ("SSL_CERT_DIR", no_certificates),
    ],
)
def test_a_path_to_certificates_that_cannot_be_read_is_named(monkeypatch, tmp_path, name, path):
    monkeypatch.setenv(name, str(path(tmp_path)))

    assert_misconfigured(failure(OpenAIExtractor(api_key=KEY, base_url=URL)), name)


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
def test_what_the_sdk_reads_by_itself_is_named_too(monkeypatch, name):
    monkeypatch.setenv(name, "org\n")

    assert_misconfigured(failure(OpenAIExtractor(api_key=KEY, base_url=URL)), name)


@pytest.mark.parametrize("headers", [f"X-Team: {SECRET}é", f"X Team: {SECRET}"])
def test_what_no_check_foresees_is_told_as_ours_all_the_same(monkeypatch, headers):
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", headers)

    with FakeOpenAI() as server:
        error = failure(OpenAIExtractor(api_key=KEY, base_url=server.base_url))

    assert_misconfigured(error, "in the environment")
    assert server.requests == []


def test_a_mended_setting_counts_at_the_next_call(monkeypatch, on_socket):
    with FakeOpenAI() as server:
        asking = on_socket(server)
        monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
        first = failure(asking)
        monkeypatch.delenv("SSL_CERT_FILE")

        assert_misconfigured(first, "SSL_CERT_FILE")
        assert len(asking.extract(ENTRY).technologies) == 2


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.openai.com/v1",
        "HTTP://Model.Example/v1",
        "http://llm_server:8080/v1",
        "http://[::1]:1/v1",
        "http://ü.example",
    ],
)
def test_what_may_work_is_let_through(monkeypatch, base_url):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "")

    assert find_mistake(KEY, base_url) == ""


def test_an_empty_base_url_is_openai_and_not_the_environments(monkeypatch):
    """Compose passes the variable on, empty; the SDK alone would ask nobody."""
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    error = failure(OpenAIExtractor(api_key=KEY))

    assert error.code == ErrorCode.UNREACHABLE  # the proxy, on its way to OpenAI


# --- proxies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base_url, is_direct",
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://localhost:11434/v1", True),
        ("http://model.localhost/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://0.0.0.0:8080/v1", True),
        ("http://[::ffff:127.0.0.1]:8080/v1", True),
        ("http://LOCALHOST.:8080/v1", True),
        ("http://host/v1", False),
        ("http://localhost.example/v1", False),
        ("http://10.0.0.1/v1", False),
    ],
)
def test_a_model_on_this_machine_is_asked_directly(monkeypatch, base_url, is_direct):
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")

    assert proxy_for(base_url) == ("" if is_direct else "http://proxy.example:3128")


@pytest.mark.parametrize(
    "no_proxy, is_direct",
    [
        ("*", True),
        ("other.example, *", True),
        ("model.example", True),
        ("MODEL.example", True),
        (".example", True),
        ("*.example", True),
        ("example", True),
        ("model.example:8080", True),
        ("model.example:9", False),
        ("del.example", False),
        ("model.example.org", False),
        ("", False),
        (",", False),
    ],
)
def test_no_proxy_exempts_hosts_and_their_domains(monkeypatch, no_proxy, is_direct):
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for(URL) == ("" if is_direct else "http://proxy.example:3128")


@pytest.mark.parametrize("no_proxy", ["10.0.0.0/8", "odd/8, 10.1.0.0/16", "10.1.2.3"])
def test_no_proxy_exempts_networks(monkeypatch, no_proxy):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for("http://10.1.2.3:8080/v1") == ""
    assert proxy_for("http://11.1.2.3:8080/v1") == "http://proxy.example:3128"


def test_a_proxy_is_taken_by_the_addresss_scheme(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://secure.example")
    monkeypatch.setenv("ALL_PROXY", "http://all.example")

    assert proxy_for("https://model.example/v1") == "http://secure.example"
    assert proxy_for("http://model.example/v1") == "http://all.example"


def test_a_request_goes_through_the_proxy_with_its_password(monkeypatch):
    with FakeOpenAI() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
        asking = OpenAIExtractor(api_key=KEY, base_url="http://model.example/v1")

        assert len(asking.extract(ENTRY).technologies) == 2
        asking.close()

    assert proxy.requests[0].path == "http://model.example/v1/chat/completions"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic YWRhOnNlY3JldA=="


def test_a_call_by_tls_goes_through_the_proxys_tunnel(monkeypatch, tmp_path):
    cert_file, tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))
    with FakeOpenAI(tls=tls) as server, FakeOpenAI(tunnel_to=server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        asking = OpenAIExtractor(api_key=KEY, base_url="https://model.example/v1")

        assert [len(asking.extract(ENTRY).technologies) for _ in range(2)] == [2, 2]
        asking.close()

    assert len(server.requests) == 2
    assert proxy.tunnels == ["model.example:443"]


@pytest.mark.parametrize(
    "status, code, waiting_for", [(407, ErrorCode.PROVIDER_REFUSED, PROVIDER), (502, ErrorCode.UNREACHABLE, None)]
)
def test_a_proxy_that_does_not_let_us_through_is_told_before_the_entry_is_sent(monkeypatch, status, code, waiting_for):
    with FakeOpenAI(tunnel_status=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        error = failure(OpenAIExtractor(api_key=KEY, base_url="https://model.example/v1"))

    assert (error.code, error.waiting_for) == (code, waiting_for)
    assert (error.input_tokens, proxy.requests) == (0, [])


# --- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_that_does_not_verify_is_named_and_the_entry_not_sent(on_socket, tmp_path):
    _, tls = certificate(tmp_path)

    with FakeOpenAI(tls=tls) as server:
        error = failure(on_socket(server))

    assert_misconfigured(error, "SSL_CERT_FILE")
    assert server.requests == []


def test_a_certificate_of_another_host_does_not_verify_either(on_socket, monkeypatch, tmp_path):
    cert_file, tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))

    with FakeOpenAI(tls=tls) as server:
        error = failure(OpenAIExtractor(api_key=KEY, base_url=server.base_url.replace("127.0.0.1", "localhost")))

    assert_misconfigured(error, "OPENAI_BASE_URL")


@pytest.mark.parametrize("name", ["ok", "closing", "closing_later"])
def test_a_certificate_of_an_authority_that_is_named_verifies(on_socket, monkeypatch, tmp_path, name):
    cert_file, tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))

    with FakeOpenAI(tls=tls, faults=[name] * 3) as server:
        asking = on_socket(server)

        assert [len(asking.extract(ENTRY).technologies) for _ in range(3)] == [2] * 3


@pytest.mark.parametrize("name", ["dripping", "dripping_headers", "continuing", "hang"])
def test_a_call_by_tls_ends_at_its_deadline_too(on_socket, monkeypatch, tmp_path, name):
    cert_file, tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))

    with FakeOpenAI(tls=tls, faults=[name]) as server:
        assert failure(on_socket(server, timeout_seconds=0.5)).code == ErrorCode.TIMEOUT


def test_a_server_that_speaks_no_tls_is_unreachable(on_socket):
    with FakeOpenAI() as server:
        error = failure(OpenAIExtractor(api_key=KEY, base_url=server.base_url.replace("http:", "https:")))

    assert (error.code, error.waiting_for) == (ErrorCode.UNREACHABLE, None)
