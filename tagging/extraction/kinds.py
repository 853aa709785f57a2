"""What kinds of technology there are."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a technology is, as the lexicon's sections say and people may: what it is used as, if it is several."""

    LANGUAGE = "language"
    FRAMEWORK = "framework"
    LIBRARY = "library"
    DATABASE = "database"
    MESSAGING = "messaging"
    CLOUD = "cloud"
    DEVOPS = "devops"
    TESTING = "testing"
    TOOL = "tool"
    OS_HARDWARE = "os-hardware"
    PROTOCOL_FORMAT = "protocol-format"
    AI = "ai"
