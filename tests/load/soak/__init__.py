"""`make soak`: a mixed load with faults, kills and restarts; what grows without an end is a leak.

load.py      who writes, reads, edits and deletes meanwhile, and how long each POST took
watch.py     what a process holds: memory, files, threads; what the database holds: connections, bytes
run.py       two gunicorns on one database: one is killed and restarted, the other lives on and is watched
report.py    first third beside last third, as a table and a picture in docs/soak.*
"""
