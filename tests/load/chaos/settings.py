"""The product's settings for the servers of the harness: the kill points come in as one more app."""

from devlog_project.settings import *
from devlog_project.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = [*PRODUCT_APPS, "tests.load.chaos.points.KillPoints"]
