"""All configuration: every value has a default that runs, or an error that names the way out.

Values come from the environment, and from a file `.env` beside manage.py where there is one.
"""

from datetime import timedelta
from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from devlog_project.api import framework
from devlog_project.api.contract import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from devlog_project.env import BASE_DIR, database, env
from devlog_project.ops.logs import console

# -- Django ------------------------------------------------------------------------------------------------------

DEBUG = env.switch("DEBUG", False)
SECRET_KEY = env.secret("SECRET_KEY", is_exact=True)
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. For development run `make install`, which writes a .env with a random key; "
        "in production set the environment variable to a long random value that stays the same."
    )
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

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
    "devlogs",
    "tagging",
]

MIDDLEWARE = [
    "devlog_project.ops.csp.ContentSecurityPolicy",
    "devlog_project.ops.probes.ProbeMiddleware",
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
            "libraries": {"queue_link": "tagging.admin.dashboard.link"},
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
SECURE_SSL_REDIRECT = env.switch("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", 0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = env.switch("SECURE_COOKIES", not DEBUG)
BEHIND_PROXY = env.switch("BEHIND_PROXY", False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# -- Database ----------------------------------------------------------------------------------------------------

# Simulated jobs are rows like all others; so that they never mix with real ones, they have a file of their own.
SIMULATION = env.switch("SIMULATION", False)
SQLITE_FILE = BASE_DIR / ("db.sqlite3.simulation" if SIMULATION else "db.sqlite3")
DATABASE_URL = env.secret("DATABASE_URL") or f"sqlite:///{SQLITE_FILE}"
DATABASE_PASSWORD = env.secret("DATABASE_PASSWORD", is_exact=True).rstrip("\r\n")
SQLITE_SYNCHRONOUS = env.choice("SQLITE_SYNCHRONOUS", "NORMAL", ("NORMAL", "FULL"))
DATABASES = {
    "default": database(
        DATABASE_URL,
        password=DATABASE_PASSWORD,
        synchronous=SQLITE_SYNCHRONOUS,
        pool_size=lambda: env.whole("DATABASE_POOL_SIZE", 20, at_least=2),
    )
}

# -- API ---------------------------------------------------------------------------------------------------------

# Anonymous clients may read and write only where DEBUG is on.
API_OPEN = DEBUG
API_MAX_BODY_BYTES = 256 * 1024
API_TOKEN_DAYS = env.whole("API_TOKEN_DAYS", 30, at_most=36_500)
API_POSTS_PER_MINUTE = env.whole("API_POSTS_PER_MINUTE", 600)
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105
REST_KNOX = {"TOKEN_TTL": timedelta(days=API_TOKEN_DAYS) or None}
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = "^/api/"
CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS = framework.CORS_ALLOW_HEADERS, framework.CORS_EXPOSE_HEADERS
# What a process may forget: who is refused for the rest of a minute, and which tokens were noted as used.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}

REST_FRAMEWORK = framework.rest_framework(env.whole("NUM_PROXIES", 1 if BEHIND_PROXY else 0, at_most=100))

# -- The model ---------------------------------------------------------------------------------------------------

OPENAI_API_KEY = env.secret("OPENAI_API_KEY")
if SIMULATION and OPENAI_API_KEY:
    raise ImproperlyConfigured("SIMULATION and OPENAI_API_KEY are both set; simulated jobs never meet a paid model.")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL")
OPENAI_MODEL = env.text("OPENAI_MODEL", "gpt-6-luna", at_most=100)  # so many can an attempt note
OPENAI_TIMEOUT_SECONDS = env.number("OPENAI_TIMEOUT_SECONDS", 60, at_least=1)
# What compatible servers support differs; each of these is left out of the request when empty.
OPENAI_RESPONSE_FORMAT = env.choice("OPENAI_RESPONSE_FORMAT", "json_schema", ("json_schema", "json_object", "text"))
OPENAI_REASONING_EFFORT = env.text("OPENAI_REASONING_EFFORT", "none")
OPENAI_SERVICE_TIER = env.text("OPENAI_SERVICE_TIER")
OPENAI_EXTRA_INSTRUCTIONS = env.text("OPENAI_EXTRA_INSTRUCTIONS", at_most=1000)
OPENAI_STORE = env.switch("OPENAI_STORE", False) if env.text("OPENAI_STORE", "off") else None
OPENAI_SAFETY_IDENTIFIER = env.switch("OPENAI_SAFETY_IDENTIFIER", True)
OPENAI_MAX_COMPLETION_TOKENS = env.whole("OPENAI_MAX_COMPLETION_TOKENS", 4000) or None
OPENAI_MAX_TOKENS = env.whole("OPENAI_MAX_TOKENS", 0) or None
# Dollars for a million tokens; the defaults are those of the default model.
OPENAI_INPUT_PRICE = env.number("OPENAI_INPUT_PRICE", 0.10)
OPENAI_OUTPUT_PRICE = env.number("OPENAI_OUTPUT_PRICE", 0.50)

# -- Tagging -----------------------------------------------------------------------------------------------------

TAGGING_WORKER = env.choice("TAGGING_WORKER", "auto", ("auto", "off"))
# Either is one of these words, or the dotted path of a class of your own.
TRANSPORTS = {
    "memory": "tagging.transports.memory.MemoryTransport",
    "celery": "tagging.transports.celery.CeleryTransport",
    "sqs": "tagging.transports.sqs.transport.SQSTransport",
    "actors": "tagging.transports.actors.ActorTransport",
    "django": "tagging.transports.tasks.TasksTransport",
}
EXTRACTORS = {
    "openai": "tagging.extraction.openai.client.OpenAIExtractor",
    "embedded": "tagging.extraction.embedded.extractor.EmbeddedExtractor",
    "simulated": "tagging.extraction.simulated.SimulatedExtractor",
}
TAGGING_TRANSPORT = env.text("TAGGING_TRANSPORT", "memory")
TAGGING_TRANSPORT = TRANSPORTS.get(TAGGING_TRANSPORT, TAGGING_TRANSPORT)
if TRANSPORTS["django"] == TAGGING_TRANSPORT:
    if not find_spec("django_tasks_db"):
        raise ImproperlyConfigured("TAGGING_TRANSPORT is django: pip install -r requirements/django.txt")
    # Tasks as rows of our own database, for `manage.py db_worker`. Another backend goes in here instead.
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
TAGGING_EXTRACTOR = env.text("TAGGING_EXTRACTOR", "openai" if OPENAI_API_KEY or OPENAI_BASE_URL else "embedded")
if TAGGING_EXTRACTOR == "openai" and not (OPENAI_API_KEY or OPENAI_BASE_URL):
    raise ImproperlyConfigured("TAGGING_EXTRACTOR is openai, but neither OPENAI_API_KEY nor OPENAI_BASE_URL is set.")
TAGGING_EXTRACTOR = EXTRACTORS.get("simulated" if SIMULATION else TAGGING_EXTRACTOR, TAGGING_EXTRACTOR)
# More calls at once than 8 would be felt by the requests.
TAGGING_CONCURRENCY = env.whole("TAGGING_CONCURRENCY", 8, at_least=1, at_most=256)
# Of bulk work, and for extractors that can; 1 gives each entry a call of its own.
MOST_ENTRIES_PER_CALL = 20
TAGGING_ENTRIES_PER_CALL = env.whole("TAGGING_ENTRIES_PER_CALL", 1, at_least=1, at_most=MOST_ENTRIES_PER_CALL)
TAGGING_MAX_ATTEMPTS = env.whole("TAGGING_MAX_ATTEMPTS", 5, at_least=1)
TAGGING_LEASE_SECONDS = env.number("TAGGING_LEASE_SECONDS", 120, at_least=0.05)
TAGGING_SWEEP_SECONDS = env.number("TAGGING_SWEEP_SECONDS", 1, at_least=0.05)
TAGGING_SHUTDOWN_SECONDS = env.number("TAGGING_SHUTDOWN_SECONDS", 10, at_least=0.05)
TAGGING_BACKOFF_SECONDS = env.number("TAGGING_BACKOFF_SECONDS", 2, at_least=0.05)
TAGGING_BACKOFF_CAP_SECONDS = env.number("TAGGING_BACKOFF_CAP_SECONDS", 600, at_least=0.05)
# For each day in UTC; zero sets no limit.
TAGGING_DAILY_TOKENS = env.whole("TAGGING_DAILY_TOKENS", 0)
TAGGING_DAILY_COST = env.number("TAGGING_DAILY_COST", 0)
TAGGING_DAILY_TOKENS_PER_AUTHOR = env.whole("TAGGING_DAILY_TOKENS_PER_AUTHOR", 0)
TAGGING_LOCK_DIR = env.text("TAGGING_LOCK_DIR")
TAGGING_SQS_QUEUE_URL = env.text("TAGGING_SQS_QUEUE_URL")
TAGGING_SQS_CONSUMER = env.choice("TAGGING_SQS_CONSUMER", "worker", ("worker", "lambda"))
TAGGING_SQS_IN_FLIGHT = env.whole("TAGGING_SQS_IN_FLIGHT", 200, at_least=1)
TAGGING_RESULTS_TOKEN = env.secret("TAGGING_RESULTS_TOKEN")
if TAGGING_RESULTS_TOKEN and len(TAGGING_RESULTS_TOKEN) < 20:
    raise ImproperlyConfigured("TAGGING_RESULTS_TOKEN is too short; take at least 20 random characters.")
# Where Celery's messages go: RabbitMQ (amqp://) or Redis (redis://), and the queue's name there.
TAGGING_BROKER_URL = env.secret("TAGGING_BROKER_URL") or "amqp://guest:guest@127.0.0.1:5672//"
TAGGING_BROKER_QUEUE = env.text("TAGGING_BROKER_QUEUE", "devlogs")
TAGGING_SIMULATED_DELAY_SECONDS = env.number("TAGGING_SIMULATED_DELAY_SECONDS", 0)
TAGGING_SIMULATED_FAILURE_RATE = env.number("TAGGING_SIMULATED_FAILURE_RATE", 0)
TAGGING_SIMULATED_SEED = env.whole("TAGGING_SIMULATED_SEED", 0)
TAGGING_SIMULATED_MOD = int(env.number("TAGGING_SIMULATED_MOD", 1_000_000_007, at_least=1))

# -- Logs --------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = console(LOG_LEVEL)
