"""What is logged of an error that lasts, and never of an entry."""

import logging

from django.db import DatabaseError, DataError

from tagging.engine.guard import ErrorLog


def test_what_the_database_says_of_a_row_stays_out_of_the_log(caplog):
    errors = ErrorLog(logging.getLogger("tagging"), "It")

    errors.note(DatabaseError("null value in column\nDETAIL: Failing row contains (secret entry)"))

    assert "null value" in caplog.text
    assert "secret entry" not in caplog.text


def test_a_value_that_does_not_fit_stays_out_of_the_log(caplog):
    ErrorLog(logging.getLogger("test"), "A test").note(DataError('invalid input syntax for type integer: "an entry"'))

    assert "DataError, at" in caplog.text
    assert "an entry" not in caplog.text


def test_an_error_is_said_when_it_begins_and_counted_when_it_ends(caplog):
    caplog.set_level(logging.INFO)
    errors = ErrorLog(logging.getLogger("tagging"), "It")

    for _ in range(3):
        errors.note(DatabaseError("gone"))
    for _ in range(2):
        errors.clear()

    assert [record.message for record in caplog.records] == [
        "It failed and continues (logged once until it recovers): DatabaseError: gone",
        "It works again, after 3 errors",
    ]
