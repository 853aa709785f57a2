"""What an id looks like in a request."""


def is_id(text: str) -> bool:
    """Whether this can be the id of a row: a number that the database holds."""
    return text.isdecimal() and len(text) < 19
