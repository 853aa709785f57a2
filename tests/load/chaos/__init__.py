"""`python -m tests.load.chaos`: real servers under load are killed, their model fails; a ledger counts.

points.py      inside a server: where it kills itself when told to, and what a test breaks on purpose
stand_in.py    the model, with faults mixed in, and the ledger of its calls
clients.py     who writes and edits entries over HTTP, and what each was promised
databases.py   SQLite, a PostgreSQL cluster of our own, or a database on a given server
run.py         the steps: what happens, when, to whom
lives.py       which worker lived from when to when
verdict.py     what must hold of it, as a table
provider/      the second part, in which nothing is as bad as the model's provider
"""
