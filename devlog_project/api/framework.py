"""What the libraries of the API are set to, as far as nobody chooses it by a variable: see `settings.py`."""

from __future__ import annotations

# A moment in UTC, always as long: who compares two as texts finds the earlier one.
MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
# What pages of the origins in CORS_ALLOWED_ORIGINS may send, and read of an answer.
CORS_ALLOW_HEADERS = [
    *("authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "prefer", "x-request-id"),
]
CORS_EXPOSE_HEADERS = [
    *("ETag", "Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed", "X-Request-ID"),
]


def rest_framework(num_proxies: int) -> dict[str, object]:
    """Return DRF's settings.

    num_proxies: each adds a word to X-Forwarded-For; where a request comes from is what the first of them said.
    """
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": ["devlog_project.api.access.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["devlog_project.api.access.AuthenticatedUnlessOpen"],
        "DEFAULT_THROTTLE_CLASSES": ["devlog_project.api.posts.PostsPerMinute"],
        "DEFAULT_PARSER_CLASSES": ["devlog_project.api.parsers.BoundedJSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
        "DEFAULT_SCHEMA_CLASS": "devlog_project.api.operations.Operation",
        "DATETIME_FORMAT": MOMENT_FORMAT,
        "EXCEPTION_HANDLER": "devlog_project.api.problems.exception_handler",
        "URL_FORMAT_OVERRIDE": None,
        "NUM_PROXIES": num_proxies,
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
    }
