"""When a request has come as a whole."""

from http import HTTPStatus

import pytest

from devlog_project.ops.serving.incoming import MAX_BODY_BYTES, MAX_BULK_BODY_BYTES, MAX_HEAD_BYTES, IncomingRequest

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\ncontent-length : 5\r\n\r\n12345"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
WHOLE = [
    GET,
    POST,
    POST.replace(b"content-length :", b"Content-Length:"),
    CHUNKED + b"5\r\n12345\r\n0\r\n\r\n",
    CHUNKED + b"5;a=b\r\n\r\n\r\n1\r\nA\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
    CHUNKED + b"a\r\n0\r\n\r\n0\r\n\r\n\r\n00\r\nTrailer: x\r\n\r\n",
]


def after(*parts: bytes) -> IncomingRequest:
    request = IncomingRequest()
    for part in parts:
        request.add(part)
    return request


@pytest.mark.parametrize("data", WHOLE)
def test_a_request_is_whole_with_its_last_byte_and_not_before_however_it_comes(data):
    request = IncomingRequest()
    for at in range(len(data)):
        assert not request.is_whole, data[:at]
        request.add(data[at : at + 1])

    assert request.is_whole
    assert (after(data).is_whole, after(data[:-1]).is_whole) == (True, False)


def test_what_follows_a_request_is_kept_with_it():
    assert after(POST + GET).is_whole
    assert after(POST + GET).data == POST + GET


@pytest.mark.parametrize("chunk", [b"x\r\n", b"-5\r\n", b"\r\n", b"0x\r\n"])
def test_what_is_no_chunk_is_for_the_server_to_refuse(chunk):
    assert after(CHUNKED + chunk).is_whole


@pytest.mark.parametrize(
    "data",
    [
        POST.replace(b" 5\r", b" %d\r" % (MAX_BODY_BYTES + 1)),
        CHUNKED + b"%x\r\n" % (MAX_BODY_BYTES + 1),
        CHUNKED + (b"8000\r\n" + 0x8000 * b"x" + b"\r\n") * 17,
    ],
    ids=["by its length", "by one chunk", "by many chunks"],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_whole(data):
    assert after(data).refusal == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    "data", [CHUNKED + 2048 * b"1", CHUNKED + b"0\r\n" + (MAX_HEAD_BYTES + 1) * b"A"], ids=["size", "trailer"]
)
def test_a_line_of_a_chunked_body_that_does_not_end_is_waited_for_no_longer(data):
    assert after(data).is_whole


def test_a_body_of_the_largest_size_is_taken():
    head = POST.partition(b"12345")[0].replace(b" 5\r", b" %d\r" % MAX_BODY_BYTES)

    request = after(head, MAX_BODY_BYTES * b"x")

    assert (request.is_whole, request.refusal) == (True, None)


def test_many_dev_logs_at_once_may_be_larger_up_to_a_limit_of_their_own():
    head = POST.partition(b"12345")[0].replace(b"POST / ", b"POST /api/v1/devlogs/bulk/ ")
    whole, too_large = (
        after(head.replace(b" 5\r", b" %d\r" % size), size * b"x")
        for size in (MAX_BULK_BODY_BYTES, MAX_BULK_BODY_BYTES + 1)
    )

    assert (whole.is_whole, whole.refusal, whole.is_large) == (True, None, True)
    assert too_large.refusal == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_a_head_without_an_end_is_refused():
    assert after(b"GET / HTTP/1.1\r\nA: ", MAX_HEAD_BYTES * b"a").refusal == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def test_a_client_that_waits_for_a_word_is_given_it_once():
    request = after(POST.replace(b"Host: h", b"Expect: 100-Continue").removesuffix(b"12345"))

    assert [request.take_expectation() for _ in range(2)] == [True, False]
