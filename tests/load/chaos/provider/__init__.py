"""The part of the harness in which the model's provider fails: in every way, for a while for all, for some for good.

faults.py    what the provider answers while it fails, and to the entries it never answers well
wire.py      its port, which may be closed, and its answers that never end
model.py     which of all that it does just now, and the ledger of its calls
run.py       who writes meanwhile: a quiet stretch of lone entries, then a busy one, with processes killed
verdict.py   what must hold of it, as a table, and a second one of a row for each kind of failure

It knows nothing of the product but its HTTP API, its settings and the rows it leaves in the database.
"""
