"""Bodies of answers that a server or a gateway has encoded though `identity` was asked for."""

import gzip
import tracemalloc
import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from consumer.delivery.http.answer import Answer
from consumer.delivery.http.encodings import plain
from tests.delivery import fault_server as server
from tests.delivery.test_pool import posting

TEXT = b"The event should have the following params: email"
ZIPPED = gzip.compress(TEXT, mtime=0)  # the same in every worker: it names tests


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("", TEXT, TEXT),
        ("identity", TEXT, TEXT),
        ("gzip", ZIPPED, TEXT),
        ("GZIP", ZIPPED, TEXT),
        ("x-gzip", ZIPPED, TEXT),
        ("deflate", zlib.compress(TEXT), TEXT),
        ("identity, gzip", ZIPPED, TEXT),
        ("gzip, gzip", gzip.compress(ZIPPED, mtime=0), b""),
        ("br", TEXT, b""),
        ("zstd", TEXT, b""),
        ("gzip", TEXT, b""),
        ("gzip", b"", b""),
    ],
)
def test_a_body_is_decoded_or_refused(encoding: str, body: bytes, expected: bytes) -> None:
    assert plain(body, encoding, 4096) == expected


def test_a_body_cut_short_is_read_as_far_as_it_goes() -> None:
    assert plain(gzip.compress(TEXT * 100)[:-12], "gzip", 20) == TEXT[:20]


def test_no_more_is_inflated_than_is_read() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    assert plain(bomb, "gzip", 4096) == bytes(4096)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


@given(body=st.binary(), encoding=st.text() | st.sampled_from(["gzip", "deflate", "gzip,", ","]))
def test_nothing_that_a_server_sends_raises(body: bytes, encoding: str) -> None:
    assert len(plain(body, encoding, 64)) <= 64


async def test_an_encoded_answer_of_the_vendor_is_explained_like_a_plain_one() -> None:
    answer = server.answer("400 Bad Request", ZIPPED, "Content-Encoding: gzip\r\n")
    async with server.running(answer) as yespo, posting(yespo.url) as client:
        assert await client.post(b"{}") == Answer(400, body=TEXT)
