"""The project that puts the parts together."""

VERSION = "0.1.1"  # as in pyproject.toml
