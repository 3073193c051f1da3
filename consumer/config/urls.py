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
    return url


Url = Annotated[str, AfterValidator(_http), Kind("URL")]
"""An http or https URL without credentials."""
