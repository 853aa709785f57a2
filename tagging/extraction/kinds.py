"""What kinds of technology there are."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a technology is, as the lexicon's sections say and people may: what it is used as, if it is several."""

    LANGUAGE = "language"  # programming, query, style and template languages
    FRAMEWORK = "framework"  # what an application is built in: Django, React, Unity, Node.js
    LIBRARY = "library"  # packages, clients, ORMs, components, APIs of a browser
    DATABASE = "database"  # databases, search engines, caches, warehouses, collections of data
    MESSAGING = "messaging"  # brokers, job queues, chat, mail and push
    CLOUD = "cloud"  # what a vendor hosts: platforms, services, their APIs
    DEVOPS = "devops"  # building, packing, deploying, serving, monitoring
    TESTING = "testing"  # whatever runs, drives, fakes or measures tests
    TOOL = "tool"  # editors, command lines, browsers, office, design, CMS, engineering
    OS_HARDWARE = "os-hardware"  # systems, boards, chips, devices
    PROTOCOL_FORMAT = "protocol-format"  # protocols, formats, standards, algorithms by name
    AI = "ai"  # models, assistants, machine learning
