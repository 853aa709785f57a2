"""The product in one minute: a real server, five dev-logs over HTTP, and the tags as they come.

`make demo` runs it. It needs nothing but the requirements; with OPENAI_API_KEY set (and OPENAI_BASE_URL,
OPENAI_MODEL, if you like) that model finds the tags, otherwise the embedded extractor does. It exits 0 only if the
README's example got its three technologies and the entry without any got none.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.support.entries import FOUNDING
from tests.support.servers import Server
from tests.support.site import Site

NO_TECHNOLOGY = "Long meeting about the holiday schedule, then helped Anna to plan her workshop."
ENTRIES = [
    FOUNDING,
    "Moved our Flask service from Heroku to k8s; the sessions live in Redis now.",
    "Den Import nach Rust portiert und mit GitHub Actions gebaut, die Daten liegen in Postgres.",
    "Fixed a race in the React front end and wrote Playwright tests for it.",
    NO_TECHNOLOGY,
]
EXPECTED = {FOUNDING: {"Django", "Elasticsearch", "ImaginaryNoneExistence Cloud"}, NO_TECHNOLOGY: set()}
PATIENCE_SECONDS = 120


def main() -> int:
    openai = {name: value for name, value in os.environ.items() if name.startswith("OPENAI_")}
    if openai.get("OPENAI_API_KEY") or openai.get("OPENAI_BASE_URL"):
        openai["TAGGING_EXTRACTOR"] = "tagging.extraction.openai.client.OpenAIExtractor"
    with tempfile.TemporaryDirectory(prefix="devlog-demo-") as directory, Site(Path(directory), **openai) as site:
        print("Preparing a scratch database and starting the real server …", flush=True)
        site.migrate()
        server = site.serve("runserver --noreload").wait_until_it_answers()
        print(f"Serving on http://127.0.0.1:{server.port}/api/v1/devlogs/\n")
        got = {entry: show(server, entry) for entry in ENTRIES}
    wrong = [entry for entry, expected in EXPECTED.items() if got[entry] != expected]
    for entry in wrong:
        print(f"NOT AS EXPECTED: {sorted(EXPECTED[entry])} for: {entry}")
    print("The demo failed." if wrong else "The demo passed.")
    print(f"\nFor people the same is a page: http://127.0.0.1:{server.port}/ was its address until this server ended.")
    port = os.environ.get("PORT", "8000")
    print(f"To see it: `make run`, then open http://127.0.0.1:{port}/; `make seed` fills it with a year of entries.")
    return bool(wrong)


def show(server: Server, entry: str) -> set[str] | None:
    """Post one entry, print the answer and the tags with their times, and return the tags; None if it failed."""
    print(f"  POST {entry}")
    began = time.perf_counter()
    answer = server.request("POST", "/api/v1/devlogs/", {"entry": entry})
    posted = time.perf_counter()
    print(f"       {answer.status} in {1000 * (posted - began):.0f} ms", flush=True)
    if answer.status != 201:
        print(answer.text)
        return None
    path = answer.headers["Location"].partition("/api/")[2]
    while time.perf_counter() - posted < PATIENCE_SECONDS:
        devlog = server.get(f"/api/{path}").json
        if devlog["tagging"]["state"] in ("done", "failed"):
            break
        time.sleep(0.005)
    waited = f"{1000 * (time.perf_counter() - posted):.0f} ms later"
    names = [tag["name"] for tag in devlog["tags"]]
    if devlog["tagging"]["state"] == "done":
        print(f"       {' · '.join(names) or '(no technology)'}   {waited}\n", flush=True)
        return set(names)
    print(f"       {devlog['tagging']['state']}: {devlog['tagging']['error']}   {waited}\n", flush=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
