"""The way to the model as the environment describes it, and what can never work in that description.

It is looked at before a client is built: what that raises names no variable. Nothing here repeats a value, which may
hold a key or a password.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

DEFAULT_BASE_URL = "https://api.openai.com/v1"
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def find_mistake(api_key: str, base_url: str) -> str:
    """Return a sentence about the first variable that can never work, and the way out; empty if there is none."""
    return next(_mistakes(api_key, base_url or DEFAULT_BASE_URL), "")


def _mistakes(api_key: str, base_url: str) -> Iterator[str]:
    # The SDK reads the last two by itself.
    names = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
    for name, value in {"OPENAI_API_KEY": api_key, **{name: os.environ.get(name, "") for name in names}}.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            yield f"{name} holds a line break, a blank or a letter that no HTTP header can carry: set it anew."
    if not is_address(base_url, ("http", "https")):
        yield "OPENAI_BASE_URL is not an address: write it like http://host:port/v1 or https://host/v1."
    proxy = proxy_for(base_url)
    if proxy and not is_address(proxy, PROXY_SCHEMES):
        scheme = urlsplit(base_url).scheme
        name = scheme if _proxy_named(scheme) else "all"
        yield f"{name.upper()}_PROXY is not a proxy's address: write it like http://host:port, or unset it."
    if proxy.startswith("socks") and not find_spec("socksio"):
        yield "The proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY speaks SOCKS: install socksio, or name another."
    yield from _certificate_mistakes()


def _certificate_mistakes() -> Iterator[str]:
    """Look at what the certificates of servers are checked with; the folders count where no file is named."""
    if file := os.environ.get("SSL_CERT_FILE"):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        except OSError:
            yield "SSL_CERT_FILE names no file of certificates that can be read: correct the path, or unset it."
    elif folders := os.environ.get("SSL_CERT_DIR"):
        paths = [Path(folder) for folder in folders.split(os.pathsep)]
        if not any(path.is_dir() and os.access(path, os.R_OK | os.X_OK) for path in paths):
            yield "SSL_CERT_DIR names no directory that can be read: correct the path, or unset it."


def is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a wrong port raises
        host.encode("idna")
    except ValueError:
        return False
    return parts.scheme in schemes and bool(host) and url.isprintable() and " " not in url


def _proxy_named(scheme: str) -> str:
    proxy = getproxies().get(scheme, "")
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def proxy_for(base_url: str) -> str:
    """Return the proxy that the environment names for this address; empty for one that needs none.

    A model on this very machine is asked directly, whatever is set: its entries are not to leave.
    """
    parts = urlsplit(base_url)
    proxy = _proxy_named(parts.scheme) or _proxy_named("all")
    host = parts.hostname or ""
    return "" if is_this_machine(host) or _is_exempt(host, parts.port, getproxies().get("no", "")) else proxy


def is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        address = ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address  # ::ffff:127.0.0.1
        return address.is_loopback or address.is_unspecified
    name = host.removesuffix(".")
    return name in ("localhost", "ip6-localhost") or name.endswith(".localhost")


def _is_exempt(host: str, port: int | None, no_proxy: str) -> bool:
    """Say whether NO_PROXY names this host, its domain or its network."""
    for each in no_proxy.lower().split(","):
        name = each.strip().lstrip("*").lstrip(".").strip("[]")
        if each.strip() == "*" or name in (host, f"{host}:{port}") or (name and host.endswith(f".{name}")):
            return True
        with suppress(ValueError):
            if ip_address(host) in ip_network(name, strict=False):
                return True
    return False
