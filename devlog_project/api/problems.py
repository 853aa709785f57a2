"""Every error as problem+json (RFC 9457), also where Django answers before or without DRF."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from devlog_project.api.parsers import PayloadTooLarge

CONTENT_TYPE = "application/problem+json"
NOT_THERE = "There is no such thing, or it is another's."


def problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """Return the body of one problem: type, title, status, detail, and what else helps."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what DRF would answer into a problem; a validation error lists its fields under `errors`."""
    response = drf_exception_handler(_as_api_error(exc), context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        body = problem(response.status_code, "The request is not valid; see errors.", errors=response.data)
    else:
        data = response.data if isinstance(response.data, dict) else {"detail": response.data}
        more = {"errors": data["errors"]} if "errors" in data else {}
        body = problem(response.status_code, str(data.get("detail", "")), **more)
    response.data = body
    response.content_type = CONTENT_TYPE
    return response


def _as_api_error(exc: Exception) -> Exception:
    """Return what Django raises as the error of the API that it is; its own 404 names our classes."""
    if isinstance(exc, Http404):
        return exceptions.NotFound(NOT_THERE)
    return PayloadTooLarge() if isinstance(exc, RequestDataTooBig) else exc


def answer(status: int, detail: str) -> JsonResponse:
    return JsonResponse(problem(status, detail), status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    return answer(400, "The request could not be understood.")


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    return answer(403, "This is not allowed.")


@csrf_exempt  # to tell that there is nothing takes no proof of who asks
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Also routed for all that nothing else took, so that DEBUG's HTML page does not answer a client."""
    hint = (
        "The API is described at /api/v1/docs/." if request.path.endswith("/") else "Its addresses end with a slash."
    )
    return answer(404, f"There is nothing at {request.path}. {hint}")


def server_error(request: HttpRequest) -> JsonResponse:
    return answer(500, "Something went wrong on our side; it has been logged.")


def unavailable(detail: str) -> JsonResponse:
    """Return 503 as Django's response; when to come back is for the caller to say."""
    return answer(503, detail)
