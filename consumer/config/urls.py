"""URLs in the configuration."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from consumer.config.kinds import Kind


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a URL looks like `https://host/path`")
    if parts.username or parts.password:
        raise ValueError("a URL here holds no user and password: there are settings for them")
    if any(character <= " " or character == "\x7f" for character in url):
        raise ValueError("a URL holds no blanks: percent-encode them")
    if parts.port == 0:
        raise ValueError("a port is a number from 1 to 65535")
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise ValueError(f"`{parts.hostname}` is no name of a host") from None
    return url


Url = Annotated[str, AfterValidator(_http), Kind("URL")]
"""An http or https URL without credentials."""
