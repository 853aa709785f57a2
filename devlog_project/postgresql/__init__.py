"""PostgreSQL, whose sessions are known to be well before they are used."""
