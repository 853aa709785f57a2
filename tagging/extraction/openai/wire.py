"""The way of a request to the model's server: one deadline for all of it, and no attempt lost to a stale connection.

httpx2 bounds each wait by itself, so that a server that drips its headers, or says "100 Continue" for ever, is never
given up. Here all timeouts of a request are one point in time, by the monotonic clock, at which each wait ends. Only
the look-up of a name has the system's own bounds.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

import httpcore2
import httpx2

from tagging.extraction.openai.connections import IDLE_SECONDS, Connections
from tagging.extraction.openai.faults import MisconfiguredError

CONNECT_SECONDS = 5.0
# A connection that had been closed breaks at once; one that breaks later may have brought a request that is paid.
STALE_SECONDS = 1.0
# So much is sent before the clock is looked at again.
PIECE = 1 << 14


class Transport(httpx2.BaseTransport):
    """Send requests by HTTP/1.1, each within so many seconds, through a proxy if one is named."""

    def __init__(self, *, seconds: float, proxy: str = "") -> None:
        self._seconds = seconds
        ssl_context = httpx2.create_ssl_context()

        def pool() -> httpcore2.ConnectionPool:
            return httpcore2.ConnectionPool(
                ssl_context=ssl_context,
                proxy=_core_proxy(proxy) if proxy else None,
                max_connections=1,
                keepalive_expiry=IDLE_SECONDS,
                network_backend=_Backend(),
            )

        self._connections = Connections(pool)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = _Body(cast("httpx2.SyncByteStream", request.stream))
        sent = httpcore2.Request(
            request.method,
            _core_url(request.url),
            headers=request.headers.raw,
            content=body,
            extensions={"timeout": dict.fromkeys(("connect", "write", "read"), time.monotonic() + self._seconds)},
        )
        pool = self._connections.take()
        try:
            with _as_httpx2(body):
                try:
                    response = pool.handle_request(sent)
                except _StaleError:  # it was the only one of this pool
                    body.is_sent = False
                    response = pool.handle_request(sent)
        except BaseException:
            self._connections.give_back(pool)
            raise
        stream = _ResponseStream(response, body, partial(self._connections.give_back, pool))
        return httpx2.Response(
            response.status, headers=response.headers, stream=stream, extensions=response.extensions
        )

    def close(self) -> None:
        self._connections.close()


def _core_url(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _core_proxy(address: str) -> httpcore2.Proxy:
    proxy = httpx2.Proxy(address)
    return httpcore2.Proxy(_core_url(proxy.url), proxy.raw_auth)


class _Body:
    """A request's body that knows whether it was sent: before that, no call can have cost anything."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream
        self.is_sent = False

    def __iter__(self) -> Iterator[bytes]:
        self.is_sent = False
        yield from self._stream
        self.is_sent = True


class _ResponseStream(httpx2.SyncByteStream):
    """An answer, whose end gives its connection back."""

    def __init__(self, response: httpcore2.Response, body: _Body, give_back: Callable[[], None]) -> None:
        self._response = response
        self._body = body
        self._give_back: Callable[[], None] | None = give_back

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx2(self._body):
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
        if self._give_back:
            give_back, self._give_back = self._give_back, None
            give_back()


@contextmanager
def _as_httpx2(body: _Body) -> Iterator[None]:
    """Raise httpx2's errors in place of its core's: whatever fails before the request is sent failed to connect."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise (httpx2.ReadTimeout if body.is_sent else httpx2.ConnectTimeout)(str(error)) from None
    except (httpcore2.NetworkError, httpcore2.RemoteProtocolError) as error:
        raise (httpx2.ReadError if body.is_sent else httpx2.ConnectError)(str(error)) from None
    except httpcore2.ProxyError as error:
        raise httpx2.ProxyError(str(error)) from None
    except (httpcore2.LocalProtocolError, httpcore2.UnsupportedProtocol) as error:
        raise httpx2.LocalProtocolError(str(error)) from None


class _StaleError(httpcore2.NetworkError):
    """A kept connection broke at once, before anything came back on it: it had been closed while it lay idle."""


class _Backend(httpcore2.NetworkBackend):
    """Open connections whose every wait ends at a point in time, which is what `timeout` means from here on."""

    def __init__(self) -> None:
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try the host's addresses one after the other, CONNECT_SECONDS each."""
        failure: Exception = httpcore2.ConnectError("The name has no address.")
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(error) from error
        for *_, address in addresses:
            seconds = min(CONNECT_SECONDS, _left(timeout, httpcore2.ConnectTimeout))
            try:
                return _Stream(
                    self._backend.connect_tcp(str(address[0]), port, seconds, local_address, socket_options)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore2.NetworkStream):
    """A connection that ends its waits in time, and notices that it is stale."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._has_answered = False
        self._is_stale_if_silent = False
        self._written_at = 0.0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))
        except httpcore2.ReadError:
            if self._is_stale():
                raise _StaleError from None
            raise
        if not data and self._is_stale():
            raise _StaleError
        self._has_answered, self._is_stale_if_silent = True, False
        return data

    def _is_stale(self) -> bool:
        return self._is_stale_if_silent and time.monotonic() < self._written_at + STALE_SECONDS

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._is_stale_if_silent = self._has_answered
        try:
            for at in range(0, len(buffer), PIECE):
                self._stream.write(buffer[at : at + PIECE], _left(timeout, httpcore2.WriteTimeout))
        finally:  # the core reads on where this fails
            self._written_at = time.monotonic()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        seconds = min(CONNECT_SECONDS, _left(timeout, httpcore2.ConnectTimeout))
        try:
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds))
        except httpcore2.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise MisconfiguredError(
                    "The certificate of the model's server, or of the proxy, does not verify: name its authority in "
                    "SSL_CERT_FILE, or correct OPENAI_BASE_URL or the clock."
                ) from None
            raise

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(until: float | None, error: type[httpcore2.TimeoutException]) -> float:
    """Return the seconds until then; raise this error if there are none."""
    left = CONNECT_SECONDS if until is None else until - time.monotonic()
    if left <= 0:
        raise error("The time of the call is up.")
    return left
