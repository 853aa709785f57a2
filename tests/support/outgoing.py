"""All that this process sends: what goes through any socket, whoever opened it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def outgoing() -> Iterator[list[bytes]]:
    """Collect the bytes that are sent through sockets in this block."""
    sent: list[bytes] = []

    def noting(name: str):
        method = getattr(socket.socket, name)

        def send(self, data, *args):
            sent.append(b"".join(map(bytes, data)) if name == "sendmsg" else bytes(data))
            return method(self, data, *args)

        return send

    # Subclassing the C type, Python's own sockets have these by inheritance: they are shadowed here and given back.
    names = ("send", "sendall", "sendto", "sendmsg")
    with patch.multiple(socket.socket, **{name: noting(name) for name in names}, create=True):
        yield sent
