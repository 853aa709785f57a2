"""All configuration: every value has a default that runs, or an error that names the way out.

What comes from the environment, or from a file `.env` beside manage.py where there is one, is read in `conf`.
"""

from datetime import timedelta

from devlog_project.api import framework
from devlog_project.api.contract import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from devlog_project.conf.database import *
from devlog_project.conf.model import *
from devlog_project.conf.simulation import *
from devlog_project.conf.transport import *
from devlog_project.conf.web import *
from devlog_project.conf.worker import *
from devlog_project.env import BASE_DIR
from devlog_project.ops.logs import console

# -- Django ------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "corsheaders",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "devlog_project.api",
    "devlog_project.ops",
    "devlogs",
    "tagging",
]

MIDDLEWARE = [
    "devlog_project.ops.request_id.RequestId",  # around all: its number stands on each line and each answer
    "devlog_project.ops.version.VersionMiddleware",
    "devlog_project.ops.packing.GZipMiddleware",  # before all that look at what an answer says
    "devlog_project.ops.csp.ContentSecurityPolicy",
    "devlog_project.ops.probes.ProbeMiddleware",
    "devlog_project.ops.metrics.requests.CountRequests",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # before all that answers: a page of another origin reads errors too
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "devlog_project.ops.unavailable.Unavailable",  # before all that ask the database
    "devlog_project.texts.OddValuesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "devlog_project.ops.language.PageLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
]

ROOT_URLCONF = "devlog_project.urls"
WSGI_APPLICATION = "devlog_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "tagging" / "admin" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"queue_link": "tagging.admin.dashboard.link", "version": "devlog_project.ops.version"},
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "devlog_project" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # the admin's files are served from where they are installed: no collectstatic

LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "pages:login", "pages:home", "pages:login"
CSRF_FAILURE_VIEW = "devlogs.pages.errors.csrf_failure"
AUTHENTICATION_BACKENDS = ["devlog_project.api.throttle.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "devlog_project.api.passwords.EndTokens"},
]

DEFAULT_EXCEPTION_REPORTER = "devlog_project.ops.masking.ErrorPage"
DEFAULT_EXCEPTION_REPORTER_FILTER = "devlog_project.ops.masking.ErrorPageFilter"

# Cookies and redirects are strict unless DEBUG is on.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_SCOPE != "host"
SECURE_HSTS_PRELOAD = SECURE_HSTS_SCOPE == "preload"
# Both would have the hosts below our name, too, reached by HTTPS alone: that is for who owns them to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"] if SECURE_HSTS_SCOPE == "host" else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# -- API ---------------------------------------------------------------------------------------------------------

# Anonymous clients may read and write only where DEBUG is on.
API_OPEN = DEBUG
API_MAX_BODY_BYTES = 256 * 1024
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105
REST_KNOX = {"TOKEN_TTL": timedelta(days=API_TOKEN_DAYS) or None}
CORS_URLS_REGEX = "^/api/"
CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS = framework.CORS_ALLOW_HEADERS, framework.CORS_EXPOSE_HEADERS
# What a process may forget: who is refused for the rest of a minute, and which tokens were noted as used.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}
REST_FRAMEWORK = framework.rest_framework(NUM_PROXIES)

# -- Tagging -----------------------------------------------------------------------------------------------------

if TRANSPORTS["django"] == TAGGING_TRANSPORT:
    # Tasks as rows of our own database, for `manage.py db_worker`. Another backend goes in here instead.
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# -- Logs --------------------------------------------------------------------------------------------------------

LOGGING = console(LOG_LEVEL, LOG_FORMAT, is_debug=DEBUG)
