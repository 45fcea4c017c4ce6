"""Unpack a request's body with a hard limit: a few compressed kilobytes can claim to be gigabytes."""

import zlib

import zstandard

from schema.errors import Refused

_CHUNK_BYTES = 64 * 1024


def inflate(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """Return a body without its content encoding ("", identity, zstd, gzip).

    Raises Refused("too_large") as soon as it passes the limit, Refused("bad_request") for damaged or unknown ones.
    """
    match encoding.strip().lower():
        case "" | "identity":
            plain = body
        case "zstd":
            plain = _zstd(body, bytes_max)
        case "gzip":
            plain = _gzip(body, bytes_max)
        case other:
            raise Refused("bad_request", f"Content-Encoding “{other[:20]}” is not understood; use zstd or gzip.")
    if len(plain) > bytes_max:
        raise _too_large(bytes_max)
    return plain


def _zstd(body: bytes, bytes_max: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).stream_reader(body)
    parts, size = [], 0
    try:
        while size <= bytes_max and (part := reader.read(_CHUNK_BYTES)):
            parts.append(part)
            size += len(part)
    except zstandard.ZstdError:
        raise _damaged() from None
    return b"".join(parts)


def _gzip(body: bytes, bytes_max: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, bytes_max + 1)
    except zlib.error:
        raise _damaged() from None
    if len(plain) <= bytes_max and not unpacker.eof:
        raise _damaged()
    return plain


def _damaged() -> Refused:
    return Refused("bad_request", "The request's body arrived damaged. Nothing was stored; send it again.")


def _too_large(bytes_max: int) -> Refused:
    return Refused("too_large", f"The request is larger than {bytes_max} bytes. Send fewer events at once.")
