"""Whose fault it is when a call to the model fails without an error from its server.

What is set up wrong on our side is everybody's; the rest is unclear. Details are sentences of our own: what an
exception says may hold a key, or a proxy's password.
"""

from __future__ import annotations

from tagging.extraction.base import ErrorCode, ExtractionError, WaitingFor

PROXY_REFUSES = "The proxy refuses us: set its user and password in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"


class FormatRefusedError(ExtractionError):
    """The server does not take this response format; a plainer one may do."""


class LostAnswerError(ExtractionError):
    """The request was sent and no answer came back: it may have been paid."""


class MisconfiguredError(ExtractionError):
    """A setting of ours is wrong, so that nothing can be sent."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorCode.MISCONFIGURED, detail, waiting_for=WaitingFor.PROVIDER)


def unusable_settings(error: BaseException) -> MisconfiguredError:
    """Return what is said of an error that no check of the settings foresees."""
    return MisconfiguredError(
        f"No request can be made ({type(error).__name__}): look at OPENAI_API_KEY, OPENAI_BASE_URL and the variables "
        "OPENAI_*, *_PROXY and SSL* in the environment."
    )


def classify(error: Exception) -> ExtractionError:
    """Sort whatever a call raised, but for an error that the server sent."""
    import httpx2  # slow import
    import openai  # slow import

    if isinstance(error, ExtractionError):
        return error
    is_connection = isinstance(error, openai.APIConnectionError)
    cause = error.__cause__ if is_connection else error
    may_be_paid = isinstance(cause, (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError))
    kind = LostAnswerError if may_be_paid else ExtractionError
    if isinstance(cause, httpx2.TimeoutException):
        return kind(ErrorCode.TIMEOUT, "The model's server did not answer in time.")
    if isinstance(cause, httpx2.ProxyError) and str(cause).startswith("407"):
        return ExtractionError(ErrorCode.PROVIDER_REFUSED, f"{PROXY_REFUSES}.", waiting_for=WaitingFor.PROVIDER)
    is_ours = isinstance(cause, (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL))
    if is_ours or not (is_connection or isinstance(cause, httpx2.TransportError)):
        return unusable_settings(error if cause is None else cause)
    return kind(ErrorCode.UNREACHABLE, "The model's server could not be reached, or hung up.")
