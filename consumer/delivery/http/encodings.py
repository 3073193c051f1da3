"""Decodes the body of an answer. Requests ask for `identity`; a server or a gateway may not comply."""

import zlib

_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def plain(body: bytes, content_encoding: str, most: int) -> bytes:
    """Returns at most `most` bytes of the decoded body; empty where it cannot be decoded.

    An unknown or a repeated encoding is refused, and no more than `most` bytes are inflated: a body of
    1 kB may stand for gigabytes. Never raises. Source: RFC 9110, 8.4.
    """
    named = [name.strip().lower() for name in content_encoding.split(",")]
    encodings = [name for name in named if name not in {"", "identity"}]
    if not encodings:
        return body[:most]
    if len(encodings) > 1 or encodings[0] not in _WINDOW:
        return b""
    try:
        return zlib.decompressobj(_WINDOW[encodings[0]]).decompress(body, most)
    except Exception:  # noqa: BLE001 the body is a server's
        return b""
