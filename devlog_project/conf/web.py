"""What serves: Django, the pages and the API."""

from django.core.exceptions import ImproperlyConfigured

from devlog_project.env import Env

env = Env(
    "Django and the API",
    "Each secret may also be in a file, as Docker mounts them: `SECRET_KEY_FILE` names the one that holds "
    "`SECRET_KEY`, and so on for all that take a secret.",
)

DEBUG = env.switch(
    "DEBUG",
    False,
    "a developer's machine: API without login (each POST then needs `Content-Type: application/json`, which no "
    "foreign web page can send), error pages",
)
SECRET_KEY = env.secret("SECRET_KEY", "must be set; long, random, stays the same", is_exact=True, shown="–")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. For development run `make install`, which writes a .env with a random key; "
        "in production set the environment variable to a long random value that stays the same."
    )
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS", "the names under which people reach this server; must be set, unless `DEBUG` is on"
)
CSRF_TRUSTED_ORIGINS = env.origins(
    "CSRF_TRUSTED_ORIGINS",
    "whose forms are accepted besides: needed where a proxy in front speaks https and `BEHIND_PROXY` is off",
    may_be_wild=True,
)
SECURE_SSL_REDIRECT = env.switch(
    "SECURE_SSL_REDIRECT", not DEBUG, "send who comes by HTTP to HTTPS", shown="on, unless `DEBUG`"
)
SECURE_HSTS_SECONDS = env.whole(
    "SECURE_HSTS_SECONDS",
    0 if DEBUG else 31_536_000,
    "how long browsers come back by HTTPS only",
    shown="a year, unless `DEBUG`",
)
SECURE_HSTS_SCOPE = env.choice(
    "SECURE_HSTS_SCOPE",
    "host",
    ("host", "subdomains", "preload"),
    "for what that holds: this host alone; all hosts below its name too, whoever runs them; or preload, the same "
    "on the list that browsers bring along, from which there is hardly a way back",
)
SECURE_COOKIES = env.switch("SECURE_COOKIES", not DEBUG, "cookies by HTTPS only", shown="on, unless `DEBUG`")
BEHIND_PROXY = env.switch(
    "BEHIND_PROXY",
    False,
    "trust `X-Forwarded-Proto` of the proxy in front, and its word in `X-Forwarded-For`",
)
NUM_PROXIES = env.whole(
    "NUM_PROXIES",
    1 if BEHIND_PROXY else 0,
    "how many proxies of your own a request passes, each of which adds an address to `X-Forwarded-For`: limits count "
    "by the one that the first of them added",
    at_most=100,
    shown="1 with `BEHIND_PROXY`, else 0",
)
API_TOKEN_DAYS = env.whole(
    "API_TOKEN_DAYS",
    30,
    "how long a token of the API holds, and the most that its maker may choose; 0: until it is revoked",
    at_most=36_500,
)
API_POSTS_PER_MINUTE = env.whole(
    "API_POSTS_PER_MINUTE",
    600,
    "how many writes (POST, PUT, PATCH) a user may send to the API in a minute, to all processes together; of "
    "anonymous clients an address; 0 is no limit",
)
CORS_ALLOWED_ORIGINS = env.origins(
    "CORS_ALLOWED_ORIGINS",
    "pages of these origins may use the API from a browser, with a token and without cookies",
)
METRICS_TOKEN = env.token(
    "METRICS_TOKEN",
    "the token with which Prometheus reads [`/metrics`](operations.md#metrics), good for nothing else; at least 20 "
    "characters; without one this machine alone may read them",
)
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "what is logged, from this level on"
)
# Where a collector reads them, JSON; journald and a terminal want lines for people, also in production.
LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "text" if DEBUG else "json",
    ("json", "text"),
    "`json`: [an object a line](logs.md), for a collector; `text`: lines for people, as in journald",
    shown="json, or text while `DEBUG` is on",
)
