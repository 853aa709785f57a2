"""How the contract is generated, for drf-spectacular: what is said of the API as a whole."""

DESCRIPTION = """\
Post what you did today; a moment later the entry carries its tech stack as tags.

A POST is answered at once, with 201 and a job that is `pending`. GET the dev-log again after the seconds that
`Retry-After` says, or ask with `Prefer: wait=10`, until the job is `done` or `failed`.

Each error is problem+json (RFC 9457) and says what to do; `errors` names what is wrong by field or parameter. An
address that takes no such field or parameter says so too. Lists come in pages: follow `next`.

Each answer has an `X-Request-ID`: that of the request, where it sends one of 1 to 64 letters, digits, `.`, `_` or `-`,
else a new one. Name it to who runs this service: their log is searched by it.
"""

# In the order in which they are shown.
TAGS = {
    "devlogs": "What developers wrote, and the tags of each.",
    "tags": "Which technologies occur, and together with which others.",
    "techstack": "The tech stack of an author: what the tags are for.",
    "jobs": "The work of finding an entry's tags: its states, attempts and costs.",
    "auth": "Tokens: make, list and revoke them.",
    "settings": "What a user has chosen for their dev-logs.",
    "index": "The addresses of this API.",
    "lambda": "Not for clients: where a function that works on a record elsewhere posts its result, with a token of "
    "its own.",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Dev-log service",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "TAGS": [{"name": name, "description": text} for name, text in TAGS.items()],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ErrorCode": "tagging.extraction.base.ErrorCode",
        "Kind": "tagging.models.tag.KINDS",
        "State": "tagging.models.Job.State",
        "WaitingFor": "tagging.models.queue_pause.SHOWN_REASONS",
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "devlog_project.api.answers.add_problems",
        "devlog_project.api.answers.add_headers",
        "devlog_project.api.tidying.null_as_type",
        "devlog_project.api.tidying.used_schemas_only",
    ],
}
