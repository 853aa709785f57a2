"""Who may read the metrics: whoever has the token; where none is set, this machine alone."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from devlog_project.api import problems

# A proxy says by these that it asks for somebody else, who may be anywhere.
OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")
FORWARDED = "HTTP_X_FORWARDED_"
FOR_THIS_MACHINE = (
    "Without METRICS_TOKEN the metrics are for this machine alone, asked as 127.0.0.1 or localhost and not through a "
    "proxy. Set METRICS_TOKEN, and send it as Authorization: Bearer."
)
FOR_BEARERS = "The metrics take the token in METRICS_TOKEN alone, as Authorization: Bearer."


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to who may not read the metrics; None for who may."""
    if not settings.METRICS_TOKEN:
        return None if is_of_this_machine(request) else problems.answer(403, FOR_THIS_MACHINE)
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if (
        constant_time_compare(token.encode("latin-1", "replace"), settings.METRICS_TOKEN)
        and scheme.lower() == "bearer"
    ):
        return None
    response = problems.answer(401, FOR_BEARERS)
    response.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return response


def is_of_this_machine(request: HttpRequest) -> bool:
    """Say whether it comes from here, and neither for somebody else nor from a page that a browser here shows.

    Behind a proxy on this machine all come from here, so none is let in that a proxy may have passed on. A page of
    another site can have its own name lead here, but then asks for that.
    """
    if settings.BEHIND_PROXY or any(name in OF_PROXIES or name.startswith(FORWARDED) for name in request.META):
        return False
    host = request.META.get("HTTP_HOST", "").lower()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(request.META.get("REMOTE_ADDR", "")) and (name == "localhost" or is_loopback(name))


def is_loopback(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
