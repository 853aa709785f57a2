"""The configuration as it ships, but that a request must be whole within half a second: `gunicorn -c python:…`."""

import runpy

from devlog_project.ops.serving import worker

globals().update(runpy.run_path("gunicorn.conf.py"))
worker.REQUEST_SECONDS = 0.5
