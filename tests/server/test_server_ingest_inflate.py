"""Unpacking bodies: what was packed comes back, and nothing grows beyond its limit."""

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from server.ingest.inflate import inflate

PACKERS = {"": bytes, "identity": bytes, "gzip": gzip.compress, "zstd": zstandard.compress, "ZSTD": zstandard.compress}
encodings = st.sampled_from(sorted(PACKERS))


@given(st.binary(max_size=3000), encodings)
def test_what_was_packed_comes_back(body, encoding):
    assert inflate(PACKERS[encoding](body), encoding, 3000) == body


@given(st.integers(1, 5000), encodings)
def test_one_byte_too_many_is_refused(size, encoding):
    packed = PACKERS[encoding](b"x" * size)
    assert len(inflate(packed, encoding, size)) == size
    with pytest.raises(Refused) as caught:
        inflate(packed, encoding, size - 1)
    assert caught.value.code == "too_large"


@given(st.binary(max_size=200), st.sampled_from(["gzip", "zstd"]))
def test_garbage_is_refused_never_raised_as_something_else(body, encoding):
    try:
        assert len(inflate(body, encoding, 1000)) <= 1000
    except Refused as refused:
        assert refused.code in {"bad_request", "too_large"}


@given(st.binary(min_size=50, max_size=500), st.integers(1, 20))
def test_a_truncated_archive_is_refused(body, missing):
    with pytest.raises(Refused):
        inflate(gzip.compress(body)[:-missing], "gzip", 1000)


def test_a_frame_that_claims_a_huge_window_is_refused():
    """A header alone may ask the unpacker for gigabytes of memory."""
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    ).compressobj()
    packed = packer.compress(b"x" * 100) + packer.flush()
    with pytest.raises(Refused) as caught:
        inflate(packed, "zstd", 1000)
    assert caught.value.code == "bad_request"


def test_an_unknown_encoding_is_refused():
    with pytest.raises(Refused):
        inflate(b"", "br", 10)
