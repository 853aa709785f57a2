"""The product's settings as in production, behind an open door; with the URLs of another contestant if one is named.

DEBUG is off, because with it Django keeps a log of all queries; and a token would cost everybody the same look-up.
"""

import os

from devlog_project.settings import *

API_OPEN = True
if contestant := os.environ.get("CONTESTANT"):
    ROOT_URLCONF = f"tests.load.benchmarks.{contestant}"
