"""How jobs are run."""

from django.core.exceptions import ImproperlyConfigured

from devlog_project.conf.model import OPENAI_API_KEY, OPENAI_BASE_URL
from devlog_project.conf.simulation import SIMULATION
from devlog_project.env import Env

env = Env(
    "The worker",
    'No setting sends a private dev-log (`"private": true`) to a model, a Lambda or an extractor of your own: it is '
    "tagged by the embedded one. What a dev-log is that does not say it each user chooses at `/api/v1/settings/` "
    '(`{"private_by_default": true}`), or staff on the user\'s page in the admin.',
)

EXTRACTORS = {
    "openai": "tagging.extraction.openai.client.OpenAIExtractor",
    "embedded": "tagging.extraction.embedded.extractor.EmbeddedExtractor",
    "simulated": "tagging.extraction.simulated.SimulatedExtractor",
}
MOST_ENTRIES_PER_CALL = 20

TAGGING_WORKER = env.choice("TAGGING_WORKER", "auto", ("auto", "off"), "off: this process only enqueues")
TAGGING_EXTRACTOR = env.named_class(
    "TAGGING_EXTRACTOR",
    "openai" if OPENAI_API_KEY or OPENAI_BASE_URL else "embedded",
    EXTRACTORS,
    "what finds the technologies in an entry",
    shown="openai with a key, else embedded",
)
if EXTRACTORS["openai"] == TAGGING_EXTRACTOR and not (OPENAI_API_KEY or OPENAI_BASE_URL):
    raise ImproperlyConfigured("TAGGING_EXTRACTOR is openai, but neither OPENAI_API_KEY nor OPENAI_BASE_URL is set.")
if SIMULATION:
    TAGGING_EXTRACTOR = EXTRACTORS["simulated"]
# More than 8 would be felt by the requests.
TAGGING_CONCURRENCY = env.whole(
    "TAGGING_CONCURRENCY",
    8,
    "calls at once, per process; the embedded extractor runs in one thread, with four times as many jobs in flight",
    at_least=1,
    at_most=256,
)
# Of bulk work, and for extractors that can; 1 gives each entry a call of its own.
TAGGING_ENTRIES_PER_CALL = env.whole(
    "TAGGING_ENTRIES_PER_CALL",
    1,
    "so many entries that came in bulk, all of one author, share a call of the model; those without an author do not. "
    "Fewer calls, tokens and CPU, for an answer that may be worse: `manage.py evaluate tests/gold.jsonl "
    "--entries-per-call 8` says how much, with your model. The answer takes longer, which is what "
    "`OPENAI_TIMEOUT_SECONDS` must allow",
    at_least=1,
    at_most=MOST_ENTRIES_PER_CALL,
)
TAGGING_MAX_ATTEMPTS = env.whole(
    "TAGGING_MAX_ATTEMPTS",
    5,
    "that failed by the entry's own fault; then the job is `failed`. Of answers of no use that are paid for: 2",
    at_least=1,
)
TAGGING_LEASE_SECONDS = env.number(
    "TAGGING_LEASE_SECONDS", 120, "renewed while a call runs; keep it above the call's timeout", at_least=0.05
)
TAGGING_SWEEP_SECONDS = env.number(
    "TAGGING_SWEEP_SECONDS", 1, "how often the worker looks for jobs it was not told of", at_least=0.05
)
TAGGING_SHUTDOWN_SECONDS = env.number(
    "TAGGING_SHUTDOWN_SECONDS",
    10,
    "how long a stopping worker waits for what is in flight; a call that takes longer is made once more after the "
    "start. The server has to wait longer than that before it kills: gunicorn by `graceful_timeout`, Docker by "
    "`stop_grace_period`",
    at_least=0.05,
)
TAGGING_BACKOFF_SECONDS = env.number(
    "TAGGING_BACKOFF_SECONDS", 2, "full jitter: a retry waits at random up to this times 2^attempt", at_least=0.05
)
TAGGING_BACKOFF_CAP_SECONDS = env.number(
    "TAGGING_BACKOFF_CAP_SECONDS", 600, "and never longer than this", at_least=0.05
)
TAGGING_LOCK_DIR = env.text(
    "TAGGING_LOCK_DIR",
    "",
    "in which workers make a directory for their locks, and for the sockets by which they are told of jobs; shared "
    "by the processes of one host",
    shown="the system's temporary directory",
)
