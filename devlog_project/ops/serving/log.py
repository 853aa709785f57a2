"""gunicorn's own lines, in the form of all others and without a word of a request."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import Response

from devlog_project.api.origin import HEADER, Origin, asked_by
from devlog_project.ops.logs import ConsoleHandler, Json, Text

# Beside manage.py. gunicorn's first process reads two of its values and no settings: those it would hand on to the
# processes that it starts after a reload.
FILE = Path(__file__).resolve().parents[3] / ".env"
ON = ("on", "true", "yes", "1")
REFUSED = "Invalid request from ip="


class Log(Logger):
    """gunicorn's, on our handler, unless the command line sends it to a file, or to where a configuration says."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        if cfg.logconfig or cfg.logconfig_dict or cfg.logconfig_json:
            return
        handler = ConsoleHandler()
        handler.setFormatter(Json() if is_json() else Text())
        for logger, file in ((self.error_log, cfg.errorlog), (self.access_log, cfg.accesslog)):
            if file == "-":
                logger.handlers[:] = [handler]

    def access(self, resp: Response, *request: object) -> None:
        with asked_by(Origin(dict(resp.headers).get(HEADER))):
            super().access(resp, *request)

    def warning(self, msg: str, *args: object, **more: object) -> None:
        """Of a request that cannot be read, leave out what gunicorn quotes: it may be a header with a token."""
        if str(msg).startswith(REFUSED):
            msg = re.split("['\"]", msg)[0].rstrip(" :")
        super().warning(msg, *args, **more)


def is_json() -> bool:
    """Say what the settings will say of LOG_FORMAT, before they are read."""
    return (said("LOG_FORMAT") or ("text" if said("DEBUG").lower() in ON else "json")) == "json"


def said(name: str) -> str:
    """Return a variable of the environment or of the file .env; empty if neither has it."""
    if name not in os.environ and FILE.is_file():
        found = re.findall(rf"^\s*(?:export\s+)?{name}\s*=\s*['\"]?(\w*)", FILE.read_text(errors="replace"), re.M)
        return str(found[0]) if found else ""
    return os.environ.get(name, "").strip()
