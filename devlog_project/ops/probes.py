"""The addresses for machines answer before anything asks for the request's host."""

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from devlog_project.ops import health
from devlog_project.ops.metrics.view import metrics

PROBES = {"/healthz": health.healthz, "/livez": health.livez, "/readyz": health.readyz, "/metrics": metrics}


class ProbeMiddleware(MiddlewareMixin):
    """Answer a probe, which comes from inside, by plain HTTP and by an address that is none of ALLOWED_HOSTS."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if not (probe := PROBES.get(request.path_info)):
            return None
        response = probe(request)
        response.headers["Content-Length"] = str(len(response.content))
        return response
