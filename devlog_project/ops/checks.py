"""Name settings that are dangerous beside each other, and variables that nobody reads: `manage.py check`."""

from __future__ import annotations

import os
import re
import sys
from difflib import get_close_matches
from pathlib import Path

from django.conf import settings
from django.core import checks

from devlog_project.conf.page import known_names
from tagging.extraction.openai.environment import is_this_machine

# What OpenAI's SDK reads, and what Kubernetes sets for each service: TAGGING_PORT_80_TCP.
OF_OTHERS = re.compile(
    r"OPENAI_(ORG_ID|PROJECT_ID|LOG|WEBHOOK_SECRET|ADMIN_KEY|CUSTOM_HEADERS)|.*_(SERVICE|PORT)(_.*)?"
)
# How alike a name must be to be a slip of one of ours; below this those of others would be, as DATABASE_USER.
ALIKE = 0.9
NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "lustre")
MOUNTS = Path("/proc/mounts")


@checks.register("settings")
def variables_are_read(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of variables that look like ours; not an error, as they may be meant for another program."""
    return [
        checks.Warning(
            f"{name} is read by nobody.",
            hint=f"Did you mean {meant}?" if meant else "docs/settings.md has all names: correct it, or unset it.",
            id="devlog.W001",
        )
        for name, meant in unread_variables(dict(os.environ)).items()
    ]


def unread_variables(environment: dict[str, str]) -> dict[str, str]:
    """Return the variables that look as if they were ours, each with the setting that it may be meant for."""
    known = known_names()
    found = {}
    for name in sorted(name for name, value in environment.items() if value and name not in known):
        meant = "".join(get_close_matches(name.upper(), sorted(known), n=1, cutoff=ALIKE))
        if not OF_OTHERS.fullmatch(name) and (meant or name.startswith("TAGGING_")):
            found[name] = meant
    return found


@checks.register("settings")
def debug_stays_here(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of DEBUG where others may come: the API asks for no login then, and errors show the source."""
    public = [host for host in settings.ALLOWED_HOSTS if not is_this_machine(host.strip("[]").lstrip("."))]
    if not settings.DEBUG or not (public or binds_beyond(sys.argv)):
        return []
    where = f"ALLOWED_HOSTS has {public[0]}" if public else "the server listens on more than this machine"
    hint = "Set DEBUG=off, or keep the server to 127.0.0.1 and ALLOWED_HOSTS empty."
    words = f"DEBUG is on and {where}: whoever comes reads and writes all dev-logs without a login."
    return [checks.Warning(words, hint=hint, id="devlog.W002")]


def binds_beyond(argv: list[str]) -> bool:
    """Say whether this is a runserver that other machines reach."""
    address = next((part for part in argv[2:] if not part.startswith("-")), "")
    host = address.rpartition(":")[0].strip("[]")
    return argv[1:2] == ["runserver"] and bool(host) and is_beyond(host)


def is_beyond(host: str) -> bool:
    """Say whether what listens on this address is reached by other machines."""
    return host in ("0.0.0.0", "::") or not is_this_machine(host)  # noqa: S104


@checks.register("settings")
def proxies_are_named_alike(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn where one setting says that there is a proxy in front, and the other that there is none."""
    count = settings.REST_FRAMEWORK["NUM_PROXIES"]
    if bool(count) == settings.BEHIND_PROXY:
        return []
    if count:
        words = "NUM_PROXIES names proxies, and BEHIND_PROXY is off: who comes by HTTPS seems to come by HTTP."
        hint = "Set BEHIND_PROXY=on where the proxy in front sets X-Forwarded-Proto, or unset NUM_PROXIES."
    else:
        words = "BEHIND_PROXY is on, and NUM_PROXIES is 0: all clients share the limits of the proxy's address."
        hint = "Leave NUM_PROXIES unset for one proxy, or set it to how many a request passes."
    return [checks.Warning(words, hint=hint, id="devlog.W003")]


@checks.register("settings")
def tags_are_not_made_up(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of the simulated extractor where people write."""
    is_simulated = settings.EXTRACTORS["simulated"] == settings.TAGGING_EXTRACTOR
    if settings.DEBUG or settings.SIMULATION or not is_simulated:
        return []
    hint = "Leave TAGGING_EXTRACTOR unset: it follows OPENAI_API_KEY."
    return [checks.Warning("TAGGING_EXTRACTOR is simulated: tags are made up.", hint=hint, id="devlog.W004")]


@checks.register("settings")
def sqlite_is_local(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of SQLite's file on a network file system, where its log and its locks do not hold."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite") or not (kind := network_file_system(Path(database["NAME"]))):
        return []
    hint = "Move it to a disk of this machine, or set DATABASE_URL to a PostgreSQL server."
    return [
        checks.Warning(f"SQLite's file lies on a network ({kind}): it may be spoilt.", hint=hint, id="devlog.W005")
    ]


def network_file_system(path: Path, mounts: str | None = None) -> str:
    """Return the kind of network file system on which this lies; empty if it lies on none, or nobody knows."""
    if mounts is None:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace") if MOUNTS.exists() else ""
    mounted = [
        (fields[1].replace(r"\040", " "), fields[2]) for line in mounts.splitlines() if (fields := line.split())
    ]
    around = [(len(point), kind) for point, kind in mounted if path.resolve().is_relative_to(point)]
    kind = max(around, default=(0, ""))[1]
    return kind if kind in NETWORK_FILE_SYSTEMS else ""


@checks.register("settings")
def results_can_come(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of a Lambda whose results nobody lets in."""
    is_lambda = settings.TRANSPORTS["sqs"] == settings.TAGGING_TRANSPORT and settings.TAGGING_SQS_CONSUMER == "lambda"
    if not is_lambda or settings.TAGGING_RESULTS_TOKEN:
        return []
    hint = "Set it here and as RESULTS_TOKEN of the function."
    return [
        checks.Warning("TAGGING_RESULTS_TOKEN is not set: a Lambda can post no result.", hint=hint, id="devlog.W006")
    ]
