"""Cutting the connections of test servers, on every Python from 3.11.0 on."""

import asyncio


def cut(writer: asyncio.StreamWriter) -> None:
    """Close at once, with RST rather than FIN."""
    transport = writer.transport
    try:
        transport.abort()
    except AttributeError:
        # Before Python 3.11.5 a TLS transport that is gone already has no protocol left to abort.
        assert transport.is_closing()
