"""Takes a URL apart, and encodes the head of its requests once.

Only `Content-Length`, and the visitor's `User-Agent` on the tracker, vary between requests.
"""

from urllib.parse import urlsplit

from consumer import __version__
from consumer.memory import remembered

OWN_USER_AGENT = f"yespo-bridge/{__version__}"
JSON_UTF8 = "application/json; charset=UTF-8"
"""`Content-Type` and `Accept` as the vendor's documentation and plugins have them."""
_USER_AGENT_LIMIT = 1024
"""Characters. Servers refuse heads beyond 4-8 KiB: one odd visitor would be an `invalid` event."""


def usable_user_agent(value: str | None) -> str | None:
    """The visitor's user agent if it can stand in a header, else None (ours is sent instead).

    Control characters would let a visitor write headers of their own; others are not ASCII.
    """
    if value and len(value) <= _USER_AGENT_LIMIT and value.isascii() and value.isprintable():
        return value
    return None


@remembered(1024)  # browsers are few, and each event has one
def _agent_line(user_agent: str) -> bytes:
    """The header, empty where it cannot be one."""
    visitor = usable_user_agent(user_agent)
    return b"" if visitor is None else b"User-Agent: %s\r\n" % visitor.encode("ascii")


class Target:
    """One URL. Raises ValueError for a URL that cannot be sent to."""

    __slots__ = ("_fixed", "_own", "host", "port", "tls")

    def __init__(self, url: str, method: str = "POST") -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"not an http(s) URL: {parts.scheme}://{parts.hostname or ''}")
        if parts.username or parts.fragment:
            raise ValueError("a URL here has neither credentials nor a fragment")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.tls else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        if parts.port is not None:
            host = f"{host}:{parts.port}"
        if not (path + host).isascii() or any(c <= " " for c in path + host):
            raise ValueError("a URL must be ASCII without spaces: percent-encode it")
        self._fixed = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: {JSON_UTF8}\r\nAccept: {JSON_UTF8}\r\nAccept-Encoding: identity\r\n"
        ).encode("ascii")
        self._own = f"User-Agent: {OWN_USER_AGENT}\r\n".encode("ascii")

    def head(self, authorization: str | None) -> bytes:
        """The part of a request head that all requests share, up to the varying headers."""
        if authorization is None:
            return self._fixed
        return self._fixed + f"Authorization: {authorization}\r\n".encode("ascii")

    def request(self, head: bytes, body: bytes, user_agent: str | None) -> bytes:
        """The whole request, head and body, in one piece."""
        agent = self._own if user_agent is None else _agent_line(user_agent) or self._own
        return b"%s%sContent-Length: %d\r\n\r\n%s" % (head, agent, len(body), body)
