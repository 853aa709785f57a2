"""Which errors are trouble with the database, that passes or that an operator ends, and not a fault of ours."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError

# SQLite's primary codes: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL,
# AUTH and NOTADB. Its code 1 is a statement that is wrong, except where the tables are not there.
SQLITE_CODES = {3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 23, 26}
# The classes of PostgreSQL's SQLSTATE that say so: connection, login, catalog, rollback by deadlock, resources, object
# in use, intervention by an operator, system, configuration file, internal; and single states of other classes: a
# read-only session, no right, no such table, no such column.
POSTGRESQL_CLASSES = ("08", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX")
POSTGRESQL_STATES = ("25006", "25P02", "42501", "42P01", "42703")


def is_trouble(error: BaseException) -> bool:
    """Say whether the database is what went wrong: locked, away, full, read-only, without its tables and so on."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return False
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_CODES or (code == 1 and lacks_tables(str(cause)))
    state = getattr(cause, "sqlstate", None)
    if state:
        return state.startswith(POSTGRESQL_CLASSES) or state in POSTGRESQL_STATES
    # What has no code never reached the database: a connection that is not there or has broken.
    return type(error).__name__ in ("OperationalError", "InterfaceError")


def lacks_tables(text: str) -> bool:
    """Say whether SQLite misses a table or a column: the migrations are not those of this code."""
    return any(words in text for words in ("no such table", "no such column", "has no column named"))


def advice_on(error: BaseException) -> str:
    """Return what to do about it, in a sentence that quotes nothing."""
    cause = error.__cause__
    code, state = getattr(cause, "sqlite_errorcode", 0) & 0xFF, getattr(cause, "sqlstate", None) or ""
    text = str(error)
    if code == 13 or state.startswith("53100"):
        return "The database's disk is full: make room on it."
    if code == 8 or state == "25006":
        return "The database cannot be written: see who owns its file and directory, or whether it is a standby."
    if code in (14, 3, 23) or state in ("42501",) or state.startswith("28"):
        return "The database refuses us: look at its file's owner and rights, or at the user, password and grants."
    if code in (11, 26):
        return "The database's file is damaged: restore a backup."
    if lacks_tables(text) or state in ("42P01", "42703", "3D000"):
        return "The database lacks our tables: see whether DATABASE_URL is right, and run manage.py migrate."
    if "locked" in text or state in ("55P03", "57014") or state.startswith("40"):
        return "Another program holds a lock on the database: find it (a backup, an open session), and end it."
    if state == "53300":
        return "The database takes no more connections: raise its limit, or lower DATABASE_POOL_SIZE."
    return "The database does not answer: see whether it runs and can be reached; the log has its words."
