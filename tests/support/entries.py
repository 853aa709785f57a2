"""Entries that several tests write."""

FOUNDING = (
    "Heute habe ich eine Anwendung mit Django geschrieben. Diese Anwendung schreibt Informationen nach "
    "Elasticsearch und ist auf ImaginaryNoneExistence Cloud deployed."
)
