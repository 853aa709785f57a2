"""The project that puts the parts together."""

VERSION = "0.1.0"  # as in pyproject.toml
