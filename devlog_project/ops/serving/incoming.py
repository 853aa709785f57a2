"""Whether a request has come as a whole, told from its bytes as they come; what it says is for the server to read."""

from __future__ import annotations

import re
from http import HTTPStatus

# More than any browser or proxy sends.
MAX_HEAD_BYTES = 64 * 1024
# Before each chunk: its size, and words that nobody reads.
MAX_LINE_BYTES = 1024
# Twice what the API reads; no form of the admin is longer. Files are taken nowhere.
MAX_BODY_BYTES = 512 * 1024
# Where more is taken, of many dev-logs at once: a little more than the API reads, so that it says what is too much.
BULK = b"POST /api/v1/devlogs/bulk/ "
MAX_BULK_BODY_BYTES = 5 * 1024 * 1024

END_OF_HEAD = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:[^\r]*chunked", re.IGNORECASE | re.MULTILINE)
EXPECTS = re.compile(rb"^expect[ \t]*:[ \t]*100-continue", re.IGNORECASE | re.MULTILINE)


class IncomingRequest:
    """The bytes of a request, of which more are added until it is whole, or cannot become one that we take.

    What is not understood counts as whole: the server that reads it then says what is wrong with it.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.is_whole = False
        self.refusal: HTTPStatus | None = None
        self._expects_word = False
        self._limit = MAX_BODY_BYTES
        # Where the body ends if its length is known, and else where its next chunk begins; 0 before the head's end.
        self._end = self._chunk = self._head = 0

    def add(self, data: bytes) -> None:
        searched = max(0, len(self.data) - len(END_OF_HEAD))
        self.data += data
        if not self._head:
            self._read_head(searched)
        if self._head:
            self.is_whole = self._has_chunks() if self._chunk else len(self.data) >= self._end
            if max(self._chunk, self._end) - self._head > self._limit:
                self.refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        elif len(self.data) > MAX_HEAD_BYTES:
            self.refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    @property
    def is_large(self) -> bool:
        return len(self.data) > MAX_BODY_BYTES + MAX_HEAD_BYTES

    def take_expectation(self) -> bool:
        """Say, once, whether the client waits for a word of ours before it sends the body."""
        expects, self._expects_word = self._expects_word, False
        return expects

    def _read_head(self, searched: int) -> None:
        end = self.data.find(END_OF_HEAD, searched)
        if end < 0:
            return
        self._head = self._end = end + len(END_OF_HEAD)
        head = self.data[: self._head]
        self._limit = MAX_BULK_BODY_BYTES if head.startswith(BULK) else MAX_BODY_BYTES
        self._expects_word = bool(EXPECTS.search(head))
        if CHUNKED.search(head):
            self._chunk = self._head
        elif length := CONTENT_LENGTH.search(head):
            self._end += int(length[1])

    def _has_chunks(self) -> bool:
        """Say whether all chunks are here, with the empty one that is the last, and the blank line after it."""
        while (end := self.data.find(b"\r\n", self._chunk, self._chunk + MAX_LINE_BYTES)) >= 0:
            try:
                size = int(self.data[self._chunk : end].partition(b";")[0], 16)
            except ValueError:
                return True
            if size <= 0:
                return size < 0 or len(self.data) - end > MAX_HEAD_BYTES or self.data.find(END_OF_HEAD, end) >= 0
            self._chunk = end + size + 4  # the line breaks after its size and after itself
        return len(self.data) - self._chunk > MAX_LINE_BYTES
