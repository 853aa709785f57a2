"""SQLite, with the writers of one process taking turns."""
