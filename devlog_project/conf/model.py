"""The model that is asked, and what it may cost."""

from datetime import date

from django.core.exceptions import ImproperlyConfigured

from devlog_project.conf.simulation import SIMULATION
from devlog_project.env import Env

env = Env(
    "The model",
    "`OPENAI_ORG_ID` and `OPENAI_PROJECT_ID` are read by OpenAI's SDK and sent as headers; `misconfigured` may name "
    "them. Besides, `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name the way to the model, but never to "
    "one on this machine; `SSL_CERT_FILE` or `SSL_CERT_DIR` name the authorities that are trusted instead of the "
    "system's.",
)

OPENAI_API_KEY = env.secret("OPENAI_API_KEY", "with a key (or a base URL) the model finds the tags")
if SIMULATION and OPENAI_API_KEY:
    raise ImproperlyConfigured("SIMULATION and OPENAI_API_KEY are both set; simulated jobs never meet a paid model.")
OPENAI_BASE_URL = env.address("OPENAI_BASE_URL", "any compatible server", like="http://host:port/v1", shown="OpenAI")
OPENAI_MODEL = env.text(
    "OPENAI_MODEL",
    "gpt-6-luna",
    "its name, as the server knows it",
    at_most=100,  # so many can an attempt note
    may_be_empty=False,
)
OPENAI_TIMEOUT_SECONDS = env.number(
    "OPENAI_TIMEOUT_SECONDS", 60, "one call, from connecting to its last byte", at_least=1
)
# What compatible servers support differs; each of these is left out of the request when empty.
OPENAI_RESPONSE_FORMAT = env.choice(
    "OPENAI_RESPONSE_FORMAT",
    "json_schema",
    ("json_schema", "json_object", "text"),
    "how the answer's form is asked for; steps down by itself on a 400",
)
OPENAI_REASONING_EFFORT = env.text(
    "OPENAI_REASONING_EFFORT", "none", "empty leaves it out of the request, for servers that do not know it"
)
OPENAI_SERVICE_TIER = env.text("OPENAI_SERVICE_TIER", "", "e.g. flex; empty leaves it out")
OPENAI_EXTRA_INSTRUCTIONS = env.text(
    "OPENAI_EXTRA_INSTRUCTIONS",
    "",
    "a rule of your house behind the prompt; another rule is another version of the prompt, so known answers are "
    "asked anew",
    at_most=1000,
)
OPENAI_STORE = env.switch_or_none("OPENAI_STORE", False, "may the provider keep the answers? Empty leaves it out")
OPENAI_SAFETY_IDENTIFIER = env.switch("OPENAI_SAFETY_IDENTIFIER", True, "send a hash that stands for the author")
OPENAI_MAX_COMPLETION_TOKENS = (
    env.whole("OPENAI_MAX_COMPLETION_TOKENS", 4000, "the longest answer, with what is thought for it; 0 leaves it out")
    or None
)
OPENAI_MAX_TOKENS = (
    env.whole("OPENAI_MAX_TOKENS", 0, "the same for compatible servers that know only this; 0 leaves it out") or None
)
# The defaults are those of the default model, on this day.
PRICES_OF = date(2026, 11, 1)
OPENAI_INPUT_PRICE = env.number("OPENAI_INPUT_PRICE", 0.10, "dollars for a million tokens that are sent")
OPENAI_OUTPUT_PRICE = env.number("OPENAI_OUTPUT_PRICE", 0.50, "dollars for a million tokens of answers")
TAGGING_DAILY_TOKENS = env.whole(
    "TAGGING_DAILY_TOKENS", 0, "what a day (UTC) may cost in tokens, canaries included; 0 is no limit"
)
TAGGING_DAILY_COST = env.number(
    "TAGGING_DAILY_COST", 0, "what a day (UTC) may cost in dollars, canaries included; 0 is no limit"
)
TAGGING_DAILY_TOKENS_PER_AUTHOR = env.whole(
    "TAGGING_DAILY_TOKENS_PER_AUTHOR",
    0,
    "what each author may take of a day (UTC), in tokens; all who are anonymous count as one. Who has taken it waits "
    "for the next day, and others go on; private dev-logs take nothing. Below what is reserved for one call (twice "
    "`OPENAI_MAX_COMPLETION_TOKENS`, and the entry) it lets one begin a day; 0 is no limit",
)
