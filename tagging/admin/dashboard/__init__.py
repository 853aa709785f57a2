"""The queue on one page of the admin: how it fares, why dev-logs failed, and the buttons that pause and resume it."""
